"""What a legal path is: each rule at its edge."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreamfs_tools.errors import Refusal
from dreamfs_tools.paths import check_path


@pytest.mark.parametrize(
    ("path", "segments", "is_folder"),
    [
        ("/", [], True),
        ("/memories", ["memories"], False),
        ("/memories/", ["memories"], True),
        ("/memories/a b.md", ["memories", "a b.md"], False),
        ("/memories/.hidden/...x", ["memories", ".hidden", "...x"], False),
        ("/memories/日本/é.md", ["memories", "日本", "é.md"], False),
        ("/memories/🧠", ["memories", "🧠"], False),
        ("/memories/~%$'\"*?[]{}|<>:", ["memories", "~%$'\"*?[]{}|<>:"], False),
        ("/memories/" + "/".join("a" * 20), ["memories", *("a" * 20)], False),
        ("/memories/" + "a" * 1_024, ["memories", "a" * 1_024], False),
        ("/memories/" + "é" * 512 + "/", ["memories", "é" * 512], True),
        ("/" + "m" * 64 + "/" + "a" * 1_024, ["m" * 64, "a" * 1_024], False),
    ],
)
def test_a_legal_path_is_taken_apart_and_never_rewritten(path: str, segments: list[str], *, is_folder: bool) -> None:
    assert check_path(path) == (segments, is_folder)


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("", "a path starts with /. Use / for the list of mounts."),
        ("memories/a", "a path starts with /. Did you mean /memories/a?"),
        ("//", "it has an empty segment; write single slashes."),
        ("//memories", "it has an empty segment; write single slashes."),
        ("/memories//a", "it has an empty segment; write single slashes."),
        ("/memories//", "it has an empty segment; write single slashes."),
        ("/memories/.", "the segment '.' is not allowed; write the path in full."),
        ("/memories/../a", "the segment '..' is not allowed; write the path in full."),
        ("/memories/a\\b", "it contains a backslash; folders are separated by /."),
        ("/memories/ a", "the segment ' a' has a space at its start or end."),
        ("/memories/a ", "the segment 'a ' has a space at its start or end."),
        ("/memories/a.", "the segment 'a.' ends in a dot."),
        ("/memories/" + "/".join("a" * 21), "it has 21 segments inside its store; at most 20 are allowed."),
        ("/memories/e\u0301", "it is not in Unicode normal form NFC; send its composed form."),
        ("/memories/a\uff0fb", "the segment 'a\uff0fb' looks like a separator or a dot."),
        ("/memories/\uff0e\uff0e", "the segment '\uff0e\uff0e' looks like a separator or a dot."),
        ("/memories/\u2025", "the segment '\u2025' looks like a separator or a dot."),
        ("/memories/a\uff3cb", "the segment 'a\uff3cb' looks like a separator or a dot."),
    ],
)
def test_an_illegal_path_is_refused_with_what_is_wrong(path: str, why: str) -> None:
    with pytest.raises(Refusal) as caught:
        check_path(path)
    assert caught.value.text == f"Error: The path {path} is not valid: {why}\n[refused: invalid_path]"


@pytest.mark.parametrize(
    ("character", "word"),
    [
        ("\0", "a control character (U+0000)"),
        ("\n", "a control character (U+000A)"),
        ("\u200b", "a format character (U+200B)"),
        ("\u202e", "a format character (U+202E)"),
        ("\ud800", "a surrogate (U+D800)"),
        ("\ue000", "a private-use character (U+E000)"),
        ("\u0378", "an unassigned character (U+0378)"),
        ("\u2028", "a line separator (U+2028)"),
        ("\u2029", "a paragraph separator (U+2029)"),
    ],
)
def test_a_character_that_cannot_be_seen_is_refused_and_shown_escaped(character: str, word: str) -> None:
    with pytest.raises(Refusal) as caught:
        check_path(f"/memories/a{character}b")
    escaped = character.encode("unicode_escape").decode()
    assert caught.value.text == (
        f"Error: The path /memories/a{escaped}b is not valid: it contains {word}.\n[refused: invalid_path]"
    )


def test_one_byte_too_many_is_refused_and_a_long_path_is_shown_short() -> None:
    with pytest.raises(Refusal) as caught:
        check_path("/memories/" + "é" * 512 + "a")
    assert caught.value.sentence == (
        f"Error: The path /memories/{'é' * 190}… is not valid: "
        "it has 1025 bytes inside its store; at most 1,024 are allowed."
    )


@given(st.text(max_size=40))
def test_a_path_that_is_taken_joins_to_itself(path: str) -> None:
    try:
        segments, is_folder = check_path(path)
    except Refusal as refusal:
        code = refusal.code
    else:
        code = "invalid_path"
        assert path in {"/", "/" + "/".join(segments) + ("/" if is_folder else "")}
        assert all(segment == unicodedata.normalize("NFC", segment) for segment in segments)
    assert code == "invalid_path"
