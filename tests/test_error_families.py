"""Errors that are too rare in any one wording: gathered into families, without a word of a project."""

import pytest

from dreamfs_server.dream.evidence.errors.errors import Failure, Finding, failures, recurring
from dreamfs_server.dream.evidence.errors.families import family
from dreamfs_server.dream.evidence.errors.signature import signature
from dreamfs_server.dream.evidence.steps import steps
from dreamfs_server.dream.evidence.support import Place
from dreamfs_server.dream.material import Gathered
from mined_sessions import bash, session


def failed(gathered: Gathered) -> list[Failure]:
    stored = gathered.session
    return failures(gathered, Place(stored.session_id, gathered.root, gathered.day, "", ""), steps(gathered))


def found(*said: str) -> list[Finding]:
    return recurring(
        [one for n, text in enumerate(said) for one in failed(session(n, [bash("deploy", text, failed=True)]))]
    )


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("zsh: command not found: gron", "command not found"),
        ("'rg' is not recognized as an internal or external command,", "command not found"),
        ("/bin/sh: 1: tree: not found", "command not found"),
        ("This command requires approval", "the client did not permit the call"),
        ("tar: /srv/backup: Cannot open: No such file or directory", "no such file or directory"),
        ("FileNotFoundError: [Errno 2] No such file or directory: 'a.txt'", "no such file or directory"),
        ("mkdir: /opt/tool: Permission denied", "permission denied"),
        ("ModuleNotFoundError: No module named 'numpy'", "Python module not found"),
        ("Error: Cannot find module 'left-pad'", "JavaScript module not found"),
        ("src/app.ts(4,9): error TS2322: Type 'string' is not assignable to type 'number'.", "TypeScript error"),
        ("error[E0382]: borrow of moved value: `plan`", "Rust error"),
        ("pkg/a.go:10:2: undefined: frobnicate", "Go does not compile"),
        ("AssertionError: assert 3 == 4", "tests failed"),
        ("KeyError: 'name'", "KeyError"),
        ("curl: (7) Failed to connect to localhost port 80: Connection refused", "connection refused or lost"),
        ("ssh: Could not resolve hostname build: Name or service not known", "name of a host not resolved"),
        ("Command timed out after 2m 0.0s", "timed out"),
        ("head: illegal option -- z", "wrong option or usage"),
        ("CONFLICT (content): Merge conflict in a.txt", "git cannot merge"),
        (
            "Command contains output redirection (>) which could write to arbitrary files",
            "the client did not permit the call",
        ),
        ("Shell expansion syntax in paths requires manual approval", "the client did not permit the call"),
        ("No shell found with ID: 4f1c22", "no such task or shell in the background"),
        ("Task b7f2 is not running (status: failed)", "no such task or shell in the background"),
        ("No changes to make: old_string and new_string are exactly the same.", "nothing to change"),
        ("This tool cannot read binary files.", "a binary file"),
        ("Error: Ref e31 not found in the current page snapshot.", "a browser's page was not as thought"),
        ("the input device is not a TTY", "a terminal or an answer is needed"),
        ("fatal: Unable to create '/srv/app/.git/index.lock': File exists.", "a lock is held"),
        ("mkdir: cannot create directory 'out': File exists", "it exists already"),
        ("Unit printd.service could not be found.", "no such service or unit"),
        ("E: Unable to locate package gron", "no such package"),
        ("clang: error: ld command failed with exit code 1", "it does not link"),
        ("fatal: this operation must be run in a work tree", "not a git repository"),
        ("(eval):1: == not found", "the shell cannot parse it"),
        ("the walnut is sealed", ""),
    ],
)
def test_an_error_belongs_to_the_family_that_its_line_names(line: str, name: str) -> None:
    assert family(line, line, bare=False) == name


def test_a_line_of_no_family_is_told_by_what_the_runner_printed_around_it() -> None:
    text = "Exit code 1\n--- FAIL: TestOpen (0.01s)\n    open_test.go:12: the lid stayed shut\nFAIL"
    assert family("open_test.go:12: the lid stayed shut", text, bare=False) == "tests failed"


