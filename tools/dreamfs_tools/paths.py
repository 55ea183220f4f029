"""What a legal path is; DESIGN section 8. Illegal paths are refused, never rewritten."""

import unicodedata

from dreamfs_tools.errors import Refusal

PATH_SEGMENTS_MAX = 20
PATH_BYTES_MAX = 1_024

_FORBIDDEN = {
    "Cc": "a control character",
    "Cf": "a format character",
    "Cs": "a surrogate",
    "Co": "a private-use character",
    "Cn": "an unassigned character",
    "Zl": "a line separator",
    "Zp": "a paragraph separator",
}


def check_path(path: str) -> tuple[list[str], bool]:
    """Take an absolute path apart.

    Args:
        path: as a caller wrote it; must start with `/`; `/` alone is the list of mounts. The first segment names a
            mount and does not count toward the limits, which hold inside a store.

    Returns:
        The segments, and whether a trailing slash says that a folder is meant.

    Raises:
        Refusal: `invalid_path`, saying what is wrong and what would be right.
    """
    if not path.startswith("/"):
        hint = f" Did you mean /{path}?" if path else " Use / for the list of mounts."
        raise _invalid(path, f"a path starts with /.{hint}")
    if path == "/":
        return [], True
    is_folder = path.endswith("/")
    segments = path[1 : len(path) - is_folder].split("/")
    for segment in segments:
        check_segment(path, segment)
    inside = segments[1:]
    if len(inside) > PATH_SEGMENTS_MAX:
        raise _invalid(
            path, f"it has {len(inside)} segments inside its store; at most {PATH_SEGMENTS_MAX} are allowed."
        )
    if (size := len("/".join(inside).encode())) > PATH_BYTES_MAX:
        raise _invalid(path, f"it has {size} bytes inside its store; at most {PATH_BYTES_MAX:,} are allowed.")
    return segments, is_folder


def check_segment(path: str, segment: str) -> None:
    """Refuse an illegal segment of `path`.

    Raises:
        Refusal: `invalid_path`.
    """
    if not segment:
        raise _invalid(path, "it has an empty segment; write single slashes.")
    if segment in {".", ".."}:
        raise _invalid(path, f"the segment {segment!r} is not allowed; write the path in full.")
    for character in segment:
        if word := _FORBIDDEN.get(unicodedata.category(character)):
            raise _invalid(path, f"it contains {word} (U+{ord(character):04X}).")
    if "\\" in segment:
        raise _invalid(path, "it contains a backslash; folders are separated by /.")
    if segment[0].isspace() or segment[-1].isspace():
        raise _invalid(path, f"the segment {segment!r} has a space at its start or end.")
    if segment[-1] == ".":
        raise _invalid(path, f"the segment {segment!r} ends in a dot.")
    if not unicodedata.is_normalized("NFC", segment):
        raise _invalid(path, "it is not in Unicode normal form NFC; send its composed form.")
    compatible = unicodedata.normalize("NFKC", segment)
    if "/" in compatible or "\\" in compatible or compatible in {".", ".."}:
        raise _invalid(path, f"the segment {segment!r} looks like a separator or a dot.")


def _invalid(path: str, why: str) -> Refusal:
    shown = path.encode("unicode_escape").decode() if not path.isprintable() else path
    if len(shown) > 200:
        shown = shown[:200] + "…"
    return Refusal("invalid_path", f"Error: The path {shown} is not valid: {why}")
