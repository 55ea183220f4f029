"""What a tool's arguments look like to a client, and what a client is told of wrong ones."""

import contextlib
from typing import Annotated, Any, Literal, NotRequired

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import TypedDict

from dreamfs_server.arguments import NUMBER_MAX, Arguments
from dreamfs_tools.call import Answer, Call
from dreamfs_tools.errors import Refusal


class Step(TypedDict):
    title: str
    at: NotRequired[int]


async def tool(
    call: Call,
    path: Annotated[str, "where"],
    view_range: list[int] | None = None,
    words: list[str] | None = None,
    count: int = 7,
    deep: bool = False,
    output: Literal["lines", "files"] = "lines",
    steps: list[Step] | None = None,
    facts: list[dict[str, Any]] | None = None,
) -> Answer:
    return Answer("")


arguments = Arguments("tool", tool)


def refused(**raw: object) -> str:
    with pytest.raises(Refusal) as caught:
        arguments.read(raw)
    assert caught.value.code == "invalid_argument"
    return caught.value.sentence


def test_the_schema_has_no_titles_no_nulls_and_ends_with_the_session() -> None:
    assert arguments.schema == {
        "$defs": {
            "Step": {
                "type": "object",
                "properties": {"title": {"type": "string"}, "at": {"type": "integer"}},
                "required": ["title"],
            }
        },
        "type": "object",
        "properties": {
            "path": {"type": "string", "description": "where"},
            "view_range": {"type": "array", "items": {"type": "integer"}},
            "words": {"type": "array", "items": {"type": "string"}},
            "count": {"type": "integer", "default": 7},
            "deep": {"type": "boolean", "default": False},
            "output": {"enum": ["lines", "files"], "default": "lines"},
            "steps": {"type": "array", "items": {"$ref": "#/$defs/Step"}},
            "facts": {"type": "array", "items": {"type": "object", "additionalProperties": True}},
            "session_id": {"type": "string", "default": ""},
        },
        "required": ["path"],
        "additionalProperties": False,
    }


def test_values_of_the_right_kind_pass_as_they_are() -> None:
    raw = {"path": "/a", "view_range": [1, -1], "count": 0, "deep": True, "output": "files", "session_id": "s-1"}

    assert arguments.read(raw) == raw


def test_lists_numbers_and_truths_may_come_as_json_text() -> None:
    raw = {
        "path": "[1]",
        "view_range": "[1, 2]",
        "words": '["a"]',
        "count": "12",
        "deep": "true",
        "steps": '[{"title": "x"}]',
    }

    assert arguments.read(raw) == {
        "path": "[1]",
        "view_range": [1, 2],
        "words": ["a"],
        "count": 12,
        "deep": True,
        "steps": [{"title": "x"}],
    }


def test_null_for_an_optional_argument_is_as_if_left_out() -> None:
    assert arguments.read({"path": "/a", "view_range": None, "count": None}) == {"path": "/a"}


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        ({}, "Error: tool needs the argument path."),
        (
            {"path": "/a", "file": "b"},
            "Error: tool has no argument file; it takes path, view_range, words, count, deep, output, steps, facts, session_id.",
        ),
        ({"path": None}, "Error: The argument path of tool must be a string, not null."),
        ({"path": {"a": 1}}, "Error: The argument path of tool must be a string, not an object."),
        (
            {"path": "a\ud800"},
            "Error: The argument path of tool must be Unicode text; character 2 is half of a surrogate pair.",
        ),
        ({"path": "/a", "count": True}, "Error: The argument count of tool must be a whole number, not true."),
        ({"path": "/a", "count": 1.5}, "Error: The argument count of tool must be a whole number, not the number 1.5."),
        ({"path": "/a", "count": "x\ny"}, 'Error: The argument count of tool must be a whole number, not "x\\ny".'),
        (
            {"path": "/a", "count": 2**80},
            "Error: The argument count of tool must be a whole number between -9007199254740991 and 9007199254740991.",
        ),
        ({"path": "/a", "count": 1e300}, "Error: The argument count of tool must be a whole number between -9007199254740991 and 9007199254740991."),
        ({"path": "/a", "deep": 1}, "Error: The argument deep of tool must be true or false, not the number 1."),
        ({"path": "/a", "output": "rows"}, 'Error: The argument output of tool must be one of lines, files, not "rows".'),
        ({"path": "/a", "output": []}, "Error: The argument output of tool must be one of lines, files, not a list."),
        (
            {"path": "/a", "view_range": [1, True]},
            "Error: The argument view_range of tool must be a list of whole numbers; item 2 must be a whole number, not true.",
        ),
        ({"path": "/a", "view_range": "1-2"}, 'Error: The argument view_range of tool must be a list of whole numbers, not "1-2".'),
        ({"path": "/a", "steps": [{"title": "x"}, {}]}, "Error: The argument steps of tool must be a list; at [2].title: Field required."),
        ({"path": "/a", "steps": 3}, "Error: The argument steps of tool must be a list, not the number 3."),
    ],
)  # fmt: skip
def test_a_wrong_argument_is_refused_in_our_words(raw: dict[str, object], sentence: str) -> None:
    assert refused(**raw) == sentence


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    ),
    st.sampled_from(
        ["path", "view_range", "words", "count", "deep", "output", "steps", "facts", "session_id", "other"]
    ),
)
def test_whatever_is_sent_is_read_or_refused(value: object, name: str) -> None:
    with contextlib.suppress(Refusal):
        values = arguments.read({"path": "/a", name: value})
        assert type(values.get("count", 1)) is int
        assert abs(values.get("count", 1)) <= NUMBER_MAX
