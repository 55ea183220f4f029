"""A team whose checkouts lie in different folders: some things are not where agents look first, some failures have a precondition.

What misleads: a file missed before it is written, a file that only some branches have, files that share a name, paths that are
missed once, a folder that moves while nobody misses it, and failures that come at the same rate whatever went before.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from bench.corpora.dialogue import Dialogue, Session
from bench.corpora.names import NOUNS, PEOPLE, identifier, uuid
from bench.corpora.truth import Precondition, Truth, WrongPlace

MISSING = "<tool_use_error>File does not exist.</tool_use_error>"
MODIFIED = (
    "<tool_use_error>File has been modified since read, either by the user or by a linter. Read it again before attempting to "
    "write it.</tool_use_error>"
)
NOT_FOUND = "<tool_use_error>String to replace not found in file.</tool_use_error>"
FILES = ("cart", "till", "stock", "users", "search", "mail", "audit", "prices")
FOLDERS = ("server", "client", "shared", "workers", "gateway", "console", "engine", "ledger")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things are, and where they are looked for."""

    wrong: str
    right: str
    before: str
    after: str
    """The folder that moved, and where to."""
    setting: str
    """A file whose ending is guessed wrong."""
    program: tuple[str, str]
    """A command that is not there, and what works."""
    project: str
    """The folder that holds `package.json`."""
    quiet: tuple[str, str]
    """A folder that moves while nobody misses it."""


