"""Recurring errors as short rules: when, what then worked, how often, and what did not."""

import re
from collections.abc import Sequence
from itertools import chain
from typing import Any

from dreamfs_server.dream.curators.filing import append, new_path, topic_file
from dreamfs_server.dream.curators.rule_text import Said, said_of, short
from dreamfs_server.dream.curators.siblings import by_siblings, sibling_lines
from dreamfs_server.dream.curators.wording import is_forced, slug
from dreamfs_server.dream.curators.worth import weight_min
from dreamfs_server.dream.evidence.errors.errors import IN_ANY_WORDS, SILENCE
from dreamfs_server.dream.evidence.errors.recovery import Tally
from dreamfs_server.dream.evidence.errors.signature import LINT_RULE
from dreamfs_server.dream.evidence.support import rule_sessions_min, rule_tasks_min, told
from dreamfs_server.dream.material import Material
from dreamfs_tools.dreaming import Card, Claim, Proposal, ProposedChange

observed_sessions_min = 5
observed_name = "observed"
rules_a_file_max = 3
more_name = "more"
files_max = 6
"""Rules with a file and a proposal of their own: a dream makes ten proposals, and more than errors are to be told."""
together_max = 9
"""Others, that are one proposal."""
claims_max = 20
"""Of one proposal."""
enforced_name = "lint-rules"
enforced_rules_min = 2
_VARIABLE_SET = re.compile(r"(?:add|set) `[A-Z_][A-Z0-9_]*[=`]")
over_share = 0.3
"""Of its weight, what a rule keeps about an error that is perhaps over."""


def rule_proposals(material: Material, cards: Sequence[Card]) -> list[tuple[Proposal, float]]:
    """Proposals with their weight; rules that belong in one file are one proposal, since they would touch the same lines."""
    by_file: dict[str, list[tuple[Card, str, str]]] = {}
    alone: list[tuple[Card, Said]] = []
    for card in cards:
        if not card.data["rule"] or card.data.get("explained") or (card.data["expected"] and not _is_set_up(card)):
            continue
        if (said := said_of(card)) is None:
            continue
        if _known(material, card):
            continue
        home = topic_file(material, card.data["programs"], _topic_words(card.data["signature"]))
        if home is not None:
            by_file.setdefault(home.path, []).append((card, said.title, said.block))
        else:
            alone.append((card, said))
    new = _of_their_own(material, [_told_once(group) for group in by_siblings(alone)])
    memories = {memory.path: memory for memory in material.memories}
    for path, rules in by_file.items():
        chosen = rules[:rules_a_file_max]
        block = "\n\n".join(f"## {_heading(card)}\n\n{text}" for card, _, text in chosen)
        new.append((_proposal(chosen, append(memories[path], block)), sum(card.weight for card, _, _ in chosen)))
    return new + _observed(material, cards) + _enforced(material, cards)


def _told_once(group: Sequence[tuple[Card, Said]]) -> list[tuple[Card, str, str]]:
    """Rules that differ in one value: the words of the first, with a line for each of the others, which bring their claims."""
    card, said = group[0]
    title = said.title if len(group) == 1 else f"{said.title[:220]} (and {len(group) - 1} like it)"
    return [(card, title, f"{said.block}{sibling_lines(group)}"), *((other, "", "") for other, _ in group[1:])]


def _of_their_own(
    material: Material, groups: Sequence[Sequence[tuple[Card, str, str]]]
) -> list[tuple[Proposal, float]]:
    """A file for each of the rules that save most, and one more for all the others that are worth a reader's time."""
    ordered = sorted(groups, key=lambda group: (-_worth_of(group), group[0][1]))
    worth_it = [group for group in ordered if _worth_of(group) >= weight_min]
    apart = worth_it if len(worth_it) <= files_max else worth_it[: files_max - 1]
    made: list[tuple[Proposal, float]] = []
    for group in apart:
        card, _, block = group[0]
        path = new_path(material, "known-errors", slug(_subject(card)), [p.changes[0].path for p, _ in made])
        change = ProposedChange("create", path, file_text=f"# {_heading(card)}\n\n{block}\n", expected_version=0)
        made.append((_proposal(group, change), _worth_of(group)))
    together: list[Sequence[tuple[Card, str, str]]] = []
    for group in worth_it[len(apart) :]:
        more = [*together, group]
        stated = sum(len(_claims(card, text)) for rules in more for card, _, text in rules)
        if sum(map(len, more)) <= together_max and stated <= claims_max:
            together.append(group)
    if together:
        text = "\n\n".join(f"## {_heading(group[0][0])}\n\n{group[0][2]}" for group in together)
        change = _page(material, more_name, "# More errors with a way out", text)
        # Each of them saves less than those above it.
        made.append((_proposal(list(chain.from_iterable(together)), change), _worth_of(together[0])))
    return made


