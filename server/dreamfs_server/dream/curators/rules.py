"""Recurring errors as short rules: when, what then worked, how often, and what did not."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from dreamfs_server.dream.curators.filing import append, new_path, topic_file
from dreamfs_server.dream.curators.wording import fragment, is_destructive, is_forced, reads_as_order, slug
from dreamfs_server.dream.evidence.families import NO_MESSAGE
from dreamfs_server.dream.evidence.labels import REPEAT
from dreamfs_server.dream.evidence.recovery import Tally
from dreamfs_server.dream.evidence.signature import LINT_RULE
from dreamfs_server.dream.evidence.support import rule_tasks_min, told
from dreamfs_server.dream.evidence.templates import WILDCARD
from dreamfs_server.dream.material import Material
from dreamfs_tools.dreaming import Card, Proposal, ProposedChange

floor_min = 0.3
"""Of the success rate's 90 % interval, below which what was done next is not recommended."""
dead_end_tried_min = 3
observed_sessions_min = 5
observed_name = "observed"
rules_a_file_max = 3
enforced_name = "lint-rules"
enforced_rules_min = 2
_OTHER_NUMBER = re.compile(r"write `[\d.]+` for `[\d.]+`")
"""That another number did not help says nothing of what to do: it was changed in passing."""
restated_share = 0.3
"""Of its weight, what a rule keeps that says what the error message says."""


def rule_proposals(material: Material, cards: Sequence[Card]) -> list[tuple[Proposal, float]]:
    """Proposals with their weight; rules that belong in one file are one proposal, since they would touch the same lines."""
    by_file: dict[str, list[tuple[Card, str, str]]] = {}
    new: list[tuple[Proposal, float]] = []
    for card in cards:
        if not card.data["rule"] or card.data["expected"] or card.data.get("explained"):
            continue
        if (told_rule := _rule(card)) is None:
            continue
        title, block = told_rule
        if _known(material, card):
            continue
        home = topic_file(material, card.data["programs"], _topic_words(card.data["signature"]))
        if home is not None:
            by_file.setdefault(home.path, []).append((card, title, block))
        else:
            path = new_path(material, "known-errors", slug(_subject(card)), [p.changes[0].path for p, _ in new])
            change = ProposedChange("create", path, file_text=f"# {_heading(card)}\n\n{block}\n", expected_version=0)
            new.append((_proposal([(card, title, block)], change), _worth(card, title)))
    memories = {memory.path: memory for memory in material.memories}
    for path, rules in by_file.items():
        chosen = rules[:rules_a_file_max]
        block = "\n\n".join(f"## {_heading(card)}\n\n{text}" for card, _, text in chosen)
        new.append((_proposal(chosen, append(memories[path], block)), sum(card.weight for card, _, _ in chosen)))
    return new + _observed(material, cards) + _enforced(material, cards)


def _worth(card: Card, title: str) -> float:
    """The card's weight; less where the error message itself names the way out, since whoever meets it is told already."""
    advice = title.removeprefix(_short(card))
    named = re.findall(r"`([^`]+)`", advice)
    signature: str = card.data["signature"].lower()
    restated = bool(named) and all(re.search(rf"\b{re.escape(word.lower())}\b", signature) for word in named)
    return restated_share * card.weight if restated else card.weight


def _observed(material: Material, cards: Sequence[Card]) -> list[tuple[Proposal, float]]:
    """One page of strong observations from logs without dates, which cannot become rules: said as what they are."""
    rules: list[tuple[Card, str, str]] = []
    for card in cards:
        found = card.claims[0].support
        if card.data["rule"] or card.data["expected"] or card.data["days"] or _known(material, card):
            continue
        if (
            found.sessions >= observed_sessions_min
            and found.tasks >= rule_tasks_min
            and (said := _rule(card)) is not None
        ):
            rules.append((card, *said))
    if not rules:
        return []
    head = (
        "# Errors seen, not yet rules\n\nFrom logs without dates, so that it is not known whether they recur over days. "
        "Hypotheses with their counts."
    )
    text = "\n\n".join([head, *(f"## {_heading(card)}\n\n{block}" for card, _, block in rules)])
    home = next((m for m in material.memories if m.path == f"{material.mount}/known-errors/{observed_name}.md"), None)
    if home is not None:
        change = append(home, text.partition("\n\n## ")[1].strip("\n") + text.partition("\n\n## ")[2])
    else:
        path = new_path(material, "known-errors", observed_name)
        change = ProposedChange("create", path, file_text=f"{text}\n", expected_version=0)
    return [(_proposal(rules, change), sum(card.weight for card, _, _ in rules))]


