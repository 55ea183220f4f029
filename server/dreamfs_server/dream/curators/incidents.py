"""What a recurring alert or cause was each time: one short page each, every finding with its count, as people's words."""

from collections.abc import Sequence

from dreamfs_server.dream.curators.filing import new_path
from dreamfs_server.dream.curators.wording import fragment, slug
from dreamfs_server.dream.evidence.guard import may_tell
from dreamfs_server.dream.evidence.people.findings import Finding
from dreamfs_server.dream.evidence.support import is_rule, told
from dreamfs_server.dream.material import Material
from dreamfs_tools.dreaming import Card, Proposal, ProposedChange

folder = "incidents"
alerts_max = 3


def incident_proposals(material: Material, cards: Sequence[Card]) -> list[tuple[Proposal, float]]:
    """A page for each that recurs and of which people agreed, in three sessions on two days, what it was or what ended it."""
    result: list[tuple[Proposal, float]] = []
    for card in cards:
        if card.data.get("once") or not card.data["rule"] or not may_tell(card.data["name"], "name"):
            continue
        findings = [(topic, group) for topic in ("cause", "fix") if _may_say(group := card.data[topic])]
        if not findings or _known(material, card, [group[0].value for _, group in findings]):
            continue
        of = len({place.root for place in card.data["places"]})
        lines = _lines(card, findings, of)
        path = new_path(material, folder, slug(card.data["name"]), [p.changes[0].path for p, _ in result])
        name = card.data["name"]
        change = ProposedChange("create", path, file_text=f"# {name}\n\n{lines}\n", expected_version=0)
        best = next(
            (f"it was “{g[0].value}”" for t, g in findings if t == "cause"), f"ended by “{findings[0][1][0].value}”"
        )
        title = f"{name}: {best}" if card.data["is_alert"] else f"“{name}” caused incidents again and again"
        rationale = (
            f"Mined, no model. {card.body}\nWhat people say is their claim; the page says how many of them said it."
        )
        result.append((Proposal(0, title[:255], rationale[:4_000], [change], claims=list(card.claims)), card.weight))
    return result


def _lines(card: Card, findings: Sequence[tuple[str, Sequence[Finding]]], of: int) -> str:
    days: list[str] = card.data["days"]
    span = f", {days[0]} to {days[-1]}" if len(days) > 1 else ""
    seen = told(card.claims[0].support)
    lines = [
        f"- {fragment(card.data['name'])} fired in {seen}{span}."
        if card.data["is_alert"]
        else f"- Named as the cause in {seen}{span}{_of(card)}."
    ]
    for topic, group in findings:
        if topic == "cause" and not card.data["is_alert"]:
            continue
        said = len({f.place.root for f in group})
        what = "It was" if topic == "cause" else "What ended it"
        lines.append(f"- {what}, by the last words of people in {said} of {of}: “{group[0].value}”.")
    return "\n".join([*lines, "- Claims of people in threads; look before you rely on them."])


def _of(card: Card) -> str:
    """The alerts that fired there."""
    alerts: Sequence[str] = card.data["alerts"][:alerts_max]
    return f", where {' and '.join(map(fragment, alerts))} fired" if alerts else ""


def _may_say(group: Sequence[Finding]) -> bool:
    return bool(group) and is_rule({f.place for f in group}) and may_tell(group[0].value, group[0].topic)


def _known(material: Material, card: Card, values: Sequence[str]) -> bool:
    name = card.data["name"].lower()
    return any(
        name in text and all(value.lower() in text for value in values)
        for text in (" ".join(memory.text.lower().split()) for memory in material.memories)
    )