def test_errors_too_rare_in_any_words_are_one_finding_of_their_family() -> None:
    [one] = found(
        "Exit code 1\nerror: failed to push some refs to 'origin'",
        "Exit code 1\n ! [rejected] main -> main (fetch first)",
        "Exit code 1\nthe walnut is sealed",
        "Exit code 1\nremote: error: GH006: Protected branch update failed for refs/heads/main.",
    )
    assert one.signature == "git push rejected, in any words"
    assert len(one.failures) == 3


def test_a_family_counts_what_has_a_finding_of_its_own_but_once() -> None:
    told = ["Exit code 127\nzsh: command not found: fd"] * 3
    rare = ["Exit code 127\nbash: gron: command not found", "Exit code 127\n/bin/sh: 1: sd: not found"]
    of_words, of_family = found(*told, *rare)
    assert of_words.signature == "command not found: fd"
    assert (len(of_family.failures), len(of_family.own)) == (5, 2)


def test_a_family_covers_an_error_in_new_words() -> None:
    [one] = found("error: failed to push some refs to 'origin'", " ! [rejected] main -> main (fetch first)")
    [new, other] = [
        *failed(session(8, [bash("x", "remote: error: GH006: Protected branch update failed", failed=True)])),
        *failed(session(9, [bash("x", "Exit code 1\nthe walnut is sealed", failed=True)])),
    ]
    assert one.covers(new)
    assert not one.covers(other)


def test_the_order_of_failures_changes_no_family() -> None:
    said = [
        "error: failed to push some refs to 'origin'",
        " ! [rejected] main -> main (fetch first)",
        "remote: error: GH006: Protected branch update failed",
        "no such volume",
    ]
    several = [one for n, text in enumerate(said) for one in failed(session(n, [bash("x", text, failed=True)]))]
    told = [(one.signature, len(one.failures)) for one in recurring(several)]
    assert told == [(one.signature, len(one.failures)) for one in recurring(several[::-1])]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Exit code 1\nvar err error\nreturn err", "Exit code 1"),
        ("Exit code 1\nvar err error\ncat: b.go: No such file or directory", "cat: b.go: No such file or directory"),
        ("Exit code 2\nvar err error\nsed: 1: unterminated substitute: invalid command", "sed: 1: unterminated substitute: invalid command"),
    ],
)  # fmt: skip
def test_what_stands_in_a_file_is_no_message_of_the_program_that_shows_it(text: str, line: str) -> None:
    one = signature(text, shows_files=True)
    assert one is not None
    assert one.line == line


def test_a_question_whether_a_program_is_there_is_no_mistake() -> None:
    [one] = failed(session(1, [bash("which gron", "Exit code 1\ngron not found", failed=True)]))
    assert one.expected


def test_a_small_number_that_is_the_same_in_few_sessions_stays_open() -> None:
    [one] = found(*["Exit code 1\nbash: line 1: cd: /srv/app: No such file or directory"] * 3)
    assert one.signature == "bash: line <n>: cd: /srv/app: No such file or directory"


def test_a_failed_command_alone_is_a_message() -> None:
    one = signature("Command failed: winpath -u 'C:\\Temp\\a.sh'")
    assert one is not None
    assert not one.bare


def test_every_shell_says_in_its_own_words_that_a_command_is_missing() -> None:
    [one] = found(
        "Exit code 127\nbash: line 1: gron: command not found",
        "Exit code 127\nzsh: command not found: gron",
        "Exit code 127\n/bin/sh: 1: gron: not found",
        "Exit code 1\n'gron' is not recognized as an internal or external command,",
    )
    assert one.signature == "command not found: gron"


def test_what_the_client_does_not_permit_is_one_error_however_often_it_is_said() -> None:
    [one] = found(*["This command requires approval"] * 4, *["Permission to use Bash has been auto-denied."] * 4)
    assert one.signature == "the client did not permit the call, in any words"
    assert len(one.own) == 8
