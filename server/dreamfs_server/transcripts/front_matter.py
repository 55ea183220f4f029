"""What the head of a text says of it: YAML front matter, or the headers of a letter."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_PAIR = re.compile(r"^(?P<key>[A-Za-z][\w -]{0,40}):\s*(?P<value>.*)$")
_ITEM = re.compile(r"^\s*-\s+(?P<value>.+)$")
_HEADER = re.compile(
    r"^(?P<key>From|To|Cc|Date|Sent|Subject|Message-ID|In-Reply-To|Reply-To):\s*(?P<value>.*)$", re.IGNORECASE
)
LINES_MAX = 200


@dataclass(slots=True)
class Head:
    """Keys in lower case with `_` between words; a list is kept as its items."""

    values: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def first(self, *names: str) -> str:
        """The first value that one of these keys has."""
        return next((self.values[name][0] for name in names if self.values.get(name)), "")

    def all(self, *names: str) -> list[str]:
        """All values of these keys."""
        return [value for name in names for value in self.values.get(name, ())]


def front_matter(lines: Sequence[str]) -> tuple[Head, int]:
    """The front matter that some lines begin with, and how many lines it takes; 0 where there is none."""
    if not lines or lines[0].strip() != "---":
        return Head(), 0
    end = next((n for n, line in enumerate(lines[1:LINES_MAX], 1) if line.strip() in {"---", "..."}), 0)
    head = Head()
    key = ""
    for line in lines[1:end]:
        if found := _PAIR.match(line):
            key = found["key"].strip().lower().replace(" ", "_").replace("-", "_")
            head.values.setdefault(key, []).extend(_listed(found["value"]))
        elif key and (item := _ITEM.match(line)):
            head.values[key] += _listed(item["value"])
    return (head, end + 1) if end and head.values else (Head(), 0)


def letter_head(lines: Sequence[str]) -> tuple[Mapping[str, str], int]:
    """The headers of a letter that some lines begin with, and how many lines they take; 0 where there are none."""
    found: dict[str, str] = {}
    count = 0
    for line in lines:
        header = _HEADER.match(line)
        if header is None:
            break
        found[header["key"].lower().replace("sent", "date")] = header["value"].strip()
        count += 1
    return (found, count) if "from" in found and ("date" in found or "subject" in found) else ({}, 0)


def sender(value: str) -> str:
    """The name in `Ada Li <ada@example.org>`; the part before the @ where there is no name."""
    name = re.sub(r"<[^>]*>", "", value).strip(" \"'")
    return name.partition("@")[0] or value.strip("<> ").partition("@")[0]


def _listed(value: str) -> list[str]:
    value = value.strip()
    parts = value[1:-1].split(",") if value.startswith("[") and value.endswith("]") else [value]
    return [part.strip().strip("\"'") for part in parts if part.strip().strip("\"'")]
