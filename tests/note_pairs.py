"""Pairs of notes: the same statements in another form, and notes that look alike and say different things."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NotePair:
    """Two notes, each with its path and its text."""

    name: str
    first: str
    second: str
    paths: tuple[str, str] = ("ledger.md", "drafts/ledger-again.md")


NOTE = """# Ledger export

The export of the ledger runs at 02:40 UTC on host fin-07. It writes to `/var/ledger/out`.
Never start it by hand while the books are open.

- The job needs the role `ledger_ro` and 12 GB of memory.
- A failed run can be repeated within 6 hours.
- Ask the finance team before you change the format.
"""
STEPS = "# Rotate the signing key\n\n1. Make a new key with `keyctl new`.\n2. Publish the new key.\n3. Wait 2 hours.\n4. Delete the old key.\n"
CODE = "# Drain a node\n\nThis drains a node before work on it:\n\n```sh\nnodectl drain --wait 300 $NODE\nnodectl status\n```\n\nIt takes about 8 minutes.\n"
TABLE = "# Quotas\n\nQuotas are set by the storage team.\n\n| tenant | quota |\n| --- | --- |\n| alpha | 40 GB |\n| beta | 90 GB |\n"
PARENTS = (
    "# Ports\n\n- Reporting:\n  - The admin page is on port 9100.\n- Billing:\n  - The admin page is on port 9200.\n"
)
TASKS = "# Move of the archive\n\n- [x] Copy the tapes of 2024 to the new room.\n- [ ] Copy the tapes of 2025 to the new room.\n- Keys are with the front desk.\n"
FRONT = "---\nname: ledger\ntype: reference\n---\n\n" + NOTE
LINKED = "# Refunds\n\n- Refunds above 500 EUR need a second approval.\n- The limits are in [limits](limits.md).\n- Refunds are paid on Thursdays.\n"


def _other(old: str, new: str, note: str = NOTE) -> str:
    assert note.count(old) == 1
    return note.replace(old, new)


SAME = [
    NotePair("the paragraph in one line", NOTE, _other("/out`.\nNever", "/out`. Never")),
    NotePair(
        "wrapped at other words, a bullet too",
        NOTE,
        _other("the role `ledger_ro` and", "the role\n  `ledger_ro`\n  and", _other("02:40 UTC on", "02:40 UTC\non")),
    ),
    NotePair("a blank line between bullets", NOTE, NOTE.replace("\n- A", "\n\n- A").replace("\n- Ask", "\n\n- Ask")),
    NotePair("the title underlined", NOTE, _other("# Ledger export", "Ledger export\n=============")),
    NotePair("bold and italic with underscores", NOTE, _other("Never", "__Never__ ever".replace(" ever", ""))),
    NotePair("smart quotes and a blank that does not break", "# Names\n\n- Say \"book\" for the day's ledger, not \"sheet\".\n- The reader's view is \"closed\".\n", "# Names\n\n- Say “book” for the day’s ledger,\u00a0not “sheet”.\n- The reader’s view is “closed”.\n"),
    NotePair("two paragraphs of one", NOTE, _other("/out`.\nNever", "/out`.\n\nNever")),
    NotePair("sentences that end in a number or a unit as paragraphs", "# Cache\n\nThe port is 6379. A flush takes 40 s. A copy takes 9 min. Kim owns it.\n", "# Cache\n\nThe port is 6379.\n\nA flush takes 40 s.\n\nA copy takes 9 min.\n\nKim owns it.\n"),
    NotePair("steps as bullets of the same order", STEPS, STEPS.replace("1. ", "- ").replace("2. ", "- ").replace("3. ", "- ").replace("4. ", "- ")),
    NotePair("steps all numbered 1 and with a bracket", STEPS, STEPS.replace("1. ", "1) ").replace("2. ", "1) ").replace("3. ", "1) ").replace("4. ", "1) ")),
    NotePair("a fence of tildes", CODE, CODE.replace("```", "~~~")),
    NotePair("a table with wide cells and its rows in another order", TABLE, "# Quotas\n\nQuotas are set by the storage team.\n\n|tenant  |  quota|\n|:-------|------:|\n|beta    |  90 GB|\n|alpha   |  40 GB|\n"),
    NotePair("front matter with its keys in another order", FRONT, _other("name: ledger\ntype: reference", "type: reference\nname: ledger", FRONT)),
    NotePair("a link from another folder to the same file", LINKED, _other("(limits.md)", "(../limits.md)", LINKED)),
    NotePair("nested bullets with other marks and deeper", PARENTS, PARENTS.replace("\n- ", "\n* ").replace("  - ", "    + ")),
    NotePair("a rule between paragraphs, tabs, and no line break at the end", NOTE, _other("\n\n- The job", "\n\n---\n\n-\tThe job").rstrip("\n")),
    NotePair("another heading level and a title that says notes", NOTE + "\n## On call\n\nCall the desk at 4411.\n", "## Notes on the ledger export\n" + NOTE.partition("\n")[2] + "\n#### On call\n\nCall the desk at 4411.\n"),
]  # fmt: skip
"""The same statements: one of the two can go."""

DIFFERENT = [
    NotePair("steps in another order", STEPS, "# Rotate the signing key\n\n1. Make a new key with `keyctl new`.\n2. Wait 2 hours.\n3. Publish the new key.\n4. Delete the old key.\n"),
    NotePair("a step left out", STEPS, "# Rotate the signing key\n\n1. Make a new key with `keyctl new`.\n2. Publish the new key.\n3. Delete the old key.\n"),
    NotePair("the same port below the other parent", PARENTS, PARENTS.replace("9100", "9x").replace("9200", "9100").replace("9x", "9200")),
    NotePair("a task that is done in one", TASKS, _other("- [ ]", "- [x]", TASKS)),
    NotePair("a question", NOTE, _other("A failed run can be repeated within 6 hours.", "A failed run can be repeated within 6 hours?")),
    NotePair("was and is", "# Api\n\n- The search is slow on Mondays.\n- The cache is off.\n- Reports are late.\n", "# Api\n\n- The search was slow on Mondays.\n- The cache is off.\n- Reports are late.\n"),
    NotePair("an exception in the next sentence", "# Deploys\n\nDeploys may run on every day. The team lead is told before. Roll back with `undo`.\n", "# Deploys\n\nDeploys may run on every day. Except on Fridays. The team lead is told before. Roll back with `undo`.\n"),
    NotePair("an asterisk in code", CODE, _other("nodectl status\n", "nodectl status *\n", CODE)),
    NotePair("the case of a flag", CODE, _other("--wait 300", "--WAIT 300", CODE)),
    NotePair("a bang in inline code", NOTE, _other("`ledger_ro`", "`!ledger_ro`")),
    NotePair("the title names the other environment", "# Staging database\n\n- It listens on port 5440.\n- Backups run at 03:00.\n- The owner is Kim.\n", "# Production database\n\n- It listens on port 5440.\n- Backups run at 03:00.\n- The owner is Kim.\n"),
    NotePair("the title names another service", "# Billing\n\n- It listens on port 5440.\n- Backups run at 03:00.\n- The owner is Kim.\n", "# Checkout\n\n- It listens on port 5440.\n- Backups run at 03:00.\n- The owner is Kim.\n"),
    NotePair("the title names another host", "# Host web-3\n\n- It listens on port 5440.\n- Backups run at 03:00.\n- The owner is Kim.\n", "# Host web-4\n\n- It listens on port 5440.\n- Backups run at 03:00.\n- The owner is Kim.\n"),
    NotePair("sections that swap what they say", "# Limits\n\n## Readers\n\n- At most 40 at once.\n\n## Writers\n\n- At most 90 at once.\n", "# Limits\n\n## Readers\n\n- At most 90 at once.\n\n## Writers\n\n- At most 40 at once.\n"),
    NotePair("equal texts below folders of different services", NOTE, NOTE, ("services/billing/export.md", "services/payouts/export.md")),
    NotePair("equal texts below folders of different environments", NOTE, NOTE, ("staging/export.md", "notes/production-export.md")),
    NotePair("another value in front matter", FRONT, _other("type: reference", "type: feedback", FRONT)),
    NotePair("a column that is named otherwise", TABLE, _other("| quota |", "| used |", TABLE)),
    NotePair("a pronoun that follows another subject", "# Jobs\n\nThe mailer starts at 04:00. The indexer is on fin-02. Both log to syslog. It needs 3 GB.\n", "# Jobs\n\nThe mailer starts at 04:00. It needs 3 GB. The indexer is on fin-02. Both log to syslog.\n"),
    NotePair("struck out", NOTE, _other("Ask the finance team before you change the format.", "~~Ask the finance team before you change the format.~~")),
    NotePair("the same words of a link to another file", LINKED, LINKED, ("pay/refunds.md", "shop/refunds-again.md")),
    NotePair("few and a few", "# Load\n\n- A few requests wait for a lock.\n- The pool has 30 places.\n- Locks end after 9 s.\n", "# Load\n\n- Few requests wait for a lock.\n- The pool has 30 places.\n- Locks end after 9 s.\n"),
    NotePair("a year", "# Audit\n\n- The audit of 2025 was passed.\n- Papers are in room 12.\n- Lin keeps the keys.\n", "# Audit\n\n- The audit of 2026 was passed.\n- Papers are in room 12.\n- Lin keeps the keys.\n"),
    NotePair("a quotation", NOTE, _other("Never start it by hand while the books are open.", "\n> Never start it by hand while the books are open.\n")),
    NotePair("must and may", NOTE, _other("A failed run can be", "A failed run must be")),
    NotePair("a minus before a number", "# Sensor\n\n- The alarm is at 12 degrees.\n- The probe is in rack 4.\n- Ravi owns it.\n", "# Sensor\n\n- The alarm is at -12 degrees.\n- The probe is in rack 4.\n- Ravi owns it.\n"),
    NotePair("the range of versions", "# Client\n\n- It works with version >= 2.4 of the server.\n- It logs to stderr.\n- Mia owns it.\n", "# Client\n\n- It works with version <= 2.4 of the server.\n- It logs to stderr.\n- Mia owns it.\n"),
    NotePair("any and all", "# Locks\n\n- The job ends when any worker ends.\n- It logs to stderr.\n- Mia owns it.\n", "# Locks\n\n- The job ends when all workers end.\n- It logs to stderr.\n- Mia owns it.\n"),
    NotePair("logs of two days", "# Standup\n\n- Nothing is blocked.\n- The release is on track.\n- Zoe is on call.\n", "# Standup\n\n- Nothing is blocked.\n- The release is on track.\n- Zoe is on call.\n", ("journal/2026-03-02.md", "journal/2026-03-09.md")),
    NotePair("sentences of a procedure in another order", "# Upgrade\n\nStop the worker. Run the migration. Start the worker with `up`.\n", "# Upgrade\n\nRun the migration. Stop the worker. Start the worker with `up`.\n"),
]  # fmt: skip
"""Nothing of these may be lost."""
