"""Options that narrow what a command touches: given, they name something."""

import click
from click.core import ParameterSource


def named(context: click.Context, parameter: click.Parameter, value: str) -> str:
    """A callback of such an option: an empty variable of a script must not widen the command to everything.

    Raises:
        click.BadParameter: given, and empty.
    """
    given = parameter.name and context.get_parameter_source(parameter.name) is ParameterSource.COMMANDLINE
    if given and not value.strip():
        raise click.BadParameter("it is empty; leave the option out to mean all of them.", context, parameter)
    return value
