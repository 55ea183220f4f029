"""What every reader gives, and the small rules that all of them share."""

import hashlib
import json
import re
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, cast

from dateutil import parser as dates

from dreamfs_tools.secrets import redact_secrets
from dreamfs_tools.transcript import Event, Session

SESSION_ID_BYTES_MAX = 200
TEXT_CHARACTERS_MAX = 1_000_000
"""Of one event; the middle of a longer one is left out, which its text says."""
TITLE_CHARACTERS_MAX = 120
OPEN_CALLS_MAX = 10_000
"""Tool calls whose results may still come; results follow soon, so that the oldest are forgotten."""


@dataclass(frozen=True, slots=True)
class Record:
    """One row of a log, or one item of a list."""

    position: int
    """Line of a JSONL file, or number of the item, from 1."""
    value: Any
    digest: str
    """Of its raw bytes."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """A row that could not be understood; counted and reported, never fatal."""

    position: int
    why: str


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a session; may come again with more."""

    session: Session
    by_name: bool = False
    """The log names no session; the id is made of the file's name."""


@dataclass(frozen=True, slots=True)
class Said:
    """The next event of a session. Its `n` is 0: the archive numbers."""

    session_id: str
    event: Event


@dataclass(frozen=True, slots=True)
class Repeated:
    """A row that is left out since it repeats another log; counted, and no fault."""

    position: int


Reading = Iterator[About | Said | Malformed | Repeated]
Reader = Callable[[Iterable[Record | Malformed], str], Reading]
"""Takes the records of one file and the file's name without its suffix; keeps no more than it must."""


class Keys:
    """Names each raw event so that reading the same log again gives the same names.

    Equal raw events are told apart by how many came before, so that none is lost; a log that only grows keeps its
    names. One instance serves one session of one file.
    """

    def __init__(self) -> None:
        self._seen: dict[int, int] = {}

    def name(self, digest: str) -> str:
        """The name of the next raw event with this digest."""
        short = int(digest[:16], 16)
        count = self._seen[short] = self._seen.get(short, 0) + 1
        return digest if count == 1 else f"{digest}#{count}"


class OpenCalls:
    """The names of tools by the id of the call, for the results that carry only the id."""

    def __init__(self) -> None:
        self._tools: OrderedDict[str, str] = OrderedDict()

    def opened(self, call_id: str, tool: str) -> None:
        """Remember a call."""
        self._tools[call_id] = tool
        if len(self._tools) > OPEN_CALLS_MAX:
            self._tools.popitem(last=False)

    def tool(self, call_id: str) -> str:
        """The tool that a result answers for, "" where its call was never seen."""
        return self._tools.get(call_id, "")


def digest_of(value: Any) -> str:
    """The digest of a part of a record: equal for equal JSON, however it was written."""
    return digest_bytes(json.dumps(value, sort_keys=True, default=str).encode())


def digest_bytes(data: bytes) -> str:
    """A digest of raw bytes."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def moment(value: Any) -> datetime | None:
    """A time as logs write them (ISO 8601 with or without a zone, seconds or milliseconds since 1970), in UTC.

    A time without a zone is taken as UTC, since nothing says where it was written.
    """
    try:
        if isinstance(value, bool) or value is None or value == "":
            return None
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value / 1000 if abs(value) > 1e11 else value, UTC)
        text = str(value).strip()
        if re.fullmatch(r"\d{9,13}(\.\d+)?", text):
            return moment(float(text))
        if not re.search(r"\d{4}", text):
            return None  # without a year nothing is known
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            at = dates.parse(text, default=datetime(1970, 1, 1, tzinfo=UTC))
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError, OSError, TypeError):
        return None


@lru_cache(1_024)
def session_segment(name: str) -> str:
    """A session id as one legal path segment of at most 200 bytes (DESIGN section 8); equal names give equal ones.

    What a path may not hold becomes `-`, a secret `redacted-KIND`. A name that had to change much ends in a digest, so that two
    never meet.
    """
    clean, secrets = redact_secrets(name)
    if secrets:
        digest = digest_bytes(name.encode("utf-8", "surrogatepass"))[:8]
        name = f"{clean.replace('[redacted: ', 'redacted-').replace(']', '')}-{digest}"
    kept = "".join(
        "-" if character in '/\\:*?"<>|' or unicodedata.category(character)[0] in "CZ" else character
        for character in unicodedata.normalize("NFC", name)
    )
    kept = kept.strip(" .-") or "session"
    folded = unicodedata.normalize("NFKC", kept)
    if "/" in folded or "\\" in folded or len(kept.encode()) > SESSION_ID_BYTES_MAX:
        digest = digest_bytes(name.encode("utf-8", "surrogatepass"))[:12]
        plain = re.sub(r"[^A-Za-z0-9._-]+", "-", kept)[:150].strip(" .-")
        return f"{plain or 'session'}-{digest}"
    return kept


def shortened(text: str) -> str:
    """A text within the limit of one event, saying what was left out."""
    if len(text) <= TEXT_CHARACTERS_MAX:
        return text
    half = TEXT_CHARACTERS_MAX // 2
    return f"{text[:half]}\n[{len(text) - 2 * half:,} characters left out]\n{text[-half:]}"


def title_of(text: str) -> str:
    """The first line of a text, as a title."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line if len(line) <= TITLE_CHARACTERS_MAX else line[: TITLE_CHARACTERS_MAX - 1] + "…"


def compact(value: Any) -> str:
    """A value as one line of JSON, for a person to read."""
    return json.dumps(value, ensure_ascii=False, default=str)


def mapping(value: Any) -> dict[str, Any]:
    """The value if it is a JSON object, else an empty one: logs are full of surprises."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """The value if it is a JSON array, else an empty one."""
    return list(value) if isinstance(value, list) else []  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


def string(value: Any) -> str:
    """The value if it is a string, a number as its digits, else ""."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""
