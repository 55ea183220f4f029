"""What every proposal has to pass, whoever made it; DESIGN section 10 step 4.

`validate` is pure: it looks at one snapshot and gives the proposal as it would be saved, or refuses and names each claim
and change that failed, and why. Nothing that a proposal says about itself is believed: quotes are looked up, support is
counted, statistics are mined again, the diff is computed.
"""

from collections.abc import Sequence
from dataclasses import replace

from dreamfs_server.dream.answered import answered_before
from dreamfs_server.dream.apply import FileChange, Folded, fold, retirement_note
from dreamfs_server.dream.citations import Cited, Uncited, resolve
from dreamfs_server.dream.evidence.guard import orders_agents
from dreamfs_server.dream.evidence.memories.duplicates import note_of, says_all
from dreamfs_server.dream.evidence.orders import addresses_agents
from dreamfs_server.dream.evidence.people.refusals import refused_with
from dreamfs_server.dream.evidence.said import own_spans, without_quotations
from dreamfs_server.dream.fingerprint import evidence_key, fingerprint, known_already
from dreamfs_server.dream.gather import PROPOSALS_COUNT_MAX
from dreamfs_server.dream.risk import higher, risk_of
from dreamfs_server.dream.support import check, overstated, with_count, with_statistics
from dreamfs_server.dream.wording import added_lines, lost, orders, relative_dates, removed_lines
from dreamfs_tools.derived import believed_again
from dreamfs_tools.dreaming import Card, Claim, Dream, Proposal
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Snapshot, Tree
from dreamfs_tools.secrets import find_secrets
from dreamfs_tools.transcript import Event

TITLE_CHARACTERS_MAX = 255
RATIONALE_CHARACTERS_MAX = 4_096
REASON_CHARACTERS_MAX = 1_024
CLAIM_CHARACTERS_MAX = 1_024
CHANGES_COUNT_MAX = 20
CLAIMS_COUNT_MAX = 20
EVIDENCE_COUNT_MAX = 20
DROPPED_COUNT_MAX = 100
WRITTEN_BYTES_MAX = 262_144
_TOKENS_SHOWN_MAX = 8


def validate(snapshot: Snapshot, dream: Dream, proposal: Proposal, mined: Sequence[Card]) -> Proposal:
    """Check a proposal for an open dream.

    Args:
        snapshot: the present.
        dream: the one that proposes.
        proposal: as it was submitted.
        mined: the cards that mining the dream's transcripts again gives; see `recompute.needs_mining`.

    Returns:
        It, with base version, diffs, support, risk, flags, status and fingerprints as found.

    Raises:
        Refusal: `invalid_argument`, `limit`, `secret`, `already_exists` or `conflict`; nothing is to be saved.
    """
    store = snapshot.store(dream.store)
    if store is None or store.archived_at is not None or store.access == "ro":
        state = "no longer exists" if store is None else "can only be read"
        raise Refusal("read_only", f"The proposal was not saved: the store /{dream.store} {state}.")
    _check_sizes(proposal)
    made = snapshot.dreams.proposals(dream.dream_id)
    if len(made) >= PROPOSALS_COUNT_MAX:
        raise Refusal(
            "limit",
            f"The proposal was not saved: dream {dream.dream_id} has made {len(made)} proposals; at most "
            f"{PROPOSALS_COUNT_MAX} are allowed. Finish it with dream_status.",
        )
    version = base_version(dream, store.head)
    base = snapshot.tree(dream.store, version)
    mount = f"/{dream.store}"
    folded = fold(base, mount, proposal.changes, note=retirement_note(dream.created_at, f"dream {dream.dream_id}"))
    claims, cited, failures = _check_claims(snapshot, dream, base, proposal, mined)
    failures = [*folded.failures, *failures]
    if not folded.failures:
        failures += _check_texts(folded, base, proposal, mount, store.limits.content_bytes)
    if failures:
        listed = "\n".join(f"- {failure}" for failure in failures)
        raise Refusal(
            "invalid_argument",
            f"The proposal was not saved. Correct this and propose it again:\n{listed}",
            failures=failures,
        )
    _check_secrets(proposal, folded)
    memories = {one.evidence.source: one.memory.sha256 or "" for one in cited if one.memory is not None}
    checked = replace(
        proposal,
        number=0,
        changes=folded.changes,
        claims=claims,
        base_version=version,
        diff=folded.diff(mount),
        fingerprint=proposal.fingerprint or fingerprint(proposal.changes),
        evidence_key=proposal.evidence_key or evidence_key(claims, memories),
    )
    _check_new(snapshot, dream, checked)
    found = _orders(folded, cited)
    return replace(
        checked,
        status="quarantined" if found else "pending",
        risk=higher(proposal.risk, risk_of(folded.files, checked, quarantined=bool(found))),
        flags=[
            *proposal.flags,
            *_flags(claims, cited),
            *answered_before(snapshot, dream, checked),
            *(f"reads as an order out of tool output: {order}" for order in found),
        ],
    )


