"""What a model is told: the prompts, kept as text files beside this one, and filled in once.

They are part of the product: `prompt_hash` is kept with every run, and tests compare what a model reads with what was
last judged good. A prompt's first line is a comment with its version, which the model does not see.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

NAMES = ("curate", "opening", "read", "verify")
_FIELD = re.compile(r"\{\{(\w+)\}\}")


def prompt(name: str) -> str:
    """A prompt's text."""
    text = files("dreamfs_server.dream.prompts").joinpath(f"{name}.md").read_text(encoding="utf-8")
    return text.partition("\n")[2].rstrip("\n")


def filled(text: str, values: Mapping[str, str]) -> str:
    """A prompt with its fields filled in, in one pass: what a value says is never a field."""
    return _FIELD.sub(lambda field: values[field[1]], text)


def fenced(text: str) -> str:
    """Somebody else's words as a quotation: every line is marked, so that none can end it."""
    return "\n".join(f"> {line}" for line in text.split("\n"))


def prompt_hash(tools: Sequence[Mapping[str, Any]]) -> str:
    """SHA-256 of all prompts and the tool list, lower-case hex."""
    everything = [*(prompt(name) for name in NAMES), list(tools)]
    return hashlib.sha256(json.dumps(everything, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
