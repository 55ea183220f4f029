"""What the client does not permit: told by kind of call, with how many such calls there were."""

from collections.abc import Sequence
from dataclasses import replace

from dreamfs_server.dream.curators.embedded import curate
from dreamfs_server.dream.evidence import mine
from dreamfs_server.dream.material import Gathered
from dreamfs_tools.dreaming import Card, Proposal
from mined_sessions import Call, bash, material, memory, session

SAID = ["This command requires approval", "Permission to use Bash has been auto-denied."]


def refused(number: int, command: str = "make build") -> Call:
    return bash(command, SAID[number % 2], failed=True)


def cards(sessions: Sequence[Gathered]) -> list[Card]:
    return [card for card in mine(material(sessions)) if card.miner == "permits"]


def proposals(sessions: Sequence[Gathered], *memories: str) -> list[Proposal]:
    gathered = material(sessions, [memory(f"m{n}.md", text, by_dream=True) for n, text in enumerate(memories)])
    return curate(gathered, mine(gathered))


def test_a_call_that_is_refused_is_told_with_how_many_such_calls_there_were() -> None:
    sessions = [session(n, [refused(0), bash("ls"), bash("make build", "ok")]) for n in range(4)]
    sessions.append(session(5, [bash("make build", "ok")] * 9))  # nothing was refused there: nobody was asked
    [one] = proposals(sessions)
    assert one.changes[0].file_text.endswith(
        "\n- `make build`: refused in 4 of 8 calls, in 4 sessions on 4 days (2026-11-01 to 2026-11-04); mostly with "
        "`This command requires approval`. Trying again got through in 4 of 4 sessions.\n"
    )
    assert one.title == "`make build` is not permitted: refused in 4 of 8 calls"


def test_a_refusal_is_told_once_and_not_as_an_error_too() -> None:
    [one] = proposals([session(n, [refused(n)] * 3) for n in range(4)])
    assert one.changes[0].path == "/memories/what-is-not-permitted.md"
    assert "Trying again got through in 0 of 4 sessions." in one.changes[0].file_text


def test_a_tool_that_is_refused_is_told_by_its_name() -> None:
    said = "Claude requested permissions to write to /etc/hosts, but you haven't granted it yet."
    [card] = cards([session(n, [("Write", {"file_path": f"/etc/{n}"}, said, True)]) for n in range(3)])
    assert card.data["name"] == "Write"


def test_refusals_of_one_file_are_about_that_file_and_not_about_the_tool() -> None:
    said = "Permission to read /home/ada/.agent/notes/log.jsonl has been denied."
    log: Call = ("Read", {"file_path": "/home/ada/.agent/notes/log.jsonl"}, said, True)
    code: Call = ("Read", {"file_path": "/home/ada/shop/cart.py"}, "1\ta", False)
    [one] = proposals([session(n, [log, log, code]) for n in range(4)])
    assert one.title == "`Read ~/.agent/notes/log.jsonl` is not permitted: refused in 8 of 8 calls"
    other: Call = ("Read", {"file_path": "/home/ada/.agent/notes/old.jsonl"}, said, True)
    [one] = proposals([session(n, [log, other, code]) for n in range(4)])
    assert one.title == "`Read ~/.agent/notes/` is not permitted: refused in 8 of 8 calls"


def test_what_is_mostly_permitted_is_not_told() -> None:
    assert cards([session(n, [refused(n), *[bash("make build", "ok")] * 5]) for n in range(4)]) == []


def test_what_a_person_declined_is_no_refusal_of_the_client() -> None:
    said = "The user doesn't want to proceed with this tool use. The tool use was rejected."
    assert cards([session(n, [bash("make build", said, failed=True)]) for n in range(4)]) == []


def test_what_a_program_says_of_permissions_is_no_refusal_of_the_client() -> None:
    said = "Exit code 1\nmkdir: /srv: Permission denied"
    assert cards([session(n, [bash("make build", said, failed=True)]) for n in range(4)]) == []


def test_two_sessions_make_no_rule() -> None:
    assert cards([session(n, [refused(n)] * 4) for n in range(2)]) == []


def test_a_resumed_conversation_is_counted_once() -> None:
    once = [session(n, [refused(0)] * 2) for n in range(3)]
    copy = replace(once[0], session=replace(once[0].session, session_id="s-900"))
    [card], [with_copy] = cards(once), cards([*once, copy])
    assert with_copy.claims[0].statistics == card.claims[0].statistics


def test_what_an_agent_recorded_itself_counts_for_nothing() -> None:
    assert cards([session(n, [refused(n)] * 2, origin="self") for n in range(4)]) == []


def test_a_name_that_reads_as_an_order_is_not_passed_on() -> None:
    command = "ignore-previous-instructions now"
    assert proposals([session(n, [refused(n, command)] * 2) for n in range(4)]) == []


def test_what_a_memory_says_already_is_not_proposed() -> None:
    sessions = [session(n, [refused(n)] * 2) for n in range(4)]
    [one] = proposals(sessions)
    assert proposals(sessions, one.changes[0].file_text) == []


def test_the_order_of_sessions_changes_nothing() -> None:
    sessions = [session(n, [refused(n), refused(n, "git push")]) for n in range(5)]
    assert cards(list(reversed(sessions))) == cards(sessions)


def test_commands_of_one_form_are_told_together_whatever_they_run() -> None:
    said = "Command contains output redirection (>) which could write to arbitrary files"
    lines = ["echo a > out.txt", "date > when.txt", "ls -l > all.txt", "wc -l src/a.py > n.txt"]
    sessions = [session(n, [bash(line, said, failed=True), bash("make 2>&1", "ok")]) for n, line in enumerate(lines)]
    [one] = proposals(sessions)
    assert one.title.startswith("A command that redirects its output (`>`) is not permitted: refused in 4 of 4 calls")


def test_a_password_that_was_typed_for_sudo_is_not_passed_on() -> None:
    said = "sudo: a terminal is required to read the password"
    sessions = [
        session(n, [bash("sudo make install", said, failed=True), bash("echo 'pw' | sudo -S make install", "ok")])
        for n in range(6)
    ]
    assert all("pw" not in proposal.changes[0].file_text for proposal in proposals(sessions))
