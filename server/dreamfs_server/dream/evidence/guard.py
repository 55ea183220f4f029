"""What of other people's words may stand in a memory or on a card.

A memory is read by every later session, as if it were true; so what people and programs say is passed on as a finding (what it
was, what ended it, who owns it) and never as something to do. Whatever is cut out of a sentence is looked at together with the
sentence: neither may speak of agents as those who have to act, tell its reader what to do, weaken what protects a system,
destroy something, be unreadable (encoded, invisible), or carry an address with a query. This is refused by form and not by
meaning: a true cause that is put as advice is lost too, and a falsehood that is put as a finding is told, as a claim with its count.

A *wish* is something to do by its nature: a person tells it to the agent that they work with. It may be told unless it speaks of agents
over their heads, or asks for what nobody should be asked for.
"""

import binascii
import re
from base64 import b64decode
from typing import Literal
from unicodedata import normalize

from dreamfs_server.dream.evidence.order_phrases import (
    BARE_ORDER,
    FOR_AGENTS,
    FORGETTING,
    IMPERATIVES,
    NO_ORDER,
    NOT_BEFORE,
    NOT_FAR_BEFORE,
    OBLIGATIONS,
    UNASKED,
    VERBS,
    WEAKENED,
    WEAKENING,
    matcher,
)
from dreamfs_server.dream.evidence.orders import addresses_agents

Telling = Literal["cause", "fix", "denied", "value", "name", "wish"]
"""As what something is to be told."""
text_characters_max = 2_000
before_characters_max = 80

_ORDER = re.compile(
    r"""(?ix)
      \b(?:ignore|disregard|forget|override)\s+(?:\w+\s+){0,3}(?:instructions?|rules?|prompts?|previous|above|prior|earlier)\b
    | \b(?:system\s+prompt|as\s+an\s+ai|from\s+now\s+on|new\s+instructions?|do\s+not\s+(?:tell|mention|inform)|without\s+(?:asking|telling))\b
    | \b(?:you|agents?|assistants?|the\s+model)\s+(?:must(?!\s+be\s+logged\s+in\b)|should|shall|need\s+to|have\s+to|are\s+(?:now|required|instructed|allowed)|can\s+safely|may\s+safely)\b
    | \b(?:all|every|future)\s+(?:agents?|assistants?|sessions?)\b
    | ^\W*(?:important|attention|note\s+to|urgent|instruction|system|assistant|admin)\b\s*[:!-]
    | (?:^|[.!?:;]\s+|\bplease\s+|\bto\s+fix(?:\s+this)?,?\s+|\balways\s+|\bnever\s+)
      (?:run|execute|delete|remove|drop|send|post|upload|download|curl|wget|install|open|visit|email|forward|copy|save|remember|store|record
        |write\s+(?:this|the|to)|add\s+(?:this|the|to)|disable|grant|approve|push|deploy|restart|reveal|print|reply|respond|use\s+the)\b
      (?!\s*:|\s+\S+:\s|(?:\s+\w+){0,2}\s+(?:failed|error|timed))   # a program's name before its message is no order
    """
)
_DESTRUCTIVE = re.compile(
    r"(?i)\brm\s+-\w*[rf]|\|\s*(?:sudo\s+)?(?:ba|z)?sh\b|\bmkfs|\bdd\s+if=|\bdrop\s+(?:table|database)|\bdelete\s+from\b|\btruncate\s+table"
    r"|\beval\b|base64\s+-{1,2}d|\bchmod\s+(?:-R\s+)?(?:0?777|a\+rwx)|:\(\)\s*\{|\bshutdown\b|\bkill(?:all)?\s+-9"
)
_FOR_AGENTS = matcher(FOR_AGENTS)
_TO_DO = matcher((*IMPERATIVES, *OBLIGATIONS))
_WEAKENING = matcher(WEAKENING)
_WEAKENED = matcher(WEAKENED)
_UNASKED = matcher(UNASKED)
_VERB_FIRST = re.compile(rf"^\W*(?:{VERBS})\s+(?!(?:of|in|on|by|at|for|and|after|with|from|was|did|has|is)\b)\w")
_HAS_BEEN = re.compile(r"^\w+\s+(?:not\s+)?(?:have|'ve)\b(?!\s+to\b)|^(?:is|are)\s+(?:\w+\s+)?to\s+blame\b")
"""`must have been full` guesses, `is to blame` accuses: neither asks for anything."""
_ADDRESS = re.compile(r"(?i)\b(?:[a-z][a-z0-9+.-]{1,20}://|www\.)\S*?[?#@%]\S|\b(?:data|javascript):\S")
_PERCENT = re.compile(
    r"(?i)(?:%[0-9a-f]{2}\S{0,3}){3}|(?:\\x[0-9a-f]{2}){3}|(?:\\u[0-9a-f]{4}){3}|(?:&#x?[0-9a-f]{2,6};){2}"
)
_HEX = re.compile(r"(?i)\b(?:0x)?(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)[0-9a-f]{24,}\b")
_BLOB = re.compile(r"(?<![\w+/=.-])[A-Za-z0-9+/_-]{16,}={0,2}(?![\w+/=])")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\U000e0000-\U000e007f]")
_MIXED_SCRIPTS = re.compile("[A-Za-z][\u0370-\u03ff\u0400-\u04ff]|[\u0370-\u03ff\u0400-\u04ff][A-Za-z]")
_UNKNOWN_SCRIPT = re.compile(
    r"(?![\u0400-\u052f\u1100-\u11ff\u2e80-\u2fdf\u3005-\u30ff\u3130-\u318f\u31f0-\u31ff\u3400-\u9fff\uac00-\ud7ff\uf900-\ufaff\uff66-\uff9f])[^\W\d_\u0000-\u024f\u0250-\u02ff\u1e00-\u1eff\u2070-\u218f\uff21-\uff5a]"
)
"""Letters other than Latin, Cyrillic, Chinese, Japanese and Korean ones: nobody here knows what an order looks like in them."""
_IN_NAMES = re.compile(r"(?<=[^\W_])[_./:@-]+(?=[^\W_])|(?<=[a-z\d])(?=[A-Z])")
"""Where a name that is made of words comes apart: `agents_must_run_x`, `AgentsMustRunX`."""