def base_version(dream: Dream, head: int) -> int:
    """Against which version a dream's changes are made: a client sees the present, other curators the snapshot."""
    return head if dream.curator in {"client", "revert"} else dream.snapshot_version


def _check_sizes(proposal: Proposal) -> None:
    texts = (
        ("title", len(proposal.title), TITLE_CHARACTERS_MAX, "characters"),
        ("rationale", len(proposal.rationale), RATIONALE_CHARACTERS_MAX, "characters"),
        (
            "longest claim",
            max((len(claim.text) for claim in proposal.claims), default=0),
            CLAIM_CHARACTERS_MAX,
            "characters",
        ),
        ("list of changes", len(proposal.changes), CHANGES_COUNT_MAX, "entries"),
        ("list of claims", len(proposal.claims), CLAIMS_COUNT_MAX, "entries"),
        (
            "longest list of evidence",
            max((len(claim.evidence) for claim in proposal.claims), default=0),
            EVIDENCE_COUNT_MAX,
            "entries",
        ),
        ("list of what was dropped", len(proposal.dropped), DROPPED_COUNT_MAX, "entries"),
        (
            "longest reason",
            max((len(drop.reason) for drop in proposal.dropped), default=0),
            REASON_CHARACTERS_MAX,
            "characters",
        ),
        (
            "text to write",
            sum(
                len((change.file_text + change.new_str).encode("utf-8", "surrogatepass")) for change in proposal.changes
            ),
            WRITTEN_BYTES_MAX,
            "bytes",
        ),
    )
    for what, size, limit, unit in texts:
        if size > limit:
            raise Refusal(
                "limit", f"The proposal was not saved: its {what} has {size:,} {unit}; at most {limit:,} are allowed."
            )
    for what, empty in (
        ("a title", not proposal.title.strip()),
        ("a rationale: why a person should accept it", not proposal.rationale.strip()),
        ("at least one change", not proposal.changes),
        ("at least one claim with its evidence", not proposal.claims),
    ):
        if empty:
            raise Refusal("invalid_argument", f"The proposal was not saved: it needs {what}.")


def _check_claims(
    snapshot: Snapshot, dream: Dream, base: Tree, proposal: Proposal, mined: Sequence[Card]
) -> tuple[list[Claim], list[Cited], list[str]]:
    touched = {change.path for change in proposal.changes}
    claims: list[Claim] = []
    cited: list[Cited] = []
    failures: list[str] = []
    for number, claim in enumerate(proposal.claims, 1):
        found: list[Cited] = []
        wrong: list[str] = []
        for position, evidence in enumerate(claim.evidence, 1):
            try:
                found.append(resolve(snapshot, dream, base, evidence))
            except Uncited as uncited:
                wrong.append(f"evidence {position}: {uncited}")
        checked, why = check(with_statistics(claim, mined), found, mined)
        if not wrong:
            wrong = [*why, *_self_citing(found, touched)] or overstated(checked, mined)
        if not claim.text.strip():
            wrong.append("it has no text.")
        failures += [f"claim {number}: {reason}" for reason in wrong]
        claims.append(with_count(checked))
        cited += found
    return claims, cited, failures


def _self_citing(cited: Sequence[Cited], touched: set[str]) -> list[str]:
    """Whether a claim rests on nothing but what dreams wrote, other than to merge it."""
    others = [one for one in cited if not one.by_dream]
    if others or not cited or all(one.evidence.source in touched for one in cited):
        return []
    return [f"{cited[0].evidence.source} was written by a dream; it can be cited to merge it, not as support."]


def _check_texts(folded: Folded, base: Tree, proposal: Proposal, mount: str, content_bytes: int) -> list[str]:
    failures: list[str] = []
    for file in folded.files:
        shown = f"{mount}/{file.new_path}"
        if (size := len(file.after.encode("utf-8", "surrogatepass"))) > content_bytes:
            failures.append(f"{shown} would have {size:,} bytes; at most {content_bytes:,} are allowed.")
        if "\0" in file.after or not _is_utf8(file.after):
            failures.append(f"{shown} would hold a NUL or a lone surrogate; write plain UTF-8 text.")
        if file.before.strip() and not file.after.strip():
            failures.append(f"{shown} would be left empty; nothing is deleted: retire it, and say what replaced it.")
        if not file.retires:
            failures += [
                f"{shown} line {line}: “{words}” is a relative date; write the date itself, such as 2026-11-22."
                for line, words in relative_dates(file.before, file.after)
            ]
        missing = lost(_removed(file), _kept(folded, base, proposal, mount), proposal.dropped)
        if missing and file.retires and _said_elsewhere(file, folded, base, proposal, mount):
            missing = []
        if missing:
            words = ", ".join(f"“{word}”" for word in missing[:_TOKENS_SHOWN_MAX])
            more = f" and {len(missing) - _TOKENS_SHOWN_MAX} more" if len(missing) > _TOKENS_SHOWN_MAX else ""
            failures.append(
                f"{mount}/{file.path}: the new text no longer says {words}{more}. Keep it, or list it in dropped with the "
                "reason."
            )
    failures += [
        f"dropped {number}: say what was dropped and the reason."
        for number, drop in enumerate(proposal.dropped, 1)
        if not drop.text.strip() or not drop.reason.strip()
    ]
    return failures


