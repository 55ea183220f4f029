"""Search patterns: which lines match, what is refused, and what may be skipped ahead with."""

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreamfs_tools.errors import Refusal
from dreamfs_tools.pattern import Pattern
from dreamfs_tools.pattern_syntax import required_literal, tokens


def lines(pattern: str, text: str, *, literal: bool = False, ignore_case: bool = False) -> list[tuple[int, str]]:
    raw = text.encode()
    found = Pattern(pattern, literal=literal, ignore_case=ignore_case).hits(raw)
    return [(hit.number, raw[hit.start : hit.end].decode()) for hit in found]


def refusal(pattern: str, *, literal: bool = False) -> str:
    with pytest.raises(Refusal) as caught:
        Pattern(pattern, literal=literal)
    return caught.value.text


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("a.c", "abc\nxx\nanc", [(1, "abc"), (3, "anc")]),
        ("^$", "a\n\nb\n", [(2, "")]),
        ("a*", "\n\na\n", [(1, ""), (2, ""), (3, "a")]),
        ("$", "a\n", [(1, "a")]),
        ("x", "", []),
        ("^", "", []),
        ("[^x]", "x\n\nx\n", []),
        (r"\s", "a\nb c\n", [(2, "b c")]),
        (r"\D\D", "1\n2\n", []),
        (r"(?s)a.b", "a\nb\n", []),
        ("foo$", "foo\r\nfoo\n", [(2, "foo")]),
        (r"\Afoo\Z", "a\nfoo\n", [(2, "foo")]),
        (r"^foo\z", "a\nfoo\nfoo bar", [(2, "foo")]),
        (r"\Qa.c\E+", "abc\na.ccc\n", [(2, "a.ccc")]),
        (r"\Qa.c", "abc\na.c\n", [(2, "a.c")]),
        ("(?i)HIT", "hit\n", [(1, "hit")]),
        ("(?P<n>a)(?:b)", "ab\n", [(1, "ab")]),
        (r"[[:alpha:]\]]", "1\n]\n", [(2, "]")]),
        ("[]a]", "]\nb\n", [(1, "]")]),
    ],
)
def test_a_pattern_is_matched_line_by_line(pattern: str, text: str, expected: list[tuple[int, str]]) -> None:
    assert lines(pattern, text) == expected


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        (r"^\w+$", "naïve\nЖук\n日本\n٣\n-\n", ["naïve", "Жук", "日本", "٣"]),
        (r"^\W$", "é\n-\n", ["-"]),
        (r"^[\w-]+$", "Жу-к\nЖу к\n", ["Жу-к"]),
        (r"^[^\w]$", "é\n!\n", ["!"]),
        (r"^[\W]$", "é\n!\n", ["!"]),
        (r"^[^\W]$", "é\n!\n", ["é"]),
        (r"^[\Wx]$", "é\n!\nx\n", ["!", "x"]),
    ],
)
def test_a_word_character_is_a_letter_or_number_of_any_script(pattern: str, text: str, expected: list[str]) -> None:
    assert [line for _, line in lines(pattern, text)] == expected


def test_a_literal_is_taken_as_it_stands() -> None:
    assert lines("a.c(", "abc(\na.c(\n", literal=True) == [(2, "a.c(")]
    assert lines("É(", "é(\n", literal=True, ignore_case=True) == [(1, "é(")]


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("foo(?=bar)", "lookahead (?=…)"),
        ("foo(?!bar)", "lookahead (?!…)"),
        ("(?<=foo)bar", "lookbehind (?<=…)"),
        ("(?<!foo)bar", "lookbehind (?<!…)"),
        (r"(\w)\1", r"a backreference \1"),
        (r"(?P<a>x)(?P=a)", "a backreference (?P=…)"),
        ("(?>a)", "an atomic group (?>…)"),
        (r"\C", r"a single byte \C"),
    ],
)
def test_what_re2_lacks_is_refused_by_name(pattern: str, says: str) -> None:
    assert refusal(pattern) == (
        f"The pattern uses {says}, which this search does not have (it is RE2, so that no pattern can run for ever). "
        "Search for the plain part, or twice.\n[refused: invalid_argument]"
    )


def test_a_broken_pattern_is_refused_with_the_reason_and_the_way_out() -> None:
    assert refusal("(a") == (
        "The pattern (a is not valid: missing ): (a. It is an RE2 regular expression; "
        "literal=true searches for the text as it stands.\n[refused: invalid_argument]"
    )


@pytest.mark.parametrize("pattern", ["[", "[a", "a**", "x{1001}", "\\", "[z-a]", "(?z)", r"\pX", ")", r"[\w"])
def test_any_broken_pattern_is_a_refusal(pattern: str) -> None:
    assert refusal(pattern).endswith("[refused: invalid_argument]")


