"""An option that narrows what a command touches, and is empty, is a mistake and not everything."""

from pathlib import Path

import pytest

from command_line import CommandLine


@pytest.mark.parametrize(
    "words",
    [
        ("revert", "--session", "", "--since", "1d"),
        ("revert", "--actor", " ", "--version", "1", "--store", "memories"),
        ("revert", "--version", "1", "--store", ""),
        ("revert", "--session", "s-1", "--since", ""),
        ("log", "--session", ""),
        ("log", "--dream", ""),
        ("log", "--until", ""),
        ("prune", "--store", "", "--keep", "1", "--yes"),
    ],
)
def test_an_empty_name_does_not_stand_for_everything(tmp_path: Path, words: tuple[str, ...]) -> None:
    dreamfs = CommandLine(tmp_path / "memory.db")
    dreamfs.put("/memories/a.md", "one\n", "--session", "s-1")
    dreamfs.put("/memories/a.md", "two\n", "--session", "s-2", "--expected-version", "1")
    before = dreamfs.json("log")
    assert "it is empty; leave the option out to mean all of them." in dreamfs.refused(*words, code=2)
    assert dreamfs.json("log") == before
    assert dreamfs.said("cat", "/memories/a.md", "--version", "1") == "one\n"


def test_a_number_of_rows_is_not_below_zero(tmp_path: Path) -> None:
    assert "-1 is not in the range x>=0" in CommandLine(tmp_path / "memory.db").refused("log", "-n", "-1", code=2)
