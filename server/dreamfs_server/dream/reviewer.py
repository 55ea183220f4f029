"""Who decides at a command line: a person, and no model in the shell that its client gives it.

This is a guard-rail, not a boundary: under one user of the operating system an agent can unset the variable, or write the
database itself. What it keeps out is the honest mistake of a model that types the command which a report names.
"""

from collections.abc import Mapping

from dreamfs_tools.errors import Refusal

AGENT_SHELL = "CLAUDECODE"
"""Set by Claude Code in the shells that it gives its model."""


def is_agents_shell(environment: Mapping[str, str]) -> bool:
    """Whether a model types here."""
    return bool(environment.get(AGENT_SHELL))


def only_a_person(environment: Mapping[str, str], about: str) -> None:
    """Refuse what lets a dream's proposals into memory, or says who may.

    Args:
        environment: of the process.
        about: what is decided.

    Raises:
        Refusal: `not_allowed` in an agent's shell.
    """
    if is_agents_shell(environment):
        raise Refusal(
            "not_allowed",
            f"A person decides about {about}, and this is an agent's shell. Nothing was changed. Run the command in a "
            "terminal of your own.",
        )


def reviewer_of(
    named: str, login: str, environment: Mapping[str, str], *, is_terminal: bool, about: str = "proposals"
) -> str:
    """Who decides at a command line.

    Args:
        named: what `--as` says; "" where it was not given.
        login: the user of the operating system.
        environment: of the process.
        is_terminal: whether a person could be sitting there: standard input is a terminal.
        about: what is decided.

    Raises:
        Refusal: `not_allowed` in an agent's shell, and without `--as` where nobody can be asked.
    """
    only_a_person(environment, about)
    if named:
        return named
    if not is_terminal:
        raise Refusal(
            "not_allowed",
            f"A person decides about {about}, and nobody can be asked here. Nothing was changed. Run the command at a "
            "terminal, or say who decided with --as NAME.",
        )
    return f"user:{login}"