def _enforced(material: Material, cards: Sequence[Card]) -> list[tuple[Proposal, float]]:
    """One page of the lint rules that are broken again and again: each is a legitimate step, all of them are a convention."""
    chosen = [
        card
        for card in cards
        if card.data["rule"]
        and re.fullmatch(rf"{LINT_RULE} [\w-]+", card.data["signature"])
        and not _known(material, card)
    ]
    if len(chosen) < enforced_rules_min:
        return []
    path = new_path(material, "known-errors", enforced_name)
    lines = [
        f"- `{card.data['signature'].removeprefix(f'{LINT_RULE} ')}`: {card.claims[0].statistics['count']} times in "
        f"{told(card.claims[0].support)}"
        for card in chosen
    ]
    text = (
        "# Lint rules that are broken again and again\n\nWrite so that they hold before the linter runs.\n\n"
        + "\n".join(lines)
    )
    change = ProposedChange("create", path, file_text=f"{text}\n", expected_version=0)
    title = f"Lint rules broken again and again: {', '.join(line.split('`')[1] for line in lines[:4])}"
    return [
        (
            _proposal([(card, title, text) for card in chosen[:1]] + [(card, "", "") for card in chosen[1:]], change),
            sum(card.weight for card in chosen),
        )
    ]


def _proposal(rules: Sequence[tuple[Card, str, str]], change: ProposedChange) -> Proposal:
    titles = [title for _, title, _ in rules if title]
    saved = sum(card.weight for card, _, _ in rules)
    claims = [claim for card, _, _ in rules for claim in card.claims]
    forced = is_forced(change.file_text + change.new_str)
    return Proposal(
        number=0,
        title=titles[0] if len(titles) == 1 else f"{titles[0]} (and {len(titles) - 1} more)",
        rationale=(
            f"Mined, no model. {' '.join(_why(card) for card, _, _ in rules)} "
            f"Together these errors cost about {saved:.0f} calls in the transcripts read."
        ),
        changes=[change],
        claims=claims,
        risk="medium" if forced else "low",
        flags=["The recommended command goes past a guard; look twice."] if forced else [],
    )


def _why(card: Card) -> str:
    before = " ".join(claim.text for claim in card.claims[1:] if "condition" in claim.statistics)
    return f"{card.claims[0].text}{before and f' {before}'}{_contrast(card.data['contrast'])}"


def _contrast(contrast: dict[str, int]) -> str:
    if not contrast or not contrast["same_tasks"]:
        return ""
    return (
        f" Of {contrast['with']} sessions with it {contrast['with_success']} succeeded, of {contrast['same_tasks']} without it "
        f"in the same tasks {contrast['same_tasks_success']}."
    )


