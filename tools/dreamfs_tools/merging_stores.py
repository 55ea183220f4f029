"""Merge one store into another: hold the plan against access and limits, commit it as one revision, and tell of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dreamfs_tools.admission import admit, masked
from dreamfs_tools.answers import plural, revision_line, version_words
from dreamfs_tools.call import Answer, Call
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Edit, Move, Planned, Put, Remove, Snapshot, StoreMerge
from dreamfs_tools.lineage import Lineage
from dreamfs_tools.mounts import Mount
from dreamfs_tools.parting import State, is_all_in, partings
from dreamfs_tools.provenance import former_slug
from dreamfs_tools.store_merge import Clash, StoreMergePlan, plan_store_merge
from dreamfs_tools.text import clipped

CLASHES_SHOWN_MAX = 50
CLASH_CHARACTERS_MAX = 2_000


@dataclass(frozen=True, slots=True)
class _Merge:
    """One merge, thought out."""

    source: Mount
    target: Mount
    base: State
    edits: Sequence[Edit]
    notes: Mapping[str, str]
    """Path → how it comes to what it will hold, where the merge brings text."""


async def merge_stores(call: Call, source: str, target: str, message: str = "", *, dry_run: bool = False) -> Answer:
    """Bring what changed in one store since the two parted into the other, as one revision.

    Args:
        call: who does it, and what may be written.
        source: the name of the mount that is merged in.
        target: the name of the mount that is merged into.
        message: why, for the history.
        dry_run: only say what would be done.

    Raises:
        Refusal: `conflict`, showing what overlaps; `not_found`; `read_only`; `invalid_argument` where the two have
            nothing in common; what the store does not take in. Nothing was changed.
    """

    def think(snapshot: Snapshot) -> Planned[_Merge]:
        merge = _thought_out(call, snapshot, source, target)
        assert merge.source.store is not None
        assert merge.target.store is not None
        why = message or f"Merge /{merge.source.name} at version {merge.source.version}"
        why = admit(snapshot, merge.edits, why, {merge.target.store.slug: merge.target.name})
        is_news = not is_all_in(snapshot, merge.source.store.slug, merge.target.store.slug)
        done = StoreMerge(merge.source.store.slug, merge.source.version, merge.target.store.slug)
        return Planned(merge, merge.edits, why, merge=done if is_news else None)

    if dry_run:
        merge = (await call.filesystem.read(think)).value
        return _answer(merge, "planned", merge.target.version, f"[{version_words(merge.target.version)}]")
    merge, committed = await call.filesystem.write(think, call.author)
    if committed is None:
        return _answer(merge, "unchanged", merge.target.version, f"[{version_words(merge.target.version)}]")
    (revision,) = committed.revisions.values()
    return _answer(merge, "ok", revision.number, revision_line(revision))


def _thought_out(call: Call, snapshot: Snapshot, source: str, target: str) -> _Merge:
    place = call.mounts.writable_place(snapshot, f"/{target.removeprefix('/')}")
    other = call.mounts.resolve(snapshot, f"/{source.removeprefix('/')}")
    ours, theirs = place.mount, other.mount
    if place.path or other.path or ours is None or theirs is None or ours.store is None or theirs.store is None:
        raise Refusal(
            "invalid_argument", f"Whole stores are merged, such as /memories; not {place.shown}, {other.shown}."
        )
    if theirs.revision is not None:
        raise Refusal("invalid_argument", f"{other.shown} shows the past; a store is merged as it is now.")
    if ours.store.slug == theirs.store.slug:
        raise Refusal("invalid_argument", f"{other.shown} and {place.shown} are the same store.")
    bases = partings(snapshot, theirs.store.slug, ours.store.slug)
    if not bases:
        raise Refusal(
            "invalid_argument",
            f"{other.shown} and {place.shown} have no common beginning: neither was forked from the other. "
            "Nothing was changed.",
        )
    plans = [
        plan_store_merge(
            snapshot.tree(base.store, base.revision),
            snapshot.tree(theirs.store.slug),
            snapshot.tree(ours.store.slug),
            (theirs.store.slug, theirs.version),
            ours.store.slug,
        )
        for base in bases
    ]
    for base, plan in zip(bases, plans, strict=True):
        if plan.clashes:
            raise _conflict(theirs, ours, _readable(snapshot, base, ours, theirs), plan)
        if _effect(plan) != _effect(plans[0]):
            states = [_readable(snapshot, one, ours, theirs) for one in bases]
            raise _crossed(theirs, ours, states, [_effect(one) ^ _effect(plans[0]) for one in plans])
    edits = masked(snapshot, plans[0].edits)
    return _Merge(theirs, ours, bases[0], edits, _notes(snapshot, edits, theirs.store.slug))


def _notes(snapshot: Snapshot, edits: Sequence[Edit], source: str) -> dict[str, str]:
    tree = snapshot.tree(source)
    theirs = {entry.memory_id: entry for entry in tree.walk()}
    notes: dict[str, str] = {}
    for edit in edits:
        if isinstance(edit, Remove) or edit.text is None or edit.came_from is None:
            continue
        path = edit.new_path if isinstance(edit, Move) else edit.path
        is_new = isinstance(edit, Put) and snapshot.tree(edit.store).entry(path) is None
        is_taken = edit.text == tree.text(theirs[edit.came_from.memory_id])
        notes[path] = "new" if is_new else "taken as it is" if is_taken else "both changed it"
    return notes


def _readable(snapshot: Snapshot, base: State, *mounts: Mount) -> State:
    """A common state as one of the two shows it in its own history, where it does: its store may have been deleted."""
    lineage = Lineage(snapshot)
    for mount in mounts:
        if mount.store and lineage.shows(mount.store.slug, base.store, base.revision):
            return base._replace(store=mount.store.slug)
    return base._replace(store=former_slug(base.store))


def _effect(plan: StoreMergePlan) -> set[tuple[str, str, str | None]]:
    """What a plan does, whatever it calls it."""
    return {
        (edit.path, edit.new_path if isinstance(edit, Move) else "", None if isinstance(edit, Remove) else edit.text)
        for edit in plan.edits
    }


def _crossed(
    source: Mount, target: Mount, bases: Sequence[State], differences: Sequence[set[tuple[str, str, str | None]]]
) -> Refusal:
    paths = sorted({path for difference in differences for path, _, _ in difference})
    states = " and ".join(f"/{base.store} at version {base.revision}" for base in bases)
    return Refusal(
        "conflict",
        f"Error: /{source.name} cannot be merged into /{target.name}: both have {states} in them, and these do not agree "
        f"about {', '.join(paths)}. Nothing was changed.\nMake these files equal in both stores, and merge again.",
        paths=paths,
    )


def _conflict(source: Mount, target: Mount, base: State, plan: StoreMergePlan) -> Refusal:
    count = len(plan.clashes)
    lines = [
        f"Error: /{source.name} cannot be merged into /{target.name}: {plural(count, 'file')} cannot be put together. Nothing was changed."
    ]
    for clash in plan.clashes[:CLASHES_SHOWN_MAX]:
        lines.append(f"- {clash.path}: {clash.why}")
        lines += [line for overlap in _shown(clash, source, target, base) for line in overlap]
    if count > CLASHES_SHOWN_MAX:
        lines.append(f"… and {count - CLASHES_SHOWN_MAX:,} more.")
    lines.append(
        f"Make these files equal in both stores, or as they were at version {base.revision} of /{base.store} in one of them, "
        "and merge again."
    )
    return Refusal("conflict", "\n".join(lines), paths=[clash.path for clash in plan.clashes], base=base.revision)


def _shown(clash: Clash, source: Mount, target: Mount, base: State) -> list[list[str]]:
    """The overlapping lines as all three have them."""
    sides = (
        (f"version {base.revision} of /{base.store}", [overlap.base for overlap in clash.overlaps]),
        (f"/{target.name}", [overlap.ours for overlap in clash.overlaps]),
        (f"/{source.name}", [overlap.theirs for overlap in clash.overlaps]),
    )
    return [
        [
            line
            for name, texts in sides
            for line in (f"  {name} has{'' if texts[n] else ' nothing'}:", *_quoted(texts[n]))
        ]
        for n in range(len(clash.overlaps))
    ]


def _quoted(text: str) -> list[str]:
    return [f"    {line}" for line in clipped(text, CLASH_CHARACTERS_MAX).splitlines()]


def _answer(merge: _Merge, code: str, version: int, line: str) -> Answer:
    changes = [_change(edit) for edit in merge.edits]
    counts = Counter(str(change["operation"]) for change in changes)
    words = ", ".join(f"{count:,} {operation}" for operation, count in counts.items())
    source, target = f"/{merge.source.name} (version {merge.source.version})", f"/{merge.target.name}"
    if not changes:
        said = [f"Nothing to merge: all that changed in {source} is in {target} already."]
    elif code == "planned":
        said = [f"Merging {source} into {target} would change {plural(len(changes), 'file')}: {words}."]
    else:
        said = [f"Merged {source} into {target} as version {version}: {words}."]
    said += [f"  {change['operation']:<8} {_route(change)}{_how(merge, change)}" for change in changes]
    data: dict[str, object] = {"code": code, "store": target, "version": version}
    data |= {
        "source": f"/{merge.source.name}",
        "source_version": merge.source.version,
        "base_version": merge.base.revision,
    }
    return Answer("\n".join([*said, line]), data | {"changes": changes})


def _change(edit: Edit) -> dict[str, object]:
    if isinstance(edit, Move):
        return {"operation": edit.operation, "path": edit.new_path, "old_path": edit.path}
    operation = edit.operation if isinstance(edit, Put) else "deleted"
    return {"operation": operation, "path": edit.path, "old_path": None}


def _how(merge: _Merge, change: dict[str, object]) -> str:
    note = merge.notes.get(str(change["path"]))
    return f" ({note})" if note else ""


def _route(change: dict[str, object]) -> str:
    return f"{change['old_path']} → {change['path']}" if change["old_path"] else str(change["path"])