def hold(rng: Random, count: int, start: datetime, truth: Truth, *, healthy_only: bool) -> list[Session]:
    """Hold the sessions of a team over some weeks; `truth` gets what was planted."""
    days = max(12, count // 4)
    starts = sorted(start + timedelta(days=days) * rng.random() for _ in range(count))
    moves_at = start + timedelta(days=days / 2)
    one, two, three, four, five, six, seven = rng.sample(FOLDERS, 7)
    layout = Layout(
        wrong=f"src/{one}",
        right=f"{two}/{one}",
        before=f"{three}/core",
        after=f"{four}/core",
        setting=f"config/{rng.choice(NOUNS)}",
        program=rng.choice((("timeout", ""), ("python", "python3"), ("docker-compose", "docker compose"))),
        project=five,
        quiet=(f"{six}/kit", f"{seven}/kit"),
    )
    met: dict[str, list[Session]] = {name: [] for name in ("wrong", "moved", "setting", "program", "project", "format")}
    homes = [f"/home/{name.lower()}/{rng.choice(('work', 'src', 'dev'))}/app" for name in rng.sample(PEOPLE, 3)]
    sessions: list[Session] = []
    for at in starts:
        session = Session(uuid(rng), at.replace(microsecond=0), f"Change {rng.choice(NOUNS)} ({identifier(rng, 4)}).")
        work = Work(Dialogue(rng, session), rng.choice(homes), layout, moved=at > moves_at)
        work.begin()
        work.mislead()
        if not healthy_only:
            for name in work.stumble():
                met[name].append(session)
        work.edit(planted=not healthy_only)
        met["format"] += [session] * work.blocked
        sessions.append(session)
    if not healthy_only:
        _note(truth, layout, met)
    truth.ordinary += ["File does not exist", "File has been modified since read", "String to replace not found"]
    truth.distractors += ["made later", "branches", "common names", "one-offs", "moved unnoticed", "rates alike"]
    return sessions


def _note(truth: Truth, layout: Layout, met: dict[str, list[Session]]) -> None:
    command, works = layout.program
    planted = (
        ("wrong", layout.wrong, layout.right),
        ("moved", layout.before, layout.after),
        ("setting", f"{layout.setting}.yml", f"{layout.setting}.yaml"),
        ("program", command, works),
        ("project", "npm", layout.project),
    )
    for name, wrong, right in planted:
        sessions = met[name]
        days = len({session.started_at.date() for session in sessions})
        truth.places.append(WrongPlace(name, wrong, right, tuple(s.session_id for s in sessions), days))
    blocked = {session.session_id for session in met["format"]}
    truth.preconditions.append(Precondition("modified since read", "formatter", tuple(sorted(blocked))))


@dataclass(slots=True)
class Work:
    """What happens in one session."""

    talk: Dialogue
    home: str
    layout: Layout
    moved: bool
    blocked: int = 0
    """Edits that a formatter had made stale."""

    @property
    def rng(self) -> Random:
        return self.talk.rng

    def read(self, path: str, *, there: bool = True) -> None:
        text = f"1\t{identifier(self.rng, 8)} = {self.rng.randint(1, 99)}" if there else MISSING
        self.talk.call("Read", {"file_path": f"{self.home}/{path}"}, text, is_error=not there)

    def begin(self) -> None:
        """Look at what is where it is looked for."""
        rng, layout = self.rng, self.layout
        self.talk.user(self.talk.session.task)
        self.talk.bash("ls", "README.md\nconfig\nsrc")
        for name in rng.sample(FILES, 2):
            self.talk.bash(f"cat {layout.right}/{name}.py", "x = 1")
        self.read(f"{layout.right}/{rng.choice(FILES)}.py")
        self.read(f"{layout.after if self.moved else layout.before}/{rng.choice(FILES)}.py")
        self.read(f"{layout.quiet[self.moved]}/{rng.choice(FILES)}.py")
        self.read(f"src/app/{rng.choice(FILES)}.py")

    def mislead(self) -> None:
        """What looks like a wrong place and is none."""
        rng = self.rng
        if rng.random() < 0.15:
            self.read("docs/PLAN.md", there=False)
            path = f"{self.home}/docs/PLAN.md"
            self.talk.call("Write", {"file_path": path, "content": "# Plan"}, f"File created successfully at: {path}")
        if rng.random() < 0.3:
            on_branch = rng.random() < 0.5
            self.read("src/app/flags.py", there=on_branch)
            self.read("src/old/flags.py")
        if rng.random() < 0.2:
            self.read(f"{rng.choice(FOLDERS)}/ui-{identifier(rng, 3)}/index.ts", there=False)
            self.read(f"src/{rng.choice(FILES)}/index.ts")
        if rng.random() < 0.2:
            self.read(f"src/{identifier(rng, 6)}/{rng.choice(FILES)}.py", there=False)
        if rng.random() < 0.1:
            self.talk.bash("ls notes 2>/dev/null || echo none", "none")

    def stumble(self) -> list[str]:
        """Look in the planted wrong places; gives the names of those."""
        rng, layout = self.rng, self.layout
        met: list[str] = []
        if rng.random() < 0.2:
            met.append("wrong")
            name = f"new_{rng.choice(FILES)}_{identifier(rng, 2)}.py"
            self.read(f"{layout.wrong}/{name}", there=False)
            if rng.random() < 0.8:
                self.read(f"{layout.right}/{name}")
        if self.moved and rng.random() < 0.3:
            met.append("moved")
            name = f"late_{rng.choice(FILES)}.py"
            self.read(f"{layout.before}/{name}", there=False)
            if rng.random() < 0.8:
                self.read(f"{layout.after}/{name}")
        if rng.random() < 0.15:
            met.append("setting")
            self.read(f"{layout.setting}.yml", there=False)
            self.read(f"{layout.setting}.yaml")
        if rng.random() < 0.15:
            met.append("program")
            command, works = layout.program
            rest = {"timeout": "60 make lint-{}", "python": "tools/gen.py --n {}"}.get(command, "up web-{}")
            n = rng.randint(10, 99)
            self.talk.bash(
                f"{command} {rest.format(n)}", f"/bin/bash: line 1: {command}: command not found", is_error=True
            )
            self.talk.bash(f"{works} {rest.format(n).removeprefix('60 ')}".strip(), "done")
        if rng.random() < 0.15:
            met.append("project")
            self.talk.bash(
                "npm run build", "npm error enoent Could not read package.json: Error: ENOENT", is_error=True
            )
            self.talk.bash(f"cd {layout.project} && npm run build", "built in 4 s")
            self.talk.bash(f"cd {self.home} && git status --short", "")
        return met

    def edit(self, *, planted: bool) -> None:
        """Edit some files; a formatter between the read and the edit matters only where that is planted."""
        rng = self.rng
        for name in rng.sample(FILES, 4):
            path = f"src/app/{name}.py"
            self.read(path)
            formats = rng.random() < 0.25
            if formats:
                self.talk.bash("ruff format .", f"{rng.randint(1, 9)} files reformatted")
            chance = 0.6 if formats and planted else 0.02
            says = MODIFIED if rng.random() < chance else NOT_FOUND if rng.random() < 0.08 else ""
            self.blocked += bool(formats and says == MODIFIED)
            given = {"file_path": f"{self.home}/{path}", "old_string": "a", "new_string": identifier(rng, 5)}
            self.talk.call("Edit", given, says or f"The file {self.home}/{path} has been updated.", is_error=bool(says))
            if says:
                self.read(path)
                self.talk.call("Edit", {**given, "old_string": "b"}, f"The file {self.home}/{path} has been updated.")
