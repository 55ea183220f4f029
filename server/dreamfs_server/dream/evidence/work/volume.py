"""What fills the context: files, commands and tools whose answers are so large, over many sessions, that knowing of it saves something.

*Large* is an answer of `large` characters. `some` are enough where they make up `share_min` of all that tools gave back, or where a narrower
form of the command printed a third or less. Three sessions on two days, of three tasks where they are known, have to have been given so
much; the median has to be so much over all reads and runs, and still over those of the latest third of the sessions: what shrank, and what nobody
reads any more, is left out, and so is a file that was missed after it was last there. Of a command three quarters of the runs have to
print half of that or more: what prints now much, now little shows what it was asked for.

A file is told by its path from the folder that a session begins in, so that checkouts of one project count as one. Where what was read under one path
in different folders has hardly a line in common these are files of different projects, and each is told by its whole path.

What counts is what a forewarned agent would spare: of a whole read or a run what exceeds the narrower form, or half of it where nothing
narrower was seen; all of what was given again; and a call wherever the client cut the answer off. What spares less than `spared_min` calls is left out.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from statistics import median

from dreamfs_server.dream.evidence.places.roots import told_path
from dreamfs_server.dream.evidence.places.visits import Atlas, Visit
from dreamfs_server.dream.evidence.support import is_rule
from dreamfs_server.dream.evidence.work.answers import Answer, Kind, sample_lines
from dreamfs_server.dream.evidence.work.forms import Form

large = 20_000
some = 10_000
share_min = 0.05
alike_share = 3 / 4
spared_min = 2.0
characters_a_call = 20_000.0
"""That are put equal to a call."""
narrower_ratio_max = 1 / 3
narrower_runs_min = 3
alike_min = sample_lines // 4
"""Lines in common, of those sampled, by which two files of one path are versions of one."""


@dataclass(frozen=True, slots=True)
class Narrower:
    """What gives less than the whole: a part of a file, or a form of a command that prints a third or less."""

    name: str = ""
    answers: Sequence[Answer] = ()

    @property
    def characters(self) -> float:
        """Median; 0 where there is nothing narrower."""
        return median(one.characters for one in self.answers) if self.answers else 0.0


@dataclass(frozen=True, slots=True)
class Filling:
    """Something that fills the context."""

    kind: Kind
    name: str
    answers: Sequence[Answer]
    """All reads of a file, or all runs of a command in this form."""
    whole: Sequence[Answer]
    """Those that were to give the whole, in full or cut off."""
    characters: float
    """Median of those in full; 0 where most were cut off and the others are not even `some`."""
    total: int
    share: float
    """Of all that tools gave back."""
    narrower: Narrower

    @property
    def cut(self) -> Sequence[Answer]:
        return [one for one in self.whole if one.cut]

    @property
    def again(self) -> Sequence[Answer]:
        return [one for one in self.answers if one.again]

    @property
    def spared(self) -> float:
        """In calls, what a forewarned agent would spare."""
        full = [one.characters for one in self.whole if not (one.cut or one.again)]
        least = self.narrower.characters if self.narrower.answers else None
        over = sum(max(0.0, characters - (characters / 2 if least is None else least)) for characters in full)
        again = sum(one.characters for one in self.again)
        return (over + again) / characters_a_call + len(self.cut)


def filling(given: Iterable[Answer], visits: Sequence[Visit], atlas: Atlas) -> list[Filling]:
    """What fills the context, each thing once.

    Args:
        given: what all calls of all sessions gave back, in any order.
        visits: what the sessions touched.
        atlas: what all of them know of paths.
    """
    known = once(given)
    total = sum(one.characters for one in known)
    late = latest(visits)
    found: list[Filling | None] = []
    for name, reads in sorted(_files(known, visits, atlas).items()):
        found.append(_file(name, reads, total, late))
    for _, runs in sorted(_by(known, "command", lambda one: one.name).items()):
        found.append(_command(runs, total, late))
    for name, calls in sorted(_by(known, "tool", lambda one: one.name).items()):
        found.append(_finding("tool", name, calls, calls, Narrower(), total, late))
    return [one for one in found if one is not None and one.spared >= spared_min]


def once(given: Iterable[Answer]) -> list[Answer]:
    """Answers in one order, without copies of one event in resumed conversations."""
    owner: dict[tuple[str, str], str] = {}
    ordered = sorted(given, key=lambda one: (one.place, one.position))
    return [
        one
        for one in ordered
        if not one.key[0] or owner.setdefault(one.key, one.place.session_id) == one.place.session_id
    ]


def latest(visits: Sequence[Visit]) -> frozenset[str]:
    """The latest third of the sessions by when they began, one at least; undated ones are none."""
    began: dict[str, str] = {}
    for visit in visits:
        if visit.at:
            began[visit.place.root] = min(visit.at, began.get(visit.place.root, visit.at))
    ordered = sorted(began, key=lambda root: (began[root], root))
    return frozenset(ordered[-max(1, len(ordered) // 3) :])


def _by(given: Iterable[Answer], kind: Kind, name: Callable[[Answer], str]) -> dict[str, list[Answer]]:
    result: dict[str, list[Answer]] = defaultdict(list)
    for one in given:
        if one.kind == kind:
            result[name(one)].append(one)
    return result


def _files(known: Sequence[Answer], visits: Sequence[Visit], atlas: Atlas) -> dict[str, list[Answer]]:
    """The reads of each file that is still there, by the path that it is told by."""
    of_session = {visit.place.session_id: visit for visit in visits}
    groups = _by(known, "file", lambda one: atlas.told(of_session[one.place.session_id], one.name))
    result: dict[str, list[Answer]] = defaultdict(list)
    for path, reads in groups.items():
        if path in atlas.missed and atlas.missed[path] > atlas.last.get(path, ""):
            continue
        samples: dict[str, set[int]] = defaultdict(set)
        for one in reads:
            samples[atlas.root_of[one.place.session_id]] |= one.sample
        same = _are_one(samples)
        for one in reads:
            result[path if same else told_path(one.name, "")].append(one)
    return result


def _are_one(samples: Mapping[str, set[int]]) -> bool:
    """Whether what was read in different folders are versions of one file; a folder in which it was not read whole says nothing."""
    sampled = [found for found in samples.values() if found]
    if not sampled:
        return True
    widest = max(sampled, key=len)
    return all(len(found & widest) >= min(alike_min, len(found)) for found in sampled)


def _file(name: str, reads: Sequence[Answer], total: int, late: frozenset[str]) -> Filling | None:
    whole = [one for one in reads if not one.part]
    parts = Narrower("part", [one for one in reads if one.part and not one.cut])
    enough = len(parts.answers) >= narrower_runs_min and _is_third(parts.answers, whole)
    return _finding("file", name, reads, whole, parts if enough else Narrower(), total, late)


def _command(runs: Sequence[Answer], total: int, late: frozenset[str]) -> Filling | None:
    """The form of a command that printed most in all, with the narrower one that was run most often."""
    forms: dict[Form, list[Answer]] = defaultdict(list)
    for run in runs:
        if run.form is not None:
            forms[run.form].append(run)
    ordered = sorted(forms, key=lambda one: one.label)
    widest = max(ordered, key=lambda one: sum(run.characters for run in forms[one]))
    wide = forms[widest]
    middle = median(map(_size, wide))
    if sum(run.cut or run.characters >= middle / 2 for run in wide) < alike_share * len(wide):
        return None
    narrower = [one for one in ordered if one.filters >= widest.filters and _is_narrower(one, forms[one], widest, wide)]
    best = max(narrower, key=lambda one: len(forms[one]), default=None)
    least = Narrower(best.label, forms[best]) if best is not None else Narrower()
    return _finding("command", widest.label, wide, wide, least, total, late)


def _is_narrower(one: Form, runs: Sequence[Answer], widest: Form, wide: Sequence[Answer]) -> bool:
    """Whether one form prints a third of another or less, whatever the outcome; failures print more, and a filter hides which they are."""
    compared: list[bool] = []
    for failed in (False, True):
        theirs = [run for run in wide if run.failed is failed]
        ours = [run for run in runs if run.failed is failed or one.filters > widest.filters]
        if min(len(ours), len(theirs)) >= narrower_runs_min:
            compared.append(_is_third(ours, theirs))
    return bool(compared) and all(compared)


def _is_third(ours: Sequence[Answer], theirs: Sequence[Answer]) -> bool:
    least = median(map(_size, ours))
    return bool(theirs) and least < inf and least <= narrower_ratio_max * median(map(_size, theirs))


def _finding(
    kind: Kind,
    name: str,
    all_answers: Sequence[Answer],
    whole: Sequence[Answer],
    narrower: Narrower,
    total: int,
    late: frozenset[str],
) -> Filling | None:
    """The finding, where enough sessions were given so much, and still are."""
    sum_of_all = sum(one.characters for one in all_answers)
    share = sum_of_all / max(total, 1)
    least = some if share >= share_min or (kind == "command" and narrower.answers) else large
    now = [one for one in whole if one.place.root in late]
    if not now or not is_rule(one.place for one in whole if _size(one) >= least):
        return None
    if min(median(map(_size, some_of)) for some_of in (whole, now)) < least:
        return None
    in_full = median([one.characters for one in whole if not one.cut] or [0])
    characters = float(in_full) if in_full >= some else 0.0
    return Filling(kind, name, all_answers, whole, characters, sum_of_all, share, narrower)


def _size(one: Answer) -> float:
    """What was cut off was too much, however much it was."""
    return inf if one.cut else float(one.characters)
