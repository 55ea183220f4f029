"""What a store takes in: content, messages, and how much. Checked last, when a write is otherwise allowed.

DESIGN section 8 has the limits; secrets are refused, masked or allowed as the store is set.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from dreamfs_tools.answers import plural
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Edit, Move, Put, Remove, Snapshot, Store
from dreamfs_tools.secrets import find_secrets, redact_secrets

MESSAGE_CHARACTERS_MAX = 1_024


def masked(snapshot: Snapshot, edits: Sequence[Edit]) -> Sequence[Edit]:
    """The edits as the stores take them: without secrets where a store masks them."""
    result: list[Edit] = []
    for edit in edits:
        text = _new_text(snapshot, edit)
        if not isinstance(edit, Remove) and text is not None and _store(snapshot, _target(edit)[0]).secrets == "mask":
            clean, count = redact_secrets(text)
            result.append(replace(edit, text=clean) if count else edit)
        else:
            result.append(edit)
    return result


def admit(snapshot: Snapshot, edits: Sequence[Edit], message: str, names: Mapping[str, str]) -> str:
    """Refuse what may not be stored: content first, then limits.

    Args:
        snapshot: the state the edits will be applied to.
        edits: what is to be written.
        message: why, as the caller says.
        names: store → the mount's name, to speak of paths as the caller knows them.

    Returns:
        The message as it may be stored.

    Raises:
        Refusal: `invalid_argument` for NUL and lone surrogates; `secret`; `too_large`; `limit`.
    """
    stores = {slug: _store(snapshot, slug) for edit in edits for slug in (edit.store, _target(edit)[0])}
    texts = [(edit, text) for edit in edits if (text := _new_text(snapshot, edit)) is not None]
    for edit, text in texts:
        slug, path = _target(edit)
        shown = f"/{names[slug]}/{path}"
        _check_characters(f"The content of {shown}", text)
        if stores[slug].secrets == "refuse":
            _check_secrets(
                f"The content of {shown}", text, known=_old_text(snapshot, edit) if slug == edit.store else None
            )
    _check_characters("The message", message)
    if any(store.secrets == "refuse" for store in stores.values()):
        _check_secrets("The message", message)
    elif any(store.secrets == "mask" for store in stores.values()):
        message, _ = redact_secrets(message)
    for edit, text in texts:
        slug, path = _target(edit)
        _check_size(f"/{names[slug]}/{path}", text, stores[slug])
    check_files(snapshot, edits, names)
    if len(message) > MESSAGE_CHARACTERS_MAX:
        raise Refusal(
            "too_large",
            f"Error: The message has {len(message):,} characters; at most {MESSAGE_CHARACTERS_MAX:,} are allowed.",
        )
    return message


def _target(edit: Edit) -> tuple[str, str]:
    return (edit.new_store, edit.new_path) if isinstance(edit, Move) else (edit.store, edit.path)


def _new_text(snapshot: Snapshot, edit: Edit) -> str | None:
    """The content that an edit brings into a store; None where it brings none."""
    if isinstance(edit, Remove):
        return None
    if edit.text is not None:
        return edit.text
    return _old_text(snapshot, edit) if _target(edit)[0] != edit.store else None


def _old_text(snapshot: Snapshot, edit: Edit) -> str | None:
    tree = snapshot.tree(edit.store)
    entry = tree.entry(edit.path)
    return tree.text(entry) if entry is not None and entry.kind == "file" else None


def _check_characters(what: str, text: str) -> None:
    at = text.find("\0")
    if at >= 0:
        raise Refusal(
            "invalid_argument",
            f"Error: {what} has a NUL character in line {text.count(chr(10), 0, at) + 1}; only text can be stored.",
        )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Refusal(
            "invalid_argument",
            f"Error: {what} has a lone surrogate (U+{ord(text[error.start]):04X}) "
            f"in line {text.count(chr(10), 0, error.start) + 1}, which is not valid Unicode.",
        ) from None


def _check_secrets(what: str, text: str, known: str | None = None) -> None:
    """Refuse a secret, except on lines that the file has already: who repairs a file must be able to write it."""
    secrets = find_secrets(text)
    if not secrets:
        return
    lines, old = text.split("\n"), set((known or "").split("\n"))
    for secret in secrets:
        if lines[secret.line - 1] not in old:
            raise Refusal(
                "secret",
                f"Error: {what} has a secret ({secret.kind}) in line {secret.line}. Nothing was written. "
                "Leave it out, or write down where it is kept instead.",
                kind=secret.kind,
                line=secret.line,
            )


def _check_size(shown: str, text: str, store: Store) -> None:
    size = len(text.encode())
    if size > store.limits.content_bytes:
        raise Refusal(
            "too_large",
            f"Error: {shown} would have {size:,} bytes; the limit is {store.limits.content_bytes:,}. "
            "Split it into several files.",
            path=shown,
            limit=store.limits.content_bytes,
        )


def check_files(snapshot: Snapshot, edits: Sequence[Edit], names: Mapping[str, str]) -> None:
    """Refuse more files than a store takes.

    Args:
        snapshot: as for `admit`.
        edits: likewise.
        names: likewise.

    Raises:
        Refusal: `limit`.
    """
    more: Counter[str] = Counter()
    for edit in edits:
        if isinstance(edit, Put):
            more[edit.store] += snapshot.tree(edit.store).entry(edit.path) is None
        else:
            more[edit.store] -= 1
        if isinstance(edit, Move):
            more[edit.new_store] += 1
    for slug, count in more.items():
        store = _store(snapshot, slug)
        if count > 0 and store.files + count > store.limits.files_count:
            raise Refusal(
                "limit",
                f"Error: /{names[slug]} has {plural(store.files, 'file')} and would have {store.files + count:,}; "
                f"the limit is {store.limits.files_count:,}. "
                "Put several notes into one file, or delete what is no longer needed.",
                limit=store.limits.files_count,
            )


def _store(snapshot: Snapshot, slug: str) -> Store:
    store = snapshot.store(slug)
    assert store is not None
    return store
