"""What a tool takes: read from its function's signature, told as a JSON schema, and checked in our own words.

The SDK would do this with pydantic: it answers in pydantic's words with a link to its site, takes `true` for 1, drops
unknown arguments and costs a tenth of a millisecond a call.
"""

import inspect
import json
import types
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from dreamfs_tools.errors import Refusal

NUMBER_MAX = 2**53 - 1
"""Beyond it JSON's numbers are not exact in every client."""
NAME_CHARACTERS_MAX = 80
"""How much of a name or value that somebody made up is repeated to them."""

Reader = Callable[[object], object]
"""Gives the value that the tool is called with, or raises `_Wrong`."""


class _Wrong(Exception):  # noqa: N818  # never leaves this module
    """Carries what would have been right, as in "must be …"."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of a tool."""

    name: str
    required: bool
    schema: Mapping[str, Any]
    read: Reader


class Arguments:
    """The arguments of one tool."""

    def __init__(self, tool: str, function: Callable[..., Awaitable[object]]) -> None:
        """Read a signature whose first parameter is the call; `session_id` is put after its last one."""
        hints = get_type_hints(function, include_extras=True)
        declared = list(inspect.signature(function).parameters.values())[1:]
        self._tool = tool
        self._parameters = {p.name: _parameter(p.name, hints[p.name], p.default) for p in declared}
        self._parameters["session_id"] = _parameter("session_id", str, "")

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON schema, as small as it says the same: a tool list is paid for in every conversation."""
        required = [parameter.name for parameter in self._parameters.values() if parameter.required]
        properties = {parameter.name: dict(parameter.schema) for parameter in self._parameters.values()}
        # A reference counts from the root of the schema.
        shapes = {name: shape for schema in properties.values() for name, shape in schema.pop("$defs", {}).items()}
        return {
            **({"$defs": shapes} if shapes else {}),
            "type": "object",
            "properties": properties,
            **({"required": required} if required else {}),
            "additionalProperties": False,
        }

    def read(self, raw: Mapping[str, object]) -> dict[str, Any]:
        """Check what a client sent. Null for an optional argument is as if it had been left out.

        Raises:
            Refusal: `invalid_argument`, naming the argument and what it takes.
        """
        values: dict[str, Any] = {}
        for name, value in raw.items():
            parameter = self._parameters.get(name)
            if parameter is None:
                raise _invalid(f"{self._tool} has no argument {_short(name)}; it takes {', '.join(self._parameters)}.")
            if value is None and not parameter.required:
                continue
            try:
                values[name] = parameter.read(value)
            except _Wrong as wrong:
                raise _invalid(f"The argument {name} of {self._tool} must be {wrong}.") from None
        for parameter in self._parameters.values():
            if parameter.required and parameter.name not in values:
                raise _invalid(f"{self._tool} needs the argument {parameter.name}.")
        return values


def _invalid(sentence: str) -> Refusal:
    return Refusal("invalid_argument", f"Error: {sentence}")


def _parameter(name: str, hint: Any, default: object) -> Parameter:
    description = ""
    if get_origin(hint) is Annotated:
        hint, *notes = get_args(hint)
        description = next((note for note in notes if isinstance(note, str)), "")
    schema, read = _kind(_without_none(hint))
    required = default is inspect.Parameter.empty
    if not required and default is not None and default != ():
        schema = {**schema, "default": default}
    return Parameter(name, required, {**schema, "description": description} if description else schema, read)


def _without_none(hint: Any) -> Any:
    if get_origin(hint) not in {Union, types.UnionType}:
        return hint
    rest = [arm for arm in get_args(hint) if arm is not types.NoneType]
    return rest[0] if len(rest) == 1 else hint


def _kind(hint: Any) -> tuple[dict[str, Any], Reader]:
    if hint is str:
        return {"type": "string"}, _text
    if hint is bool:
        return {"type": "boolean"}, _truth
    if hint is int:
        return {"type": "integer"}, _number
    if get_origin(hint) is Literal:
        choices = get_args(hint)
        return {"enum": list(choices)}, _choice(choices)
    if hint in (list[int], Sequence[int]):
        return {"type": "array", "items": {"type": "integer"}}, _list("a list of whole numbers", _number)
    if hint in (list[str], Sequence[str]):
        return {"type": "array", "items": {"type": "string"}}, _list("a list of strings", _text)
    return _shaped(hint)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise _Wrong(f"a string, not {_word(value)}")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise _Wrong(f"Unicode text; character {error.start + 1} is half of a surrogate pair") from None
    return value


def _truth(value: object) -> bool:
    if isinstance(value, str) and value in {"true", "false"}:
        return value == "true"
    if not isinstance(value, bool):
        raise _Wrong(f"true or false, not {_word(value)}")
    return value


def _number(value: object) -> int:
    if isinstance(value, str):
        value = _from_text(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise _Wrong(f"a whole number, not {_word(value)}")
    if abs(value) > NUMBER_MAX:
        raise _Wrong(f"a whole number between -{NUMBER_MAX} and {NUMBER_MAX}")
    return value


def _choice(choices: tuple[object, ...]) -> Reader:
    def read(value: object) -> object:
        if value not in choices:
            raise _Wrong(f"one of {', '.join(map(str, choices))}, not {_word(value)}")
        return value

    return read


def _list(words: str, read_item: Reader) -> Reader:
    def read(value: object) -> object:
        if isinstance(value, str):
            value = _from_text(value)
        if not isinstance(value, list):
            raise _Wrong(f"{words}, not {_word(value)}")
        items: list[object] = []
        for position, item in enumerate(cast("list[object]", value)):
            try:
                items.append(read_item(item))
            except _Wrong as wrong:
                raise _Wrong(f"{words}; item {position + 1} must be {wrong}") from None
        return items

    return read


def _shaped(hint: Any) -> tuple[dict[str, Any], Reader]:
    """Lists of objects and whatever else a tool may declare: pydantic's shapes, our words."""
    adapter: TypeAdapter[object] = TypeAdapter(hint)
    schema = _without_titles(adapter.json_schema())
    takes_text = schema.get("type") == "string"

    def read(value: object) -> object:
        if isinstance(value, str) and not takes_text:
            value = _from_text(value)
        try:
            return adapter.validate_python(value)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            place = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
            kind = "a list" if schema.get("type") == "array" else "as its schema says"
            raise _Wrong(
                f"{kind}; at {_short(place)}: {first['msg']}" if place else f"{kind}, not {_word(value)}"
            ) from None

    return schema, read


def _without_titles(schema: Any) -> Any:
    match schema:
        case dict():
            entries = cast("dict[str, Any]", schema).items()
            # A property may be called "title"; a title itself is text.
            return {
                key: _without_titles(value) for key, value in entries if key != "title" or not isinstance(value, str)
            }
        case list():
            return [_without_titles(item) for item in schema]  # pyright: ignore[reportUnknownVariableType]  # it is JSON
        case _:
            return schema


def _from_text(text: str) -> object:
    """Some clients send a list or a number as JSON text."""
    try:
        return cast("object", json.loads(text))
    except (ValueError, RecursionError):
        return text


def _word(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return "the number " + _short(str(value)) if abs(value) < 1e21 else "a huge number"
        case str():
            return f'"{_short(value)}"'
        case list():
            return "a list"
        case _:
            return "an object"


def _short(text: str) -> str:
    text = text if text.isprintable() else text.encode("unicode_escape").decode()
    return text if len(text) <= NAME_CHARACTERS_MAX else text[:NAME_CHARACTERS_MAX] + "…"