def _rule(card: Card) -> tuple[str, str] | None:
    """Title and text; None where nothing can be said that the error message does not say."""
    said = fragment(card.data["signature"])
    if not said or card.data["signature"].startswith((f"{WILDCARD} exit code", NO_MESSAGE)):
        return None  # different programs, with nothing in common
    tallies: list[Tally] = [tally for tally in card.data["tallies"] if _may_say(tally)]
    good = next((t for t in tallies if t.label != REPEAT and t.worked >= 2 and t.floor >= floor_min), None)
    also = next(
        (
            t
            for t in tallies
            if good
            and good.floor < 0.6
            and t is not good
            and t.way != good.way
            and t.worked >= 3
            and t.floor >= 0.5
            and t.label != REPEAT
        ),
        None,
    )
    bad = [
        t
        for t in tallies
        if t.tried >= dead_end_tried_min
        and 3 * t.worked <= t.tried
        and t is not good
        and not _OTHER_NUMBER.fullmatch(t.label)
    ]
    stuck: int = card.data["stuck"]
    before: Mapping[str, Any] | None = card.data.get("before")
    if good is None and not bad and not stuck and not before:
        return None
    where = _where(card)
    lines = [f"- When {where} answers {said}:"]
    if good:
        lines.append(f"- Do: {good.label}. That worked in {good.worked} of {good.tried} sessions that tried it.")
    if before:
        lines.append(
            f"- It comes far more often where {before['condition']}: {before['failed_with']} of {before['calls_with']} such calls "
            f"failed so, {before['failed_without']} of {before['calls_without']} others (an association)."
        )
    if also:
        lines.append(f"- Or: {also.label}; {also.worked} of {also.tried}.")
    if stuck:
        lines.append(f"- Do not try it again: no later attempt worked, in any of the {stuck} sessions that tried.")
    lines += [f"- Do not: {t.label}; that worked in {t.worked} of {t.tried}." for t in bad[:2]]
    days: list[str] = card.data["days"]
    span = "undated" if not days else f"{days[0]} to {days[-1]}" if days[0] != days[-1] else days[0]
    cost = card.data["cost_calls"]
    lines.append(
        f"- Seen {card.claims[0].statistics['count']} times in {told(card.claims[0].support)} ({span})"
        + (f", {cost:.1f} calls lost each time." if cost >= 1.5 else ".")
    )
    advice = good.label if good else f"do not {bad[0].label}" if bad else "trying again never worked"
    if before:
        advice = f"far more often where {before['condition']}"
    title = f"{_short(card)}: {advice}"
    return title[:255], "\n".join(lines)


def _may_say(tally: Tally) -> bool:
    """Commands stand in code quotes; one that destroys, or a quote that reads as an order, is not passed on."""
    quoted = re.findall(r"`([^`]*)`", tally.label)
    return (
        not is_destructive(tally.label)
        and not any(reads_as_order(f"{text} ") and len(text.split()) > 3 for text in quoted)
        and tally.label.count("`") % 2 == 0
    )


def _where(card: Card) -> str:
    named = [tool for tool in card.data["tools"] if tool != "tool"] or card.data["tools"]
    tools = " or ".join(f"`{tool}`" for tool in named[:3])
    programs = [p for p in card.data["programs"] if re.fullmatch(r"[\w.+-]{1,30}", p)]
    return f"{tools} (`{programs[0]}`)" if programs and len(programs) <= 2 else tools


def _subject(card: Card) -> str:
    program = card.data["programs"][0] if len(card.data["programs"]) == 1 else ""
    signature: str = card.data["signature"]
    return signature if program.lower() in signature.lower() else f"{program} {signature}"


def _short(card: Card) -> str:
    signature = fragment(card.data["signature"]).strip("`").strip()
    return signature if len(signature) <= 80 else signature[:79] + "…"


def _heading(card: Card) -> str:
    return " ".join(_short(card).replace("`", "").split())


def _topic_words(signature: str) -> list[str]:
    return [
        word for word in re.findall(r"[A-Za-z]{5,}", re.sub(r"<[\w*]+>", " ", signature)) if word.lower() not in _COMMON
    ]


_COMMON = frozenset(
    [
        "error",
        "errors",
        "failed",
        "failure",
        "cannot",
        "could",
        "found",
        "file",
        "files",
        "directory",
        "command",
        "value",
        "values",
        "invalid",
        "first",
        "before",
        "writing",
        "again",
    ]
)


def _known(material: Material, card: Card) -> bool:
    """Whether a memory already names this error together with what worked."""
    pieces = [piece.strip() for piece in re.split(r"<[\w*]+>", card.data["signature"])]
    longest = max(pieces, key=len, default="").rstrip(".").lower()
    if len(longest) < 8:
        return False
    tallies: Any = card.data["tallies"]
    codes = [code.lower() for tally in tallies[:2] for code in re.findall(r"`([^`]+)`", tally.label)]
    longest = longest[:80]
    for memory in material.memories:
        text = " ".join(memory.text.lower().split())
        if longest in text and (not codes or any(code in text for code in codes)):
            return True
    return False
