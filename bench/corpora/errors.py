"""Tool errors that recur, with the way out that worked, and those that happen once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from bench.corpora.names import FAULTS, NOUNS, PRODUCTS, identifier


@dataclass(frozen=True, slots=True)
class Mishap:
    """A call that fails, what the tool says, and the call that works.

    `{n}`, `{id}` and `{file}` in the texts vary from occurrence to occurrence.
    """

    failing: str
    says: str
    fragment: str
    """Constant part of the line that matters."""
    working: str
    answer: str
    fix: str
    """Constant part of the call that works."""
    tool: str = "Bash"


FILES = ("parser", "router", "loader", "export", "sync", "auth", "report", "views", "jobs", "cache", "schema", "client")
TRACE = 'Traceback (most recent call last):\n  File "/home/dev/project/{file}.py", line {n}, in <module>\n    main()\n'


def known(rng: Random) -> list[Mishap]:
    """Errors as common tools print them, with names from the seed."""
    module, table = rng.sample(NOUNS, 2)
    package = rng.choice(PRODUCTS).lower()
    port = rng.randint(3000, 9000)
    return [
        Mishap(
            "python scripts/{file}.py --limit {n}", TRACE + f"ModuleNotFoundError: No module named '{package}_core'",
            f"No module named '{package}_core'", "uv run python scripts/{file}.py --limit {n}", "done in {n} ms", "uv run python",
        ),
        Mishap(
            "pytest tests/test_{file}.py -k case_{n}", f"ERROR: usage: pytest [options]\npytest: error: unrecognized arguments: --{module}-strict\n  inifile: /home/dev/project/setup.cfg",
            f"unrecognized arguments: --{module}-strict", "make unit T=tests/test_{file}.py", "{n} passed in 3.1s", "make unit",
        ),
        Mishap(
            "psql -c 'select count(*) from {file}_{n}'", f'psql: error: connection to server at "localhost" (127.0.0.1), port {port} failed: FATAL:  database "{table}_dev" does not exist',
            f'database "{table}_dev" does not exist', "make db-up && psql -p {n} -c 'select 1'", "count\n-----\n {n}", "make db-up",
        ),
        Mishap(
            "npm run build -- --entry src/{file}.ts", f"> build\n> vite build\n\nerror during build:\nCould not resolve entry module '@{package}/{module}' ({{id}})",
            f"Could not resolve entry module '@{package}/{module}'", "pnpm --filter web build", "built in {n}ms", "pnpm --filter web build",
        ),
        Mishap(
            "git push origin feature/{file}-{n}", f"remote: error: GH006: Protected branch update failed for refs/heads/{module}.\nTo github.example:team/app.git\n ! [remote rejected] (pre-receive hook declined)",
            f"Protected branch update failed for refs/heads/{module}", "gh pr create --fill --head feature/{file}-{n}", "https://github.example/team/app/pull/{n}", "gh pr create",
        ),
        Mishap(
            "docker compose up -d {file}", f"Error response from daemon: network {package}_{table} not found\nrequest {{id}}",
            f"network {package}_{table} not found", f"docker network create {package}_{table} && docker compose up -d {{file}}", "Container {file}-1  Started", "docker network create",
        ),
    ]  # fmt: skip


def house_made(rng: Random, count: int) -> list[Mishap]:
    """Errors of tools that nobody outside the planted company has heard of."""
    made: list[Mishap] = []
    for product, noun, fault in zip(
        rng.sample(PRODUCTS, count), rng.sample(NOUNS, count), rng.sample(FAULTS, count), strict=False
    ):
        name, code, way = (
            product.lower(),
            rng.randint(1000, 9999),
            rng.choice(("--adopt", "--rebuild", "--as-owner", "--region auto")),
        )
        says = f"{name}: starting run {{id}}\n{product}Error[{code}]: {noun} {{id}} {fault}\n{name}: stopped after {{n}} ms"
        made.append(
            Mishap(
                f"{name} apply env/{{file}}.toml --run {{n}}", says, fault,
                f"{name} {noun} prepare {way} && {name} apply env/{{file}}.toml --run {{n}}", f"{name}: applied {{n}} changes", f"{name} {noun} prepare {way}",
            )
        )  # fmt: skip
    return made


def once(rng: Random, count: int) -> list[Mishap]:
    """Errors that have nothing in common; each is to happen once."""
    verbs = (
        "refused",
        "lost",
        "mistook",
        "outgrew",
        "forgot",
        "mangled",
        "skipped",
        "doubled",
        "misread",
        "froze",
        "split",
        "buried",
    )
    nouns = (
        "helicopter",
        "walnut",
        "bishop",
        "lantern",
        "glacier",
        "trombone",
        "saddle",
        "compass",
        "orchard",
        "anvil",
        "ferry",
        "quarry",
    )
    tools = (
        "sox",
        "pandoc",
        "ffmpeg",
        "gdal",
        "latexmk",
        "inkscape",
        "blender",
        "octave",
        "graphviz",
        "povray",
        "lilypond",
        "gnuplot",
    )
    return [
        Mishap(f"{tool} render {{file}}-{{n}}", f"{tool} {verb} the {noun} while reading", f"{verb} the {noun}", f"{tool} --version", "{n}.1", tool)
        for tool, verb, noun in zip(rng.sample(tools, count), rng.sample(verbs, count), rng.sample(nouns, count), strict=True)
    ]  # fmt: skip


def failing_test(rng: Random) -> Mishap:
    """A step of honest work: a test fails, code changes, the test passes. It recurs, and there is nothing to learn."""
    name = rng.choice(FILES)
    return Mishap(
        f"make unit T=tests/test_{name}.py", f"E   assert {{n}} == {{n}}\nFAILED tests/test_{name}.py::test_{identifier(rng, 5)} - AssertionError",
        "FAILED tests/", f"make unit T=tests/test_{name}.py", "{n} passed", "make unit",
    )  # fmt: skip


def filled(text: str, rng: Random) -> str:
    """The text with its varying parts drawn, each place anew."""
    draws: dict[str, Callable[[], str]] = {
        "{n}": lambda: str(rng.randint(100, 9999)),
        "{id}": lambda: identifier(rng),
        "{file}": lambda: rng.choice(FILES),
    }
    for mark, draw in draws.items():
        while mark in text:
            text = text.replace(mark, draw(), 1)
    return text


def spread(rng: Random, sessions: Sequence[int], share: float, least: int) -> list[int]:
    """Which sessions an error happens in."""
    count = min(len(sessions), max(least, round(len(sessions) * share)))
    return sorted(rng.sample(list(sessions), count))
