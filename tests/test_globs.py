"""Globs over paths."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreamfs_tools.errors import Refusal
from dreamfs_tools.globs import Glob


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("", "/memories/a.md", True),
        ("*.md", "/memories/a.md", True),
        ("*.md", "/memories/notes/deep/a.md", True),
        ("*.md", "/memories/a.mdx", False),
        ("*.md", "/memories/a.md.txt", False),
        ("a.md", "/memories/xa.md", False),
        ("*", "/memories/.hidden", True),
        ("?.md", "/memories/a.md", True),
        ("?.md", "/memories/ab.md", False),
        ("?.md", "/memories/é.md", True),
        ("notes/*", "/memories/notes/a.md", True),
        ("notes/*", "/memories/notes/deep/a.md", False),
        ("notes/*", "/memories/other/notes/a.md", False),
        ("notes/**", "/memories/notes/deep/a.md", True),
        ("notes/**", "/memories/notes", False),
        ("notes/", "/memories/notes/deep/a.md", True),
        ("notes/", "/memories/notes", False),
        ("**/a.md", "/memories/a.md", True),
        ("**/a.md", "/memories/notes/deep/a.md", True),
        ("**/a.md", "/memories/notes/xa.md", False),
        ("notes/**/a.md", "/memories/notes/a.md", True),
        ("notes/**/a.md", "/memories/notes/x/y/a.md", True),
        ("n**.md", "/memories/notes.md", True),
        ("notes/d**.md", "/memories/notes/deep/a.md", True),
        ("**", "/memories/notes/a.md", True),
        ("/memories/*.md", "/memories/a.md", True),
        ("/memories/*.md", "/memories/notes/a.md", False),
        ("/*/a.md", "/memories/a.md", True),
        ("*.{md,txt}", "/memories/a.txt", True),
        ("*.{md,txt}", "/memories/a.tx", False),
        ("{notes,logs}/*", "/memories/logs/a", True),
        ("{a,{b,c}}d", "/memories/cd", True),
        ("[ab].md", "/memories/b.md", True),
        ("[!ab].md", "/memories/b.md", False),
        ("[^ab].md", "/memories/c.md", True),
        ("[a-c].md", "/memories/b.md", True),
        ("notes[!x]a.md", "/memories/notes/a.md", False),
        ("[[].md", "/memories/[.md", True),
        ("[]].md", "/memories/].md", True),
        ("[{]a}", "/memories/{a}", True),
        ("a+(b).md", "/memories/a+(b).md", True),
        ("a,b}", "/memories/a,b}", True),
        ("日*", "/memories/日本", True),
    ],
)
def test_a_glob_matches(glob: str, path: str, *, matches: bool) -> None:
    assert Glob.parse(glob).matches(path, "/memories") is matches


def test_below_the_list_of_mounts_a_relative_glob_starts_with_a_mount() -> None:
    assert Glob.parse("memories/*.md").matches("/memories/a.md")
    assert not Glob.parse("notes/*.md").matches("/memories/notes/a.md")


@pytest.mark.parametrize(("glob", "opening", "closing"), [("[ab", "[", "]"), ("a{b", "{", "}"), ("[", "[", "]")])
def test_a_bracket_that_is_not_closed_is_refused(glob: str, opening: str, closing: str) -> None:
    with pytest.raises(Refusal) as caught:
        Glob.parse(glob)
    assert caught.value.text == (
        f"The glob {glob} has a {opening} without its {closing}. Write [{opening}] for the character itself.\n"
        "[refused: invalid_argument]"
    )


def test_a_glob_may_have_a_thousand_characters_and_no_more() -> None:
    assert Glob.parse("a" * 1_000).matches("/m/" + "a" * 1_000)
    with pytest.raises(Refusal, match="1,001 characters"):
        Glob.parse("a" * 1_001)


def test_many_stars_take_linear_time() -> None:
    assert not Glob.parse("*a" * 300 + "b").matches("/m/" + "a" * 1_000)


def naive(glob: str, path: str) -> bool:
    """The rule restated: by trying every split."""
    if not glob:
        return not path
    if glob.startswith("**/"):
        return naive(glob[3:], path) or any(
            naive(glob[3:], path[i + 1 :]) for i, c in enumerate(path) if c == "/" and i
        )
    if glob == "**":
        return bool(path)
    if glob.startswith("*"):
        return any(naive(glob[1:], path[i:]) for i in range(len(path) + 1) if "/" not in path[:i])
    if glob.startswith("?"):
        return bool(path) and path[0] != "/" and naive(glob[1:], path[1:])
    return bool(path) and path[0] == glob[0] and naive(glob[1:], path[1:])


SEGMENT = st.text("ab.+", min_size=1, max_size=4)
GLOB_SEGMENT = st.one_of(st.just("**"), st.text("ab.+*?", min_size=1, max_size=4).filter(lambda s: "**" not in s))


@given(st.lists(GLOB_SEGMENT, min_size=2, max_size=4), st.lists(SEGMENT, min_size=1, max_size=5))
def test_a_glob_matches_as_the_naive_matcher_says(glob: list[str], path: list[str]) -> None:
    assert Glob.parse("/".join(glob)).matches("/m/" + "/".join(path), "/m") is naive("/".join(glob), "/".join(path))


@given(st.text(max_size=20))
def test_any_text_is_a_glob_or_a_refusal(glob: str) -> None:
    with contextlib.suppress(Refusal):
        Glob.parse(glob).matches("/memories/a.md")
