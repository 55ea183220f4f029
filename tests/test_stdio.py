"""The stdio entry, seen by a client of a real process. One test for each row of what the stock entry gets wrong."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from stdio_process import ERAS, ROOT, Era, StdioProcess, environment

SERVER = ROOT / "tests" / "tiny_server.py"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and pipes of POSIX")


@pytest.fixture(params=ERAS)
def server(request: pytest.FixtureRequest) -> Iterator[StdioProcess]:
    era: Era = request.param
    with StdioProcess([SERVER], era=era) as process:
        process.open()
        yield process


@pytest.fixture(scope="module")
def lasting() -> Iterator[StdioProcess]:
    """One process for the tests that leave it as it was."""
    with StdioProcess([SERVER]) as process:
        process.open()
        yield process


def text_of(result: dict[str, object]) -> str:
    match result:
        case {"content": [{"text": str(text)}]}:
            return text
        case _:
            raise AssertionError(result)


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
    ids=str,
)
def test_a_signal_ends_the_process_with_storage_closed_while_input_stays_open_and_a_call_waits(
    server: StdioProcess, number: signal.Signals, code: int
) -> None:
    server.post("tools/call", {"name": "never", "arguments": {}})
    assert server.line("stderr") == b"waiting"

    server.process.send_signal(number)

    assert server.line("stderr") == b"storage closed"
    assert server.process.wait() == code


def test_a_second_signal_does_not_change_the_exit_code(server: StdioProcess) -> None:
    server.process.send_signal(signal.SIGINT)
    server.process.send_signal(signal.SIGTERM)

    assert server.process.wait() in {130, 143}
    assert server.line("stderr") == b"storage closed"


def test_the_process_ends_when_its_parent_is_killed_though_another_holds_its_input_open() -> None:
    incoming, our_outgoing = os.pipe()
    our_incoming, outgoing = os.pipe()
    our_errors, errors = os.pipe()
    starter = f"import subprocess, sys; subprocess.run([sys.executable, {str(SERVER)!r}])"
    parent = subprocess.Popen(
        [sys.executable, "-c", starter], stdin=incoming, stdout=outgoing, stderr=errors, env=environment()
    )
    for end in (incoming, outgoing, errors):
        os.close(end)
    os.write(our_outgoing, b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n')
    assert os.read(our_incoming, 4096), "the server is up"

    parent.kill()
    parent.wait()

    with os.fdopen(our_errors) as reader:
        assert reader.read() == "storage closed\n"  # ends only when the server, who holds it, has ended
    os.close(our_outgoing)
    os.close(our_incoming)


def test_calls_in_flight_at_the_end_of_input_get_their_real_answers(server: StdioProcess) -> None:
    ids = [server.post("tools/call", {"name": "twice_round", "arguments": {"text": f"t{n}"}}) for n in range(20)]

    code, messages, errors = server.end()

    assert {message["id"]: text_of(message["result"]) for message in messages} == {
        identity: f"t{n}" for n, identity in enumerate(ids)
    }
    assert (code, errors) == (0, "storage closed\n")


def test_a_call_that_does_not_finish_at_the_end_of_input_is_told_that_the_connection_closed(
    server: StdioProcess,
) -> None:
    identity = server.post("tools/call", {"name": "never", "arguments": {}})

    code, messages, errors = server.end()

    assert [(message["id"], message["error"]["code"]) for message in messages] == [(identity, -32000)]
    assert (code, errors) == (0, "waiting\nstorage closed\n")


def test_a_cancelled_call_does_not_hold_up_the_end_of_input(server: StdioProcess) -> None:
    identity = server.post("tools/call", {"name": "never", "arguments": {}})
    assert server.line("stderr") == b"waiting"
    server.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": identity}})

    assert server.end() == (0, [], "storage closed\n")


def test_input_from_a_file_is_answered_to_a_file(tmp_path: Path) -> None:
    requests, answers = tmp_path / "requests", tmp_path / "answers"
    requests.write_text('{"jsonrpc":"2.0","id":1,"method":"ping"}\n\n{"jsonrpc":"2.0","id":2,"method":"ping"}')

    with requests.open() as incoming, answers.open("w") as outgoing:
        done = subprocess.run(
            [sys.executable, SERVER],
            stdin=incoming,
            stdout=outgoing,
            stderr=subprocess.PIPE,
            env=environment(),
            check=True,
        )

    assert answers.read_text().splitlines() == [
        '{"jsonrpc":"2.0","id":1,"result":{}}',
        '{"jsonrpc":"2.0","id":2,"result":{}}',
    ]
    assert done.stderr == b"storage closed\n"


@pytest.mark.parametrize(
    ("line", "identity", "code"),
    [
        (b"{", None, -32700),
        (b"hello", None, -32700),
        (b'{"jsonrpc":"2.0","id":7,"method":"ping","params":{"n":' + b"9" * 5000 + b"}}", None, -32700),
        (b'{"jsonrpc":"2.0","id":7,"method":"ping","params":' + b'{"a":' * 3000 + b"1" + b"}" * 3001, None, -32700),
        (b'{"jsonrpc":"1.0","id":7,"method":"ping"}', 7, -32600),
        (b'{"jsonrpc":"2.0","id":7}', 7, -32600),
        (b'{"jsonrpc":"2.0","id":7,"method":"ping","params":[1]}', 7, -32600),
        (b'{"jsonrpc":"2.0","id":true,"method":"ping"}', None, -32600),
        (b'[{"jsonrpc":"2.0","id":7,"method":"ping"}]', None, -32600),
        (b"12", None, -32600),
        (b"x" * (16 * 1024 * 1024 + 1), None, -32600),
    ],
    ids=["cut", "words", "huge", "deep", "version", "no-method", "list", "boolean-id", "batch", "number", "long"],
)
def test_a_line_that_is_no_message_is_answered_and_the_next_one_is_served(
    lasting: StdioProcess, line: bytes, identity: int | None, code: int
) -> None:
    lasting.send_line(line)

    answer = lasting.receive()
    assert (answer["id"], answer["error"]["code"]) == (identity, code)
    assert text_of(lasting.call("echo", {"text": "still here"})) == "still here"


@pytest.mark.parametrize(
    ("sent", "got"),
    [
        (rb"a\ud800b", "a\ufffdb"),
        (rb"a\udfffb", "a\ufffdb"),
        (rb"\ud83d\ude00\ud83d", "\N{GRINNING FACE}\ufffd"),
        (rb"\\ud800 \ud800", "\\ud800 \ufffd"),
        (b"a\xffb", "a\ufffdb"),
    ],
)
def test_what_is_not_unicode_in_a_message_is_replaced_and_the_message_answered(
    lasting: StdioProcess, sent: bytes, got: str
) -> None:
    line = json.dumps(lasting.message("tools/call", {"name": "echo", "arguments": {"text": "SENT"}})).encode()

    lasting.send_line(line.replace(b"SENT", sent))

    assert text_of(lasting.receive()["result"]) == got


def test_an_answer_that_cannot_be_encoded_is_an_internal_error(lasting: StdioProcess) -> None:
    answer = lasting.request("tools/call", {"name": "surrogate", "arguments": {}})

    assert answer["error"]["code"] == -32603


def test_the_process_ends_in_peace_when_the_client_closed_its_output(server: StdioProcess) -> None:
    assert server.process.stdout is not None
    server.process.stdout.close()
    server.post("tools/call", {"name": "echo", "arguments": {"text": "to nobody"}})

    assert server.line("stderr") == b"storage closed"
    assert server.process.wait() == 0


def test_what_a_tool_prints_goes_to_standard_error_and_what_it_reads_is_empty(lasting: StdioProcess) -> None:
    assert text_of(lasting.call("printing", {"text": "from above"})) == "printed"
    assert text_of(lasting.call("reading")) == "''"

    assert [lasting.line("stderr"), lasting.line("stderr")] == [b"from above", b"from below"]


def test_a_client_that_sends_everything_before_it_reads_gets_every_answer_whole(server: StdioProcess) -> None:
    text = "x" * 20_000
    ids = [server.post("tools/call", {"name": "echo", "arguments": {"text": text}}) for _ in range(100)]

    code, messages, _ = server.end()

    assert code == 0
    assert sorted(message["id"] for message in messages) == ids
    assert all(text_of(message["result"]) == text for message in messages)


def test_importing_the_entry_does_not_import_what_serving_does_not_need() -> None:
    program = textwrap.dedent("""
        import sys
        import dreamfs_server.stdio
        print([name for name in ("anthropic", "dateutil", "rich") if name in sys.modules])
    """)

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment(), check=True
    )

    assert done.stdout == "[]\n"