def _page(material: Material, name: str, head: str, text: str) -> ProposedChange:
    """A page below known-errors with a head, or what is added to it where it is there already."""
    path = f"{material.mount}/known-errors/{name}.md"
    home = next((m for m in material.memories if m.path == path and not (m.pinned or m.read_only)), None)
    if home is not None:
        return append(home, text)
    path = new_path(material, "known-errors", name)
    return ProposedChange("create", path, file_text=f"{head}\n\n{text}\n", expected_version=0)


def _is_set_up(card: Card) -> bool:
    """Whether what fails like a step of the work is a matter of the machine: a variable that was set made the same command work."""
    tallies: Sequence[Tally] = card.data["tallies"]
    return (
        bool(tallies) and _VARIABLE_SET.match(tallies[0].label) is not None and tallies[0].worked >= rule_sessions_min
    )


def _worth(card: Card) -> float:
    """The card's weight; less where the error is perhaps over."""
    return over_share * card.weight if card.data["occurrence"].until else card.weight


def _worth_of(group: Sequence[tuple[Card, str, str]]) -> float:
    return sum(_worth(card) for card, _, _ in group)


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
            and (said := said_of(card)) is not None
        ):
            rules.append((card, said.title, said.block))
    if not rules:
        return []
    head = (
        "# Errors seen, not yet rules\n\nFrom logs without dates, so that it is not known whether they recur over days. "
        "Hypotheses with their counts."
    )
    text = "\n\n".join(f"## {_heading(card)}\n\n{block}" for card, _, block in rules)
    change = _page(material, observed_name, head, text)
    return [(_proposal(rules, change), sum(card.weight for card, _, _ in rules))]


def _enforced(material: Material, cards: Sequence[Card]) -> list[tuple[Proposal, float]]:
    """One page of the lint rules that are broken again and again: each is a legitimate step, all of them are a convention."""
    chosen = [
        card
        for card in cards
        if card.data["rule"]
        and re.fullmatch(rf"{LINT_RULE} (?!typecheck$)[\w/-]+", card.data["signature"])
        and not _known(material, card)
    ]
    if len(chosen) < enforced_rules_min:
        return []
    path = new_path(material, "known-errors", enforced_name)
    lines = [
        f"- `{card.data['signature'].removeprefix(f'{LINT_RULE} ')}`: {card.claims[0].statistics['count']} times in "
        f"{told(card.claims[0].support)}{_silenced(card)}"
        for card in chosen
    ]
    text = (
        "# Lint rules that are broken again and again\n\nWrite so that they hold before the linter runs.\n\n"
        + "\n".join(lines)
    )
    if any(_silenced(card) for card in chosen):
        text += (
            "\n\nWhere a rule is silenced more often than kept, perhaps the rule should change. A person decides that."
        )
    change = ProposedChange("create", path, file_text=f"{text}\n", expected_version=0)
    title = f"Lint rules broken again and again: {', '.join(line.split('`')[1] for line in lines[:4])}"
    return [
        (
            _proposal([(card, title, text) for card in chosen[:1]] + [(card, "", "") for card in chosen[1:]], change),
            sum(card.weight for card in chosen),
        )
    ]


def _silenced(card: Card) -> str:
    """In how many sessions the linter was told to pass over it, and how."""
    tally = next((tally for tally in card.data["tallies"] if tally.label.startswith(SILENCE)), None)
    if tally is None or tally.tried < 2:
        return ""
    return f"; silenced {tally.label.removeprefix('silence it ')} in {tally.tried} of {card.claims[0].support.sessions}"


def _proposal(rules: Sequence[tuple[Card, str, str]], change: ProposedChange) -> Proposal:
    titles = [title for _, title, _ in rules if title]
    saved = sum(card.weight for card, _, _ in rules)
    claims = [claim for card, _, _ in rules for claim in _claims(card, change.file_text + change.new_str)]
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


def _claims(card: Card, text: str) -> list[Claim]:
    """The claims that a text rests on: of what was tried, what it names."""
    return [claim for claim in card.claims if "did" not in claim.statistics or claim.statistics["did"] in text]


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


def _subject(card: Card) -> str:
    program = card.data["programs"][0] if len(card.data["programs"]) == 1 else ""
    signature: str = card.data["signature"].removesuffix(IN_ANY_WORDS)
    return signature if program.lower() in signature.lower() else f"{program} {signature}"


def _heading(card: Card) -> str:
    return " ".join(short(card).replace("`", "").split())


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