class _Folding(dict[int, int]):
    """Letters without accents and in lower case, each one letter, so that every offset stays; other scripts as they are."""

    def __missing__(self, code: int) -> int:
        letter = chr(code)
        is_latin = code < 0x250 or 0x1E00 <= code < 0x1F00 or 0xFF00 <= code < 0xFF5F
        plain = (normalize("NFKD", letter)[0] if is_latin else letter).lower()
        self[code] = ord(plain) if len(plain) == 1 else code
        return self[code]


_FOLDING = _Folding()


def folded(text: str) -> str:
    """In lower case and without accents, as the patterns of `order_phrases.py` want it."""
    return text.translate(_FOLDING)


def may_tell(text: str, telling: Telling, sentence: str = "") -> bool:
    """Whether something may be told in a memory or on a card.

    Args:
        text: what would stand there.
        telling: as what.
        sentence: what it was cut out of.
    """
    return not objection(text, telling) and not (sentence and objection(sentence, telling))


def objection(text: str, telling: Telling = "cause") -> str:
    """What speaks against telling it, in a few words; "" where nothing does."""
    text = text[:text_characters_max]
    plain = folded(_IN_NAMES.sub(" ", text) if telling == "name" else text)
    if is_opaque(text):
        return "it cannot be read"
    if _ADDRESS.search(text):
        return "an address with a query"
    if orders_agents(text, by_its_person=telling == "wish"):
        return "an order to agents"
    if is_destructive(text) or _weakens(plain, done=telling in {"fix", "wish"}):
        return "it destroys, or weakens what protects"
    if telling != "cause" and any(not _is_denied(plain, found) for found in _UNASKED.finditer(plain)):
        return "it leaves people out"
    if telling != "wish" and (_to_do(plain) or (telling == "fix" and _VERB_FIRST.search(plain))):
        return "something to do, and no finding"
    return ""


