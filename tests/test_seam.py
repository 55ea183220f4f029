"""The seam's own data."""

from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Author


def test_a_refusal_ends_with_its_code() -> None:
    assert Refusal("conflict", "It moved.").text == "It moved.\n[refused: conflict]"


def test_an_author_without_a_session_is_shown_as_its_connection() -> None:
    assert Author(connection_id="c1").label == "connection c1"
    assert Author(session_id="s-17", connection_id="c1").label == "session s-17"
