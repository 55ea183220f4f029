"""Files in other encodings are read, and what is not read is named."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreamfs_server.transcripts.decoding import Recoded
from terminal import Terminal


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path / "memory.db")


TEXT = "[2026-11-03 14:02] Jürgen: die Größe ist falsch\n[2026-11-03 14:05] Jürgen: “full”\n"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-8-sig", "utf-8", "cp1252"])
@pytest.mark.parametrize("name", ["thread.txt", "thread.json", "thread.jsonl"])
def test_a_file_is_read_in_whichever_encoding_it_was_written(
    terminal: Terminal, tmp_path: Path, encoding: str, name: str
) -> None:
    rows = [
        {"role": "user", "name": "Jürgen", "content": text, "timestamp": 1793714520 + 180 * n}
        for n, text in enumerate(("die Größe ist falsch", "“full”"))
    ]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    content = {"txt": TEXT, "json": json.dumps(rows, ensure_ascii=False, indent=1), "jsonl": lines}[name.split(".")[1]]
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    (tmp_path / name).write_bytes((mark + content).encode(encoding))
    report = terminal.json("transcripts", "import", str(tmp_path / name))
    assert terminal.json("transcripts", "show", "thread")["text"] == (
        "── 1 user Jürgen 2026-11-03 14:02:00\ndie Größe ist falsch\n\n── 2 user Jürgen 2026-11-03 14:05:00\n“full”\n\n"
    )
    guessed = "not UTF-8 throughout; what is not was read as Windows-1252"
    assert [file.get("note") for file in report["files"]] == [guessed if encoding == "cp1252" else None]
    assert [file["error"] for file in report["files"]] == [None]


def test_a_guessed_encoding_and_what_was_left_out_are_said_at_the_terminal(terminal: Terminal, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    (folder / "more").mkdir(parents=True)
    (folder / "a.txt").write_bytes(TEXT.encode("cp1252"))
    (folder / "b.txt").symlink_to(folder / "a.txt")
    (folder / "picture.png").symlink_to(folder / "a.txt")
    (folder / "elsewhere").symlink_to(tmp_path)
    said = terminal.run("transcripts", "import", str(folder)).stderr
    assert f"  {folder}/a.txt: not UTF-8 throughout; what is not was read as Windows-1252\n" in said
    assert f"  Left out: 2 links: {folder}/elsewhere, {folder}/b.txt.\n" in said


def test_one_bad_byte_costs_no_other_letter(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "thread.txt").write_bytes(TEXT.encode() + b"[2026-11-03 14:06] Ren\xe9: \xc3\xbcber\n")
    terminal.run("transcripts", "import", str(tmp_path / "thread.txt"))
    text = terminal.json("transcripts", "show", "thread")["text"]
    assert ("die Größe ist falsch" in text, "user René 2026-11-03 14:06:00\nüber" in text) == (True, True)


def test_what_is_neither_stays_binary(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("ohne Marke".encode("utf-16-le"))
    report = terminal.json("transcripts", "import", str(tmp_path / "a.txt"))
    assert [file["error"] for file in report["files"]] == ["a binary file, not a transcript"]


@given(st.text(max_size=300), st.integers(1, 64))
def test_utf_16_gives_the_bytes_that_utf_8_has_in_lines_and_in_pieces(text: str, size: int) -> None:
    def parts(stream: Recoded, read: Callable[[Recoded], bytes]) -> list[bytes]:
        return list(iter(lambda: read(stream), b""))

    wide = Recoded(io.BytesIO(text.encode("utf-16")))
    assert b"".join(parts(wide, lambda stream: stream.read(size))) == text.encode()
    wide.seek(0)
    assert parts(wide, lambda stream: stream.readline(1 << 20)) == parts(
        Recoded(io.BytesIO(text.encode())), lambda stream: stream.readline(1 << 20)
    )
    plain = Recoded(io.BytesIO(text.encode()))
    assert (b"".join(parts(plain, lambda stream: stream.read(size))), plain.guessed) == (text.encode(), "")
