"""A text is found and replaced in every form that copies of it have."""

import json
from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dreamfs_tools.errors import Refusal
from dreamfs_tools.needle import Needle
from dreamfs_tools.redaction import event_text
from dreamfs_tools.sought import Sought
from dreamfs_tools.text import number_lines, split_lines
from dreamfs_tools.transcript import Event, line_count

CHARACTERS = st.sampled_from('ab"\\é\n\t-+ 1')
SECRETS = st.text(CHARACTERS, min_size=4, max_size=12).filter(lambda text: len(text.strip("\r\n").strip()) >= 4)
AROUND = st.text(st.sampled_from("xyz\n"), max_size=8)


def prefixed(mark: str, text: str) -> str:
    return "".join(f"{mark}{line}\n" for line in split_lines(text))


FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "json": json.dumps,
    "json as it is": lambda text: json.dumps(text, ensure_ascii=False),
    "json in json": lambda text: json.dumps(json.dumps(text)),
    "added lines": lambda text: prefixed("+", text),
    "removed lines": lambda text: prefixed("-", text),
    "unchanged lines": lambda text: prefixed(" ", text),
    "numbered": lambda text: number_lines(split_lines(text)),
    "a diff in json": lambda text: json.dumps({"diff": prefixed("+", text)}),
    "a view in json": lambda text: json.dumps([number_lines(split_lines(text))]),
    "windows": lambda text: text.replace("\n", "\r\n"),
}


@pytest.mark.parametrize("form", FORMS)
@given(secret=SECRETS, before=AROUND, after=AROUND)
def test_it_is_found_in_every_form_and_nothing_of_it_stays(form: str, secret: str, before: str, after: str) -> None:
    needle = Needle(secret, "?")
    copy = FORMS[form](f"{before}{secret}{after}")
    assert needle.is_in(copy)
    assert list(needle.spots(copy))
    assert not needle.is_in(needle.replaced(copy))
    assert needle.replaced_by_line(copy).count("\n") == copy.count("\n")
    assert needle.replaced(before) == before


@given(secret=SECRETS, text=st.lists(st.sampled_from(["x", "\n", "── 1 user\n", "SECRET"]), max_size=8), new=AROUND)
def test_an_event_keeps_its_lines_so_that_citations_hold(secret: str, text: list[str], new: str) -> None:
    assume("".join(new.split()) == "" or secret not in new)
    whole = "".join(text).replace("SECRET", secret)
    event = Event(3, "tool", "tool_result", whole)
    needle = Needle(secret, new)
    result = event_text(event, whole, Sought([needle]))
    assert not needle.is_in(result)
    assert line_count(Event(3, "tool", "tool_result", result)) == line_count(event)


def test_a_long_text_is_replaced_at_once_and_a_part_of_it_is_left() -> None:
    secret = "\n".join(f'line "{number}" of it' for number in range(3_000))
    needle = Needle(secret)
    assert needle.replaced(f"before\n{secret}\nafter") == "before\n[redacted]\nafter"
    assert needle.replaced(secret[:-1]) == secret[:-1]


def test_a_replacement_that_makes_the_text_again_is_refused() -> None:
    assert Needle("abab", "").replaced("aababbab") == ""
    with pytest.raises(Refusal, match="comes to be again"):
        Needle("abcd", "dabc").replaced("abcd" * 30)
    with pytest.raises(Refusal, match="has the text"):
        Needle("abcd", "xabcdx")
