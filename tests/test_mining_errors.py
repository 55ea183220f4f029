"""Recurring errors: what is one error, what it rests on, and what then worked."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreamfs_server.dream.curators.embedded import curate
from dreamfs_server.dream.evidence import mine
from dreamfs_server.dream.evidence.copies import Copies
from dreamfs_server.dream.evidence.errors.signature import mask, signature
from dreamfs_server.dream.evidence.errors.templates import fits, templates
from dreamfs_server.dream.material import Gathered, cite, numbered
from dreamfs_tools.dreaming import Card
from dreamfs_tools.transcript import Event, render
from mined_sessions import Call, bash, material, session


def lines_of(gathered: Gathered) -> list[str]:
    return "".join(render(event) for event in gathered.events).split("\n")


def errors(sessions: list[Gathered]) -> list[Card]:
    return [card for card in mine(material(sessions)) if card.miner == "errors"]


def wrong_calls() -> list[Call]:
    return [bash("cd /srv/app && make", "Exit code 1\nbash: cd: /srv/app: No such file or directory", failed=True)]


def wrong_folder(number: int, *, day: int | None = None, task: str = "") -> Gathered:
    calls: list[Call] = [
        bash(
            f"cd /srv/app && pytest tests/test_{number}.py",
            "Exit code 1\nbash: line 1: cd: /srv/app: No such file or directory",
            failed=True,
        ),
        bash(f"cd /srv/service && pytest tests/test_{number}.py", "1 passed"),
    ]
    return session(number, calls, day=day, task=task)


def test_an_error_of_three_sessions_on_two_days_is_a_rule_with_what_then_worked() -> None:
    [card] = errors([wrong_folder(n) for n in range(4)])
    claim = card.claims[0]
    assert claim.kind == "rule"
    assert claim.statistics == {
        "signature": "bash: line <n>: cd: /srv/app: No such file or directory",
        "count": 4,
        "sessions": 4,
        "tasks": 0,
        "days": 4,
        "recovery": "write `/srv/service` for `/srv/app`",
        "recovered": 4,
        "tried": 4,
    }


@pytest.mark.parametrize(
    "sessions",
    [
        [wrong_folder(n) for n in range(2)],
        [wrong_folder(n, day=1) for n in range(5)],
        [wrong_folder(n, day=-1) for n in range(5)],
        [wrong_folder(n, task=f"task {n % 2}") for n in range(6)],
    ],
    ids=["two sessions", "one day", "undated", "two tasks"],
)
def test_less_support_stays_a_hypothesis(sessions: list[Gathered]) -> None:
    [card] = errors(sessions)
    assert card.claims[0].kind == "hypothesis"
    assert "hypothesis" in card.body


def test_an_error_of_one_session_is_no_finding() -> None:
    assert errors([session(1, [bash("make", "make: *** missing separator", failed=True)] * 5)]) == []


def test_an_exit_code_alone_does_not_merge_different_programs() -> None:
    sessions = [
        session(n, [bash(f"{program} {n}", "Exit code 1", failed=True)])
        for n, program in enumerate(["terraform", "helm"] * 3)
    ]
    assert {card.title for card in errors(sessions)} == {
        "helm: exit code 1 and no message",
        "terraform: exit code 1 and no message",
    }


def test_numbers_identifiers_and_paths_that_vary_make_one_template() -> None:
    sessions = [
        session(n, [("deploy", {"id": n}, f"Error: release r-{n}7f of /srv/{name}/x is locked by job {n}", True)])
        for n, name in enumerate(["api", "web", "cron"])
    ]
    [card] = errors(sessions)
    assert card.title == "Error: release <id> of <path> is locked by job <n>"


def test_a_value_that_recurs_on_its_own_is_a_finding_of_its_own() -> None:
    names = ["yaml"] * 4 + ["left", "right", "up"]
    sessions = [
        session(n, [bash("python app.py", f"Exit code 1\nModuleNotFoundError: No module named '{name}'", failed=True)])
        for n, name in enumerate(names)
    ]
    found = {card.title: card.claims[0].support.sessions for card in errors(sessions)}
    assert found == {"ModuleNotFoundError: No module named 'yaml'": 4, "ModuleNotFoundError: No module named <str>": 3}


def test_of_a_traceback_the_last_exception_is_the_signature() -> None:
    text = (
        'Exit code 1\nTraceback (most recent call last):\n  File "a.py", line 3, in <module>\n    run()\n'
        "KeyError: 'name'\n\nDuring handling of the above exception, another exception occurred:\n\n"
        'Traceback (most recent call last):\n  File "a.py", line 9\n    go()\nValueError: no name given\n'
    )
    found = signature(text)
    assert found is not None
    assert text[found.start : found.end] == "ValueError: no name given"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "<tool_use_error>String to replace not found in file.\nString: raise ValueError(x)</tool_use_error>",
            "String to replace not found in file.",
        ),
        (
            ("<tool_use_error>InputValidationError: Task failed due to the following issue:\n"
            "The required parameter `prompt` is missing</tool_use_error>"),
            "InputValidationError: Task failed due to the following issue: The required parameter `prompt` is missing",
        ),
        ("Exit code 127\n> build\n\nbash: line 1: frob: command not found\nmake: *** [all] Error 127", "bash: line 1: frob: command not found"),
        ("warming up\nquill: starting run 7\nQuillError[12]: lease 4 is sealed\nquill: stopped", "QuillError[12]: lease 4 is sealed"),
        ("Command timed out after 2m 0.0s", "Command timed out after 2m 0.0s"),
        ("Exit code 1\n[test] $ go test ./...\ngo: updates to go.mod needed; to update it:\n[test] ERROR task failed", "go: updates to go.mod needed; to update it:"),
        ("Exit code 2\n[build] cmd/a/b.go:19:10: undefined: errors\nmake: *** [build] Error 1", "cmd/a/b.go:19:10: undefined: errors"),
        ("Exit code 1\na.go:3: 17-67 lines are duplicate of `b.go:16-66` (dupl)\nfunc Get(name string) (string, error) {", "a.go:3: 17-67 lines are duplicate of `b.go:16-66` (dupl)"),
        ("Exit code 1\n=== RUN   TestReset\n    reset_test.go:87: want 1, got 2\n--- FAIL: TestReset (0.02s)\nFAIL", "reset_test.go:87: want 1, got 2"),
        ("2026-01-01T08:33:53Z INFO starting\n2026-01-01T08:33:54Z ERROR no battery\n", "2026-01-01T08:33:54Z ERROR no battery"),
        ("<tool_use_error>File does not exist. Did you mean .golangci.yaml?</tool_use_error>", "File does not exist."),
        ("Exit code 1\naccepts at most 1 arg(s), received 3", "accepts at most 1 arg(s), received 3"),
    ],
)  # fmt: skip
def test_the_line_that_names_the_cause_is_the_signature(text: str, line: str) -> None:
    found = signature(text)
    assert found is not None
    assert found.line == line


def test_output_that_names_no_error_is_no_message() -> None:
    found = signature("Exit code 1\n=== dnsmasq.d ===\ntotal 4\nconfig\n")
    assert found is not None
    assert found.bare
    assert found.line == "Exit code 1"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a.go:412:8: undefined: x", "cmd/b_test.go:12:20: undefined: x"),
        ("error: could not apply ad0c095... use Status()", "error: could not apply 378b6b7... small refactor of it"),
        (
            "Permission to use Bash with command cd /tmp && ls has been denied.",
            "Permission to use Bash with command find . -type f has been denied.",
        ),
        ("The following part requires approval: swift build 2>&1", "The following part requires approval: make"),
    ],
)
def test_what_varies_in_a_message_is_masked_as_one(one: str, other: str) -> None:
    assert mask(one)[1] == mask(other)[1]


def test_a_linters_rule_is_the_error_whatever_it_says_of_the_place() -> None:
    said = [
        "a/x.go:3:1: error returned from external package is unwrapped: sig: func os.ReadFile(name string) (wrapcheck)",
        "b/y.go:90:2: error returned from interface method should be wrapped: sig: func (T) Close() (wrapcheck)",
        "[lint] c.go:7:7: error returned from external package is unwrapped (wrapcheck)\n[lint] ERROR task failed",
    ]
    sessions = [session(n, [bash("mise run lint", f"Exit code 1\n{text}", failed=True)]) for n, text in enumerate(said)]
    [card] = errors(sessions)
    assert card.title == "lint rule wrapcheck"
    assert card.data["expected"]


def test_a_template_fits_what_differs_only_where_it_leaves_something_open() -> None:
    words = ("cannot", "open", "<path>", "<*>")
    assert fits(words, *mask("cannot open /etc/x/y twice"))
    assert not fits(words, *mask("cannot close /etc/x/y twice"))
    assert not fits(words, *mask("cannot open 7 twice"))


def test_a_look_at_something_else_is_no_way_out() -> None:
    error = "<tool_use_error>String to replace not found in file.</tool_use_error>"
    looks: list[Call] = [
        ("Read", {"file_path": "/repo/other.py"}, "1 a", False),
        ("Grep", {"pattern": "def f", "path": "/repo"}, "a.py", False),
        bash("git status"),
    ]
    sessions = [
        session(
            n,
            [
                ("Edit", {"file_path": "/repo/a.py", "old_string": f"a {n}", "new_string": "b"}, error, True),
                looks[n % 3],
                ("Edit", {"file_path": "/repo/a.py", "old_string": f"c {n}", "new_string": "b"}, "done", False),
            ],
        )
        for n in range(6)
    ]
    [card] = errors(sessions)
    said = {tally.label for tally in card.data["tallies"]}
    assert not any("first" in label for label in said)


def test_a_file_under_another_name_is_told_alike_in_every_checkout() -> None:
    sessions = [
        session(
            n,
            [
                ("Read", {"file_path": f"/home/{name}/cli/.lint.yml"}, "File does not exist.", True),
                ("Read", {"file_path": f"/home/{name}/cli/.lint.yaml"}, "1 a", False),
            ],
        )
        for n, name in enumerate(["ann", "bob", "eve"])
    ]
    [card] = errors(sessions)
    assert card.claims[0].statistics["recovery"] == "write `.lint.yaml` for `.lint.yml` in `file_path`"
    assert card.claims[0].statistics["recovered"] == 3


def test_a_call_canceled_with_another_is_no_error() -> None:
    text = "<tool_use_error>Cancelled: parallel tool call Bash(ls) errored</tool_use_error>"
    assert errors([session(n, [bash("pwd", text, failed=True)]) for n in range(5)]) == []


def test_what_a_session_would_have_done_anyway_is_no_way_out() -> None:
    broken: list[Call] = [
        bash("quill sync all", "Error: the lease is sealed", failed=True),
        bash("kubectl apply -f all"),
    ]
    habit: list[Call] = [bash("kubectl apply -f all")]
    sessions = [session(n, broken if n < 5 else habit) for n in range(20)]
    assert errors(sessions)[0].claims[0].statistics["tried"] == 0
    alone = [session(n, broken if n < 5 else []) for n in range(20)]
    assert errors(alone)[0].claims[0].statistics["recovery"] == "run `kubectl apply -f all` instead"


def test_another_command_about_another_thing_is_the_next_task_and_no_way_out() -> None:
    broken: list[Call] = [
        bash("quill usage", "Error: unknown command", failed=True),
        bash("quill close ab-12", "closed"),
    ]
    [card] = errors([session(n, broken) for n in range(3)])
    assert card.claims[0].statistics["tried"] == 0


def test_what_a_pipe_hides_is_no_success() -> None:
    said = "error: Cannot find module 'next/navigation' from 'page.tsx'"
    calls: list[Call] = [
        bash("bun test", said, failed=True),
        bash("bun test src/ 2>&1 | tail -5", f"{said}\n 3 pass"),
    ]
    [card] = errors([session(n, calls) for n in range(4)])
    assert all(tally.worked == 0 for tally in card.data["tallies"])


def test_looking_at_a_failure_once_more_is_not_what_ended_it() -> None:
    said = "$ bun test src/\nerror: Cannot find module 'next/navigation' from 'page.tsx'"
    calls: list[Call] = [
        bash("git commit -m one", said, failed=True),
        bash("bun test src/ 2>&1 | tail -5", " 3 pass"),
        bash("git commit -m one", "[main 1a2b] one"),
    ]
    [card] = errors([session(n, calls) for n in range(4)])
    assert not [tally.label for tally in card.data["tallies"] if "bun test" in tally.label]


@pytest.mark.parametrize(
    ("failing", "then"),
    [("bun run test", "bun run lint"), ("make check", "make docs"), ("trk show ab-1", "trk list --parent ab-1")],
)
def test_another_task_of_the_same_program_is_no_way_out(failing: str, then: str) -> None:
    calls: list[Call] = [bash(failing, "Error: molecule ab-1 not found", failed=True), bash(then, "all is well")]
    [card] = errors([session(n, calls) for n in range(4)])
    assert not [
        tally.label for tally in card.data["tallies"] if "lint" in tally.label or "give `--parent`" in tally.label
    ]


def test_a_listing_that_lists_nothing_has_not_worked() -> None:
    calls: list[Call] = [
        bash("trk mol current", "Error: molecule ab-1 not found", failed=True),
        bash("trk mol list --parent ab-1", "No items found."),
    ]
    [card] = errors([session(n, calls) for n in range(4)])
    assert card.claims[0].statistics["recovered"] == 0


def test_a_copy_of_an_event_in_a_resumed_session_counts_once() -> None:
    first = wrong_folder(1)
    copy = Gathered(session(9, [], day=1).session, first.events)
    assert errors([first, copy]) == []


def renamed(gathered: Gathered, name: str, events: int | None = None) -> Gathered:
    return Gathered(replace(gathered.session, session_id=name), gathered.events[:events])


@pytest.mark.parametrize("day", [0, -1], ids=["dated", "undated"])
def test_one_conversation_exported_twice_counts_once(day: int) -> None:
    sessions = [wrong_folder(n, day=day if day < 0 else n) for n in range(4)]
    copies = [renamed(sessions[1], "z-export"), renamed(sessions[2], "z-before-its-end", events=3)]
    assert errors([*copies, *sessions]) == errors([*sessions, *copies]) == errors(sessions)


def test_a_thread_saved_twice_as_one_text_counts_once() -> None:
    text = "we always write times in UTC. " * 10
    one, other = (
        Gathered(replace(session(1, []).session, session_id=name), numbered([Event(0, "user", "text", text)]))
        for name in ("thread", "thread-again")
    )
    met = Copies()
    met.meet(one)
    met.meet(other)
    assert met.found() == {"thread-again": "thread"}


def test_runs_of_one_task_are_experiments_however_alike() -> None:
    run = session(1, wrong_calls(), day=-1, task="t1", outcome="failure")
    [card] = errors([renamed(run, f"run-{n}") for n in range(4)])
    assert card.claims[0].support.sessions == 4


def test_what_never_worked_is_told_as_such() -> None:
    said = "Exit code 1\nsudo: a terminal is required to read the password"
    sessions = [session(n, [bash(f"sudo launchctl list {n}", said, failed=True)] * 2) for n in range(4)]
    [card] = errors(sessions)
    assert "No later attempt worked; 4 sessions tried again." in card.claims[0].text


def test_a_sub_agent_counts_as_the_session_that_started_it() -> None:
    calls: list[Call] = [bash("make", "make: No rule to make target 'all'", failed=True)]
    [card] = errors([session(1, calls), session(2, calls, parent="s-001")])
    assert card.claims[0].support.sessions == 1
    assert card.claims[0].kind == "hypothesis"


def test_what_one_session_met_twice_is_a_hypothesis_and_once_is_nothing() -> None:
    failing = bash("make", "make: No rule to make target 'all'", failed=True)
    between = [bash(f"cat notes-{n}.txt", "text") for n in range(14)]
    [card] = errors([session(1, [failing, *between, failing])])
    assert card.claims[0].kind == "hypothesis"
    assert card.claims[0].statistics["count"] == 2
    assert errors([session(1, [failing])]) == []
    assert errors([session(1, [failing, failing])]) == []  # the second is a further attempt at the first


@pytest.mark.parametrize(
    "said", ["Interrupted by user", "Warmup", "User cancelled the write", "No tools needed for suggestion"]
)
def test_what_the_client_says_when_nobody_wants_an_answer_is_no_error(said: str) -> None:
    assert errors([session(n, [bash("make", said, failed=True)]) for n in range(5)]) == []


@pytest.mark.parametrize(
    "printed",
    [
        "Exit code 1\n0",
        "Exit code 1\n/home/dev/app/src/config.ts",
        "Exit code 1\n155c61e fix: unify all error states\n0a1b2c3 feat: error pages",
        "Exit code 1\n✔ rejects invalid input (0.1 ms)\n✔ accepts valid input",
        "○ printd.service - Print Daemon\n  Loaded: loaded\n  Active: inactive (dead)",
    ],
    ids=["a number", "a path", "a log of commits", "tests that passed", "a status"],
)
def test_what_a_command_printed_without_naming_an_error_is_no_message(printed: str) -> None:
    [card] = errors([session(n, [bash("show state", printed, failed=True)]) for n in range(3)])
    assert card.data["signature"].startswith("show: ")
    assert "without a message" in card.data["signature"] or "no message" in card.data["signature"]


def test_a_hook_that_names_itself_above_its_questions_is_one_error() -> None:
    said = "[Facts First]\n\nBefore changing {}, answer:\n\n1. List ALL files that must be read\n2. What failed before"
    [card] = errors([session(n, [bash(f"make {n}", said.format(f"f{n}.py"), failed=True)]) for n in range(3)])
    assert card.data["signature"] == "[Facts First]"


def test_a_linters_rule_is_known_by_its_number_and_name() -> None:
    said = 'notes/{}.md:1{} error MD040/fenced-code-language Fenced code blocks should have a language [Context: "```"]'
    [card] = errors([session(n, [bash("npx markdownlint notes", said.format(n, n), failed=True)]) for n in range(3)])
    assert card.data["signature"] == "lint rule MD040/fenced-code-language"


@pytest.mark.parametrize(
    "wrapper",
    [
        "Error: command exited with status 1",
        "Error: Command failed with exit code 255",
        "Error executing tool bash: non-zero exit code (1)",
        "Error: <stdout></stdout>",
        "Error: Command failed: ship --to {}",
        "Error: CalledProcessError: Command 'ship --to {}' returned non-zero exit status 1.",
    ],
)
def test_what_wraps_every_error_is_none(wrapper: str) -> None:
    lines = ["ledger: no such account", "mailer: the queue is not open", "ledger: no such account"]
    sessions = [
        session(n, [bash(f"ship --to {n}", f"{wrapper.format(n)}\n<stderr>{lines[n % 3]}</stderr>", failed=True)])
        for n in range(9)
    ]
    assert {card.data["signature"] for card in errors(sessions)} == set(lines)


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("go: example.com/kit@v1: reading https://proxy.example/kit: 410 Gone", "410 Gone"),
        (
            "[2026-11-01 10:00:00,1] WARN [Consumer] fetching metadata: LEADER_NOT_AVAILABLE (broker)",
            "LEADER_NOT_AVAILABLE",
        ),
        (
            "error: linker `cc` not found\n  |\n  = note: No such file or directory (os error 2)",
            "linker `cc` not found",
        ),
    ],
)
def test_the_line_that_says_what_is_wrong_is_the_message(said: str, line: str) -> None:
    found = signature(f"Exit code 1\n{said}")
    assert found is not None
    assert line in found.line
    assert not found.bare


def test_an_error_that_names_another_address_each_time_is_one() -> None:
    said = "(error) MOVED {} 10.0.3.{}:6379"
    [card] = errors([session(n, [bash("redis-cli get k", said.format(900 + n, n % 2), failed=True)]) for n in range(8)])
    assert card.claims[0].statistics["count"] == 8


def test_the_prompt_of_sudo_is_no_part_of_what_a_program_says() -> None:
    said = ["[sudo] password for ann: error: no such target", "error: no such target"]
    [card] = errors([session(n, [bash("sudo build", said[n % 2], failed=True)]) for n in range(4)])
    assert card.data["signature"] == "error: no such target"


def test_what_an_agent_recorded_itself_supports_nothing() -> None:
    calls: list[Call] = [bash("make", "make: No rule to make target 'all'", failed=True)]
    assert errors([session(n, calls, origin="self") for n in range(5)]) == []


def test_a_call_that_a_person_declined_is_no_error() -> None:
    text = "The user doesn't want to proceed with this tool use. The tool use was rejected."
    assert errors([session(n, [bash("rm x", text, failed=True)]) for n in range(5)]) == []


def test_failing_checks_are_said_to_be_perhaps_legitimate() -> None:
    sessions = [
        session(n, [bash("pytest -q", "Exit code 1\nE   AssertionError: assert 1 == 2", failed=True)]) for n in range(5)
    ]
    [card] = errors(sessions)
    assert "legitimate" in card.body
    assert card.claims[0].kind == "observed"


def test_outcomes_are_compared_within_the_same_tasks() -> None:
    calls: list[Call] = [("pay", {"card": "a"}, "Error: card was declined by the bank", True)]
    sessions = [
        session(n, calls if n % 2 else [], task=f"t{n // 4}", outcome="failure" if n % 2 else "success")
        for n in range(16)
    ]
    [card] = errors(sessions)
    assert "Of 8 sessions with it, 0 succeeded; of 8 without it in the same 4 tasks, 8; of all 16, 8." in card.body


def test_the_weight_is_per_task_where_tasks_are_known() -> None:
    repeated = [wrong_folder(n, task=f"t{n % 3}") for n in range(12)]
    single = [wrong_folder(n, task=f"t{n}") for n in range(3)]
    assert errors(repeated)[0].weight == errors(single)[0].weight


def test_the_order_of_sessions_changes_nothing() -> None:
    sessions = [wrong_folder(n) for n in range(4)] + [
        session(n, [bash(f"git push {n}", "Exit code 128\nfatal: not a git repository", failed=True)])
        for n in range(10, 15)
    ]
    expected = mine(material(sessions))
    shuffled = list(sessions)
    random.Random(7).shuffle(shuffled)
    assert mine(material(shuffled)) == expected


def test_every_quote_is_a_substring_of_its_cited_lines() -> None:
    sessions = [wrong_folder(n) for n in range(6)]
    rendered = {f"/transcripts/{g.session.session_id}": lines_of(g) for g in sessions}
    quotes = [quote for card in errors(sessions) for claim in card.claims for quote in claim.evidence]
    assert len(quotes) >= 6
    for quote in quotes:
        a, b = quote.lines
        assert quote.quote in "\n".join(rendered[quote.source][a - 1 : b])


@given(st.text(), st.text(), st.integers(0, 400), st.integers(0, 400))
def test_any_span_is_cited_exactly_or_not_at_all(before: str, text: str, start: int, length: int) -> None:
    events = numbered([Event(0, "user", "text", before), Event(0, "tool", "tool_result", text, tool="t")])
    quote = cite("s", events[1], min(start, len(text)), min(start + length, len(text)))
    lines = "".join(render(event) for event in events).split("\n")
    a, b = quote.lines
    assert quote.quote in "\n".join(lines[a - 1 : b])
    assert not set(quote.quote) & set("\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")


@given(st.text(max_size=200))
def test_masking_keeps_the_number_of_words(line: str) -> None:
    words, masked = mask(line)
    assert len(words) == len(masked)
    # Quoted text is one word, blanks and all.
    assert "".join("".join(words).split()) == "".join(line.split())


@given(
    st.lists(st.lists(st.sampled_from(["a", "b", "c", "<n>", "<id>"]), min_size=1, max_size=4).map(tuple), max_size=12)
)
def test_templates_do_not_depend_on_order(lines: list[tuple[str, ...]]) -> None:
    assert templates(lines) == templates(reversed(lines))


def test_how_much_of_the_output_was_to_be_seen_is_no_part_of_the_way_out() -> None:
    said = "Exit code 1\nnpm error ERESOLVE unable to resolve dependency tree"
    ways = ["npm install --legacy-peer-deps", "npm install --legacy-peer-deps 2>&1 | tail -5"]
    sessions = [session(n, [bash("npm install | head -20", said, failed=True), bash(ways[n % 2])]) for n in range(6)]
    [card] = [card for card in mine(material(sessions)) if card.miner == "errors"]
    best = card.data["tallies"][0]
    assert (best.label, best.worked, best.tried) == ("add `--legacy-peer-deps`", 6, 6)


def test_a_variable_that_was_set_is_the_way_out_whatever_its_value() -> None:
    said = "Exit code 2\nrelease: no version was given"
    sessions = [
        session(n, [bash("./release.sh", said, failed=True), bash(f"VERSION=1.{n}.0 ./release.sh")]) for n in range(4)
    ]
    [card] = [card for card in mine(material(sessions)) if card.miner == "errors"]
    best = card.data["tallies"][0]
    assert (best.label, best.worked, best.tried) == ("set `VERSION` for it", 4, 4)


def test_the_rest_of_a_line_that_failed_and_a_script_on_a_line_are_no_other_way() -> None:
    said = "bash: line 1: gox: command not found"
    chained = [session(n, [bash("gox vet && git add -A", said, failed=True), bash("git add -A")]) for n in range(5)]
    script = [
        session(n, [bash("gox vet", said, failed=True), bash(f"python3 -c 'open({n})\nprint()'")]) for n in range(5)
    ]
    kept = [session(n, [bash("gox vet", said, failed=True), bash("git commit -am done")]) for n in range(5)]
    for sessions in (chained, script, kept):
        [card] = [card for card in mine(material(sessions)) if card.miner == "errors"]
        assert [tally.label for tally in card.data["tallies"] if "instead" in tally.label] == []


def test_a_program_that_is_found_elsewhere_is_told_with_its_folder_however_it_was_called() -> None:
    ways = [
        "/usr/local/go/bin/go test ./...",
        "export PATH=$PATH:/usr/local/go/bin && go test ./...",
        "PATH=/usr/local/go/bin:$PATH go test ./...",
    ]
    sessions = [
        session(n, [bash("go test ./...", "bash: go: command not found", failed=True), bash(ways[n % 3], "ok")])
        for n in range(6)
    ]
    told = {tally.label: (tally.worked, tally.tried) for tally in errors(sessions)[0].data["tallies"]}
    assert told["put `/usr/local/go/bin` on `PATH`"] == (6, 6)


@pytest.mark.parametrize(
    "serves", [bash("grep -rn 'total_due' src", "src/a.py:3"), ("Search", {"q": "total_due"}, "a.py", False)]
)
def test_where_one_tool_is_out_of_order_another_that_does_the_same_is_told(serves: Call) -> None:
    broken: Call = ("Grep", {"pattern": "total_due"}, "Error checking permissions", True)
    [card] = errors([session(n, [broken, serves]) for n in range(5)])
    label = card.claims[0].statistics["recovery"]
    assert label == ("use `grep` in the shell instead" if serves[0] == "Bash" else "use `Search` instead")
    other: Call = bash("make test", "ok")
    [card] = errors([session(n, [broken, other]) for n in range(5)])
    assert card.claims[0].statistics["recovery"] == ""


def titles(sessions: list[Gathered]) -> str:
    return " | ".join(proposal.title for proposal in curate(material(sessions), mine(material(sessions))))


def test_where_a_tool_was_asked_for_the_wrong_thing_another_tool_is_no_way_out() -> None:
    folder: Call = ("Read", {"file_path": "/repo/source"}, "EISDIR: illegal operation on a directory, read", True)
    sessions = [session(n, [folder, bash("tree /repo/source", "a.py")]) for n in range(6)]
    assert "in the shell instead" not in titles(sessions)


def test_a_value_that_few_sessions_had_wrong_is_not_told_to_all() -> None:
    failing = bash("deploy --zone blue now", "Error: the lease is sealed", failed=True)
    mended = [failing, bash("deploy --zone green now", "ok")]
    few = [session(n, mended if n < 3 else [failing]) for n in range(12)]
    assert "green" not in titles(few)
    assert "green" in titles([session(n, mended) for n in range(12)])


def test_what_moved_some_file_is_not_told_without_the_file() -> None:
    calls = [
        [bash("quill sync", "Error: the lease is sealed", failed=True), bash(f"mv a{n} b{n}"), bash("quill sync", "ok")]
        for n in range(5)
    ]
    [card] = errors([session(n, each) for n, each in enumerate(calls)])
    assert "run `mv` first" not in [tally.label for tally in card.data["tallies"]]


def test_the_loop_of_one_session_does_not_say_that_trying_again_never_works() -> None:
    failing = bash("quill sync", "Error: the lease is sealed", failed=True)
    loop = [session(n, [failing] * (12 if n == 0 else 2)) for n in range(4)]
    even = [session(n, [failing] * 4) for n in range(4)]
    assert errors(loop)[0].data["stuck"] == 0
    assert errors(even)[0].data["stuck"] == 4
