"""The tool `dream_propose`: submit one proposal. The one door for every curator."""

from collections.abc import Mapping, Sequence
from typing import Any, cast, get_args

from dreamfs_tools.call import Answer, Call
from dreamfs_tools.dream_pages import proposal_path
from dreamfs_tools.dream_status import dreams_of, naming_of
from dreamfs_tools.dreaming import (
    ChangeOperation,
    Claim,
    ClaimKind,
    Dropped,
    Evidence,
    Proposal,
    ProposedChange,
)
from dreamfs_tools.errors import Refusal

CHANGE_TEXTS = ("path", "file_text", "old_str", "new_str", "new_path")


async def dream_propose(
    call: Call,
    dream_id: str,
    title: str,
    rationale: str,
    changes: Sequence[Mapping[str, Any]],
    claims: Sequence[Mapping[str, Any]],
    dropped: Sequence[Mapping[str, Any]] = (),
) -> Answer:
    """Submit one proposal of a dream you curate; a person reviews it. A refusal says what to correct.

    changes: [{operation: create|replace|edit|rename|retire, path, file_text, old_str, new_str, new_path,
    expected_version}]. claims: [{text, kind: observed|hypothesis|rule|association, evidence: [{source, lines: [a, b],
    quote}]}]. dropped: [{text, reason}], what replaced text said that the new text does not. /dreams/ID/agenda.md has the rules.
    """
    dreams = dreams_of(call)
    proposal = parse_proposal(title, rationale, changes, claims, dropped)
    called = await call.filesystem.read(lambda snapshot: naming_of(call, snapshot, dream_id))
    try:
        saved = called.proposal(await dreams.propose(dream_id, called.proposed(proposal)))
    except Refusal as refusal:
        raise called.refusal(refusal) from None
    words = [f"Saved as proposal {saved.number} of dream {dream_id} ({saved.status}, risk {saved.risk})."]
    words += [f"The reviewer will see: {flag}" for flag in saved.flags]
    words += [f"Read it as /dreams/{dream_id}/{proposal_path(saved)}; a person decides about it."]
    return Answer(
        "\n".join(words),
        {"code": "ok", "dream_id": dream_id, "proposal": saved.number, "status": saved.status, "risk": saved.risk},
    )


def parse_proposal(
    title: str,
    rationale: str,
    changes: Sequence[Mapping[str, Any]],
    claims: Sequence[Mapping[str, Any]],
    dropped: Sequence[Mapping[str, Any]],
) -> Proposal:
    """Read a proposal in the shape of DESIGN section 13.

    Raises:
        Refusal: `invalid_argument`, naming the first item that is not of that shape.
    """
    return Proposal(
        number=0,
        title=title,
        rationale=rationale,
        changes=[parse_change(f"change {number}", item) for number, item in enumerate(changes, 1)],
        claims=[_claim(f"claim {number}", item) for number, item in enumerate(claims, 1)],
        dropped=[_dropped(f"dropped {number}", item) for number, item in enumerate(dropped, 1)],
    )


def parse_change(where: str, item: object) -> ProposedChange:
    """Read one change in the shape of DESIGN section 13; `where` names it in a refusal.

    Raises:
        Refusal: `invalid_argument`.
    """
    fields = _fields(where, item, {"operation", "expected_version", *CHANGE_TEXTS})
    operation = _word(where, fields, "operation", get_args(ChangeOperation))
    expected = fields.get("expected_version")
    if expected is not None and (isinstance(expected, bool) or not isinstance(expected, int)):
        raise _wrong(where, "expected_version must be a whole number.")
    texts = {name: _text(where, fields, name) for name in CHANGE_TEXTS}
    if not texts["path"]:
        raise _wrong(where, "path is missing.")
    return ProposedChange(cast("ChangeOperation", operation), expected_version=expected, **texts)


def _claim(where: str, item: object) -> Claim:
    fields = _fields(where, item, {"text", "kind", "evidence"})
    kind = _word(where, fields, "kind", get_args(ClaimKind))
    evidence = fields.get("evidence", [])
    if not isinstance(evidence, list):
        raise _wrong(where, "evidence must be a list.")
    items = cast("list[object]", evidence)
    return Claim(
        _text(where, fields, "text"),
        cast("ClaimKind", kind),
        [_evidence(f"{where}, evidence {number}", one) for number, one in enumerate(items, 1)],
    )


def _evidence(where: str, item: object) -> Evidence:
    fields = _fields(where, item, {"source", "lines", "quote"})
    lines = fields.get("lines")
    numbers = cast("list[object]", lines) if isinstance(lines, list) else []
    first, last = (numbers[0], numbers[-1]) if 1 <= len(numbers) <= 2 else (None, None)
    if not isinstance(first, int) or not isinstance(last, int) or isinstance(first, bool) or isinstance(last, bool):
        raise _wrong(where, "lines must be [first, last], two line numbers.")
    return Evidence(_text(where, fields, "source"), (first, last), _text(where, fields, "quote"))


def _dropped(where: str, item: object) -> Dropped:
    fields = _fields(where, item, {"text", "reason"})
    return Dropped(_text(where, fields, "text"), _text(where, fields, "reason"))


def _fields(where: str, item: object, known: set[str]) -> Mapping[str, Any]:
    if not isinstance(item, Mapping):
        raise _wrong(where, f"it must be an object with {', '.join(sorted(known))}.")
    fields = {str(key): value for key, value in cast("Mapping[object, Any]", item).items()}
    if unknown := sorted(set(fields) - known):
        raise _wrong(where, f"{unknown[0]} is not a field of it; the fields are: {', '.join(sorted(known))}.")
    return fields


def _text(where: str, fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _wrong(where, f"{name} must be text.")
    return value


def _word(where: str, fields: Mapping[str, Any], name: str, words: Sequence[str]) -> str:
    value = _text(where, fields, name)
    if value not in words:
        raise _wrong(where, f"{name} must be one of {', '.join(words)}, not {value!r}.")
    return value


def _wrong(where: str, why: str) -> Refusal:
    return Refusal("invalid_argument", f"Nothing was saved. {where}: {why}")
