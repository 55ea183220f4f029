"""Chat messages as the OpenAI interfaces shape them: lists, JSON lines, logged requests, a benchmark's trajectories."""

from collections.abc import Iterable

from dreamfs_server.transcripts.conversation import read_conversations
from dreamfs_server.transcripts.reading import Malformed, Reading, Record

FORMAT = "openai"


def read(records: Iterable[Record | Malformed], name: str) -> Reading:
    """Read conversations, or the messages of one."""
    return read_conversations(records, name, FORMAT)