def test_a_pattern_that_needs_too_much_memory_is_refused() -> None:
    assert "pattern too large" in refusal(r"\w{900}")


def test_a_pattern_may_have_a_thousand_characters_and_no_more() -> None:
    assert lines("a" * 1_000, "a" * 1_000)
    assert refusal("a" * 1_001) == (
        "The pattern has 1,001 characters; at most 1,000 are allowed.\n[refused: too_large]"
    )


def test_a_line_end_in_a_pattern_is_refused_since_a_search_looks_within_lines() -> None:
    says = "A search looks within one line at a time: search for one of the lines.\n[refused: invalid_argument]"
    assert refusal("a\nb", literal=True) == f"The pattern has a line end in it. {says}"
    assert refusal(r"a\nb") == f"The pattern asks for a line end (\\n). {says}"


def test_an_empty_pattern_and_a_nul_are_refused() -> None:
    assert refusal("") == (
        "The pattern is empty. Give the text to look for; list shows which files there are.\n"
        "[refused: invalid_argument]"
    )
    assert refusal("\0") == "The pattern has a NUL in it; no file holds one.\n[refused: invalid_argument]"


def test_catastrophic_patterns_answer() -> None:
    text = "a" * 50_000 + "!\n"
    for pattern in (r"(a+)+$", r"(a|aa)+$", r"(.*)*x", r"(\w+\s?)+$", r"^(([a-z])+.)+[A-Z]([a-z])+$"):
        assert lines(pattern, text) == []


@pytest.mark.parametrize(
    ("pattern", "literal"),
    [
        ("timeout", "timeout"),
        (r"error: \d+ times", "error: "),
        ("colou?r", "colo"),
        ("ab*cde", "cde"),
        ("ab+c", "ab"),
        ("x{0,2}yz", "yz"),
        ("a|b", ""),
        ("foo(bar|baz)", "foo"),
        ("(foobar)x", "foobar"),
        ("(foobar)?x", "x"),
        ("(a(long literal)b)", "long literal"),
        (r"a\.b", "a.b"),
        (r"\bword\b", "word"),
        ("(?i)word", ""),
        (r"\Q(a)\E", "(a)"),
        (".*", ""),
        ("[abc]def", "def"),
    ],
)
def test_a_literal_that_every_match_holds_is_found(pattern: str, literal: str) -> None:
    assert required_literal(list(tokens(pattern))) == literal


def test_without_case_only_characters_that_have_none_are_required() -> None:
    assert Pattern("error-404: k", ignore_case=True).literal == "-404: "


PLAIN = st.text("abAB01 .é\n", max_size=60)
ATOM = st.one_of(
    st.sampled_from(
        ["a", "b", "A", "0", " ", r"\.", "é", ".", r"\d", "[ab]", "[^a]", "^", "$", "(?:ab|b)", "(a)", "(b0)"]
    )
)
PIECE = st.tuples(ATOM, st.sampled_from(["", "", "", "*", "+", "?", "{2}", "{0,1}"])).map(
    lambda pair: pair[0] if pair[0] in "^$" else "".join(pair)
)
PATTERN = st.lists(st.lists(PIECE, min_size=1, max_size=4).map("".join), min_size=1, max_size=2).map("|".join)


@given(PATTERN, PLAIN)
def test_simple_patterns_find_the_lines_that_python_finds(pattern: str, text: str) -> None:
    split = text.removesuffix("\n").split("\n") if text else []
    expected = [(n, line) for n, line in enumerate(split, 1) if re.search(pattern, line)]
    assert lines(pattern, text) == expected


@given(PATTERN, PLAIN, st.booleans())
def test_every_matching_line_holds_the_required_literal(pattern: str, text: str, ignore_case: bool) -> None:
    literal = Pattern(pattern, ignore_case=ignore_case).literal
    assert all(literal in line for _, line in lines(pattern, text, ignore_case=ignore_case))


@given(st.text(max_size=30))
def test_any_text_is_a_pattern_or_a_refusal(pattern: str) -> None:
    with contextlib.suppress(Refusal):
        lines(pattern, "some text\n")


@given(st.text(st.characters(exclude_characters="\n\0", exclude_categories=["Cs"]), min_size=1, max_size=5), PLAIN)
def test_a_literal_finds_the_lines_that_contain_it(needle: str, text: str) -> None:
    split = text.removesuffix("\n").split("\n") if text else []
    assert lines(needle, text, literal=True) == [(n, line) for n, line in enumerate(split, 1) if needle in line]
