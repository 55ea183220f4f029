"""Conversations as the Anthropic Messages interface shapes them: requests, responses, or a list of messages."""

from collections.abc import Iterable

from dreamfs_server.transcripts.conversation import read_conversations
from dreamfs_server.transcripts.reading import Malformed, Reading, Record

FORMAT = "anthropic"


def read(records: Iterable[Record | Malformed], name: str) -> Reading:
    """Read conversations, or the messages of one."""
    return read_conversations(records, name, FORMAT)
