"""Slack's markup as plain text: who and what is mentioned by name, links by what they lead to, blocks and cards as their words."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from dreamfs_server.transcripts.reading import items, mapping, string

_ANGLED = re.compile(r"<([^<>\n]{1,4000})>")
_CODE = re.compile(r"(```.*?```|`[^`\n]+`)", re.DOTALL)
_BOLD = re.compile(r"(?<![\w*`/\\])\*(?=\S)([^*\n`]+?)(?<=\S)\*(?![\w*])")
_ITALIC = re.compile(r"(?<![\w_`/\\])_(?=\S)([^_\n`]+?)(?<=\S)_(?![\w_])")
_EMOJI = {
    "fire": "🔥", "rotating_light": "🚨", "warning": "⚠️", "bell": "🔔", "red_circle": "🔴", "large_red_square": "🟥",
    "x": "❌", "white_check_mark": "✅", "heavy_check_mark": "✔️", "large_green_circle": "🟢", "green_heart": "💚",
}  # fmt: skip
"""Those by which monitors say that something begins or is over."""

Names = Callable[[str], str]
"""Who or what has an id; "" where nobody knows."""


def plain(text: str, names: Names) -> str:
    """A message's text as its reader saw it."""
    parts = _CODE.split(text)
    shown = (_angled(part, names) if n % 2 else _prose(part, names) for n, part in enumerate(parts))
    return "".join(shown).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def block_text(block: Any, names: Names) -> str:
    """The words of a block of any kind, and of what it holds."""
    return "\n".join(filter(None, (line.strip() for line in _lines(mapping(block), names))))


def card_text(card: Mapping[str, Any], names: Names) -> str:
    """The words of an attachment: what an integration shows as a card, with its title, text and fields."""
    parts = [string(card.get(name)) for name in ("pretext", "title", "text")]
    fields = map(mapping, items(card.get("fields")))
    parts += [f"{string(field.get('title'))}: {string(field.get('value'))}".strip(": ") for field in fields]
    found = [plain(part, names) for part in parts if part.strip()]
    found += [text for block in items(card.get("blocks")) if (text := block_text(block, names))]
    return "\n".join(found) or plain(string(card.get("fallback")), names)


def _prose(text: str, names: Names) -> str:
    text = re.sub(r":([a-z_]{1,30}):", lambda found: _EMOJI.get(found[1], found[0]), _angled(text, names))
    return _ITALIC.sub(r"\1", _BOLD.sub(r"\1", text))


def _angled(text: str, names: Names) -> str:
    return _ANGLED.sub(lambda found: _meant(found[1], names), text)


def _meant(inside: str, names: Names) -> str:
    target, _, label = inside.partition("|")
    mark, name = target[:1], target[1:]
    if mark == "@":
        return f"@{names(name) or label.lstrip('@') or name}"
    if mark == "#":
        return f"#{label.lstrip('#') or names(name) or name}"
    if mark == "!":
        if label:
            return label
        return f"@{name.partition('^')[2] or name}" if name.startswith("subteam^") else f"@{name.partition('^')[0]}"
    address = target.removeprefix("mailto:").removeprefix("tel:")
    if label in {"", address}:
        return address
    # Slack makes a link of every host name; what was typed is the label.
    is_typed = label == re.sub(r"^https?://", "", target).rstrip("/")
    return label if is_typed else f"{label} ({target})"


def _lines(block: Mapping[str, Any], names: Names) -> Iterator[str]:
    kind = string(block.get("type"))
    if kind in {"rich_text_section", "rich_text_preformatted", "rich_text_quote"}:
        said = "".join(_element(mapping(element), names) for element in items(block.get("elements")))
        yield "> " + said.replace("\n", "\n> ") if kind == "rich_text_quote" else said
        return
    text = block.get("text")
    words = string(text) if isinstance(text, str) else string(mapping(text).get("text"))
    if words:
        yield plain(words, names)
    for field in map(mapping, items(block.get("fields"))):
        yield plain(string(field.get("text")), names)
    for element in map(mapping, items(block.get("elements"))):
        if string(element.get("type")) not in {"button", "image", "overflow"}:
            yield from _lines(element, names)


def _element(element: Mapping[str, Any], names: Names) -> str:
    kind = string(element.get("type"))
    if kind == "link":
        return string(element.get("text")) or string(element.get("url"))
    if kind == "user":
        return f"@{names(string(element.get('user_id'))) or string(element.get('user_id'))}"
    if kind == "channel":
        return f"#{names(string(element.get('channel_id'))) or string(element.get('channel_id'))}"
    if kind == "emoji":
        name = string(element.get("name"))
        return _EMOJI.get(name, f":{name}:")
    if kind == "broadcast":
        return f"@{string(element.get('range'))}"
    return string(element.get("text"))