def orders_agents(text: str, *, by_its_person: bool = False) -> bool:
    """Whether a text addresses agents, or speaks of them as those who have to do something.

    Args:
        text: any.
        by_its_person: a person may have said it to their own agent, which they may ask to remember something.
    """
    if addresses_agents(text, by_its_person=by_its_person):
        return True
    plain = folded(text)
    return any(_found(_FOR_AGENTS, one) for one in (plain, folded(_IN_NAMES.sub(" ", text))))


def is_opaque(text: str) -> bool:
    """Whether a text has parts that no reader here knows: encoded, invisible, letters that look like others, other scripts."""
    if any(pattern.search(text) for pattern in (_PERCENT, _HEX, _INVISIBLE, _MIXED_SCRIPTS, _UNKNOWN_SCRIPT)):
        return True
    return any(_is_blob(found.group()) for found in _BLOB.finditer(text))


def sayable(text: str, telling: Telling = "name") -> str:
    """The beginning of a text up to the first word of what may not be told; all of it where nothing speaks against it."""
    if not objection(text, telling):
        return text
    words = list(re.finditer(r"\S+", text))
    low, high = 0, len(words)
    while low < high:  # what a beginning holds, every longer one holds too
        middle = (low + high + 1) // 2
        low, high = (low, middle - 1) if objection(text[: words[middle - 1].end()], telling) else (middle, high)
    return text[: words[low - 1].end()] if low else ""


def reads_as_order(text: str) -> bool:
    """Whether a piece of text tells its reader what to do: for what tools print, which is full of things to do for people."""
    return _ORDER.search(text) is not None


def is_destructive(text: str) -> bool:
    """Whether a command in it destroys or runs something unseen; such a thing is never recommended."""
    return _DESTRUCTIVE.search(text) is not None


def _found(pattern: re.Pattern[str], plain: str) -> bool:
    """Whether a pattern is in a text other than as a guess (`agents must have lost their lease`)."""
    at = 0
    while found := pattern.search(plain, at):
        modal = re.search(r"(?:must|should|shall)\W*$", found.group())
        if modal is None or not _HAS_BEEN.match(plain[found.start() + modal.start() :]):
            return True
        at = found.end()
    return False


def _to_do(plain: str) -> bool:
    if any(not NO_ORDER.search(bare["what"]) for bare in BARE_ORDER.finditer(plain)):
        return True
    at = 0
    while found := _TO_DO.search(plain, at):
        if not _HAS_BEEN.match(plain[found.start() :].lstrip(" .,;:")):
            return True
        at = max(found.end(), found.start() + 1)
    return False


def _weakens(plain: str, *, done: bool) -> bool:
    patterns = (_WEAKENING, _WEAKENED) if done else (_WEAKENING,)
    return any(not _is_denied(plain, found) for pattern in patterns for found in pattern.finditer(plain))


def _is_denied(plain: str, found: re.Match[str]) -> bool:
    """Whether a text says not to do it: `never disable …`, `do not merge without …`, but not `never forget to disable …`."""
    before = plain[max(0, found.start() - before_characters_max) : found.start()].rstrip() + " "
    is_lack = re.match(r"(?:no|without|less|ohne|sans|sin|sem|senza|zonder)\s", found.group()) is not None
    denied = (NOT_FAR_BEFORE if is_lack else NOT_BEFORE).search(before) is not None
    return denied and FORGETTING.search(before) is None


def _is_blob(word: str) -> bool:
    """Whether a long word is encoded text, or looks like nothing else; names in camels and paths are neither."""
    has = [any(test(letter) for letter in word) for test in (str.islower, str.isupper, str.isdigit)]
    if len(word) >= 40 and all(has) and not re.search(r"[/_-]\w+[/_-]\w+[/_-]", word):
        return True
    if not (has[0] and has[1]):
        return False
    bare = word.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        said = b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except (binascii.Error, ValueError):
        return False
    return len(said) >= 10 and all(32 <= byte < 127 or byte in b"\t\n\r" for byte in said)