def _removed(file: FileChange) -> list[str]:
    return file.before.split("\n") if file.retires else removed_lines(file.before, file.after)


def _kept(folded: Folded, base: Tree, proposal: Proposal, mount: str) -> str:
    """All that the proposal leaves where readers look: its files, and what replaces a retired one."""
    texts = {file.new_path: file.after for file in folded.files if not file.retires}
    for change in proposal.changes:
        path = change.new_path.removeprefix(mount + "/")
        if change.operation == "retire" and path not in texts:
            entry = base.entry(path)
            texts[path] = (base.text(entry) or "") if entry is not None and entry.kind == "file" else ""
    return "\n".join(texts.values())


def _said_elsewhere(file: FileChange, folded: Folded, base: Tree, proposal: Proposal, mount: str) -> bool:
    """Whether what replaces a retired file has its every statement, in whatever form; numbers of steps are no numbers."""
    target = next(
        (c.new_path for c in proposal.changes if c.operation == "retire" and c.path == f"{mount}/{file.path}"), ""
    )
    inside = target.removeprefix(mount + "/")
    texts = {one.new_path: one.after for one in folded.files if not one.retires}
    entry = base.entry(inside) if inside and inside not in texts else None
    kept = texts.get(inside) or (entry is not None and entry.kind == "file" and base.text(entry)) or ""
    live = {f"{mount}/{one.path}" for one in base.walk()}
    return bool(kept) and says_all(note_of(target, kept, live), note_of(f"{mount}/{file.path}", file.before, live))


def _check_secrets(proposal: Proposal, folded: Folded) -> None:
    texts = [
        (file.new_path, "\n".join(line for _, line in added_lines(file.before, file.after))) for file in folded.files
    ]
    texts += [("the title", proposal.title), ("the rationale", proposal.rationale)]
    texts += [(f"claim {number}", claim.text) for number, claim in enumerate(proposal.claims, 1)]
    texts += [(f"dropped {number}", drop.text + "\n" + drop.reason) for number, drop in enumerate(proposal.dropped, 1)]
    for where, text in texts:
        if secrets := find_secrets(text):
            raise Refusal(
                "secret", f"The proposal was not saved: {where} holds a secret ({secrets[0].kind}). Leave it out."
            )


def _check_new(snapshot: Snapshot, dream: Dream, proposal: Proposal) -> None:
    believed = believed_again(snapshot, dream.store).proposals
    for other in snapshot.dreams.dreams(dream.store):
        earlier = snapshot.dreams.proposals(other.dream_id)
        known = known_already(proposal, [one for one in earlier if f"{other.dream_id}/{one.number}" not in believed])
        if known is not None:
            raise Refusal(
                "already_exists",
                f"The proposal was not saved: proposal {known.number} of dream {other.dream_id} says the same on the same "
                f"evidence and is {known.status}. Propose it again only with new evidence.",
                dream_id=other.dream_id,
                proposal=known.number,
            )


def _orders(folded: Folded, cited: Sequence[Cited]) -> list[str]:
    """Instruction-like text among what is added, unless a cited quote shows that a person said those very words.

    Words that a person quotes or pastes are not theirs, and a message that addresses agents over people's heads vouches for nothing.
    """
    events = [event for one in cited for event in one.events]
    said = _plain("\n".join(filter(None, map(_own_words, events))))
    output = [event.text for event in events if event.role == "tool" or _overheard(event)]
    added = "\n".join(
        line for file in folded.files if not file.retires for _, line in added_lines(file.before, file.after)
    )
    return [order for order in orders(added, output) if _plain(order) not in said]


def _own_words(event: Event) -> str:
    if span := refused_with(event):
        return "" if addresses_agents(event.text[slice(*span)], by_its_person=True) else event.text[slice(*span)]
    if event.role != "user" or event.kind != "text" or _overheard(event):
        return ""
    if addresses_agents(event.text, by_its_person=not event.speaker):
        return ""
    own = without_quotations(event.text)
    return "\n".join(own[start:end] for start, end in own_spans(event.text))


def _overheard(event: Event) -> bool:
    """Whether somebody in a thread says what agents have to do."""
    return bool(event.speaker) and orders_agents(event.text)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _flags(claims: Sequence[Claim], cited: Sequence[Cited]) -> list[str]:
    flags = [f"hypothesis, not established: {claim.text}" for claim in claims if claim.kind == "hypothesis"]
    if any(one.session is not None and not one.supports for one in cited):
        flags.append("quotes an agent's own words, which are its claim and support nothing")
    if any(one.by_dream for one in cited):
        flags.append("quotes a memory that a dream wrote")
    return flags


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
