"""How answers are worded where several tools say the same: versions, times, and who did it."""

from datetime import UTC, datetime

from dreamfs_tools.filesystem import Author, Change, Entry, Revision


def version_line(entry: Entry) -> str:
    """The bracketed last line of an answer about a file or folder.

    `[version 42 (3rd change) · session s-17 · 2026-11-22 11:03 UTC]`; a folder has no change number.
    """
    if entry.revision is None:
        return f"[{version_words(entry.version, entry.change_number)}]"
    return revision_line(entry.revision, entry.change_number)


def revision_line(revision: Revision, change_number: int = 0) -> str:
    """The same line about what a revision did, also where nothing is left (a deletion)."""
    words = [version_words(revision.number, change_number), revision.author.label, moment(revision.created_at)]
    return f"[{' · '.join(words)}]"


def version_words(version: int, change_number: int = 0) -> str:
    """`version 42 (3rd change)`; the change number is left out where it is 0 (folders)."""
    return f"version {version} ({ordinal(change_number)} change)" if change_number else f"version {version}"


def who(revision: Revision) -> str:
    """Who made a revision, when, and why, in one clause: `session s-17 (user:ada) at 2026-11-22 11:03 UTC: "why"`.

    It is always one line, so that nobody's message can look like another row of the answer it stands in.
    """
    author = revision.author
    actor = f" ({author.actor})" if author.actor and author.actor != author.label else ""
    behalf = f" on behalf of {author.on_behalf_of}" if author.on_behalf_of else ""
    why = f': "{" ".join(revision.message.split())}"' if revision.message else ""
    return f"{author.label}{actor}{behalf} at {moment(revision.created_at)}{why}"


def changed_by(change: Change) -> dict[str, object]:
    """The same for machines, as `_meta` carries it."""
    revision = change.revision
    return {
        "version": revision.number,
        "operation": change.operation,
        "session_id": session_of(revision.author),
        "actor": revision.author.actor,
        "created_at": rfc3339(revision.created_at),
        "message": revision.message,
    }


def moment(at: datetime) -> str:
    """A time for people: `2026-11-22 11:03 UTC`."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def rfc3339(at: datetime | None) -> str | None:
    """A time for machines: RFC 3339, UTC, milliseconds."""
    return None if at is None else at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, … 11th, … 21st."""
    suffix = "th" if number % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{suffix}"


def session_of(author: Author) -> str:
    """The one id that stands for the caller in JSON: the claimed session, else the host's, else the connection."""
    return author.session_id or author.host_session_id or author.connection_id


def size_words(size_bytes: int) -> str:
    """A size as the standard memory tool words it: `0B`, `512B`, `1.5K`, `1.2M`."""
    unit = min(max(size_bytes.bit_length() - 1, 0) // 10, 3)
    size = size_bytes / 1024**unit
    return f"{int(size)}{'BKMG'[unit]}" if size == int(size) else f"{size:.1f}{'BKMG'[unit]}"


def plural(count: int, word: str, many: str = "") -> str:
    """`1 file`, `2 files`, `1,000 matches`."""
    return f"{count:,} {word if count == 1 else many or word + 's'}"
