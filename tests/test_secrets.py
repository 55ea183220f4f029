"""Secrets: what is found, what is left alone, and that replacing is final."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreamfs_tools.secrets import Secret, find_secrets, redact_secrets
from secret_texts import (
    HARMLESS,
    IN_CONTEXT,
    KEY,
    KEY_PARTS,
    LEAKS,
    OTHER_TOKENS,
    PACKED_KEY,
    SHOWN_KEYS,
    TOKENS,
    drawn,
)


@pytest.mark.parametrize("kind", TOKENS)
def test_each_kind_of_token_is_found_wherever_it_stands(kind: str) -> None:
    token = TOKENS[kind]
    for around in ("{}", "first line\nkey is {} here", '{{"content": "x\\n{}\\n"}}', "({})", "TOKEN={}", "`{}`."):
        text = around.format(token)
        redacted, count = redact_secrets(text)
        assert count == 1, around
        assert token[-16:] not in redacted
        assert len(find_secrets(text)) == 1
    assert [secret.kind for secret in find_secrets(token)] == [kind]


@pytest.mark.parametrize("token", OTHER_TOKENS)
def test_other_forms_of_a_token_are_found_and_those_without_a_digit(token: str) -> None:
    assert redact_secrets(f"STRIPE={token}")[1] == 1
    assert token not in redact_secrets(f"it says {token} here")[0]


@pytest.mark.parametrize("kind", IN_CONTEXT)
def test_a_value_is_found_by_what_stands_before_it_and_only_the_value_goes(kind: str) -> None:
    template, value = IN_CONTEXT[kind]
    assert redact_secrets(template.format(value)) == (template.format(f"[redacted: {kind}]"), 1)


@pytest.mark.parametrize(("text", "secret"), LEAKS)
def test_nothing_of_a_secret_is_left_in_a_text_nor_in_json_that_holds_it(text: str, secret: str) -> None:
    for times in range(3):
        redacted, count = redact_secrets(text)
        assert secret not in redacted, times
        assert count == len(find_secrets(text)) >= 1
        assert redact_secrets(redacted) == (redacted, 0)
        text = json.dumps({"command": text}, ensure_ascii=False)


@pytest.mark.parametrize("word", ["7", "pw", "123456", "raspberry"])
def test_what_is_piped_to_a_program_that_asks_is_a_password_however_short(word: str) -> None:
    text = json.dumps({"command": f'echo "{word}" | sudo -S nixos-rebuild test'})
    assert redact_secrets(text)[0] == text.replace(word, "[redacted: password]", 1)


def test_two_secrets_of_one_command_are_both_found() -> None:
    text = f"curl -H 'Authorization: Bearer {drawn(40)}' -u ada:hunter2xQ9 http://x -b 'sid={drawn(20)}'"
    assert [secret.kind for secret in find_secrets(text)] == ["authorization", "password", "cookie"]


@pytest.mark.parametrize("shown", SHOWN_KEYS)
def test_a_private_key_is_found_however_it_is_shown(shown: str) -> None:
    text = f"first\n{SHOWN_KEYS[shown]}\nlast line"
    redacted, count = redact_secrets(text)
    assert not [part for part in KEY_PARTS if part in redacted]
    assert count == len(find_secrets(text)) >= 1
    assert redacted.startswith("first\n")
    assert redacted.endswith("last line")
    assert redact_secrets(redacted) == (redacted, 0)


def test_what_stands_before_a_key_stays_and_the_lines_of_what_follows_are_right() -> None:
    text = f"one\n{SHOWN_KEYS['as Claude Code shows a file']}\n     7→password: hunter2xQ9\n"
    assert redact_secrets(text)[0] == "one\n     1→[redacted: private-key]\n     7→password: [redacted: password]\n"
    assert find_secrets(text) == [Secret("private-key", 2), Secret("password", 8)]


@pytest.mark.parametrize("width", [64, 76, 10_000])
def test_a_key_in_base64_as_a_kubeconfig_has_it_is_found(width: int) -> None:
    lines = [PACKED_KEY[start : start + width] for start in range(0, len(PACKED_KEY), width)]
    redacted, count = redact_secrets("client-key-data: " + "\n".join(lines) + "\nend")
    assert redacted.startswith("client-key-data: [redacted: private-key]\n")
    assert redacted.endswith("\nend")
    assert len(redacted) < 70  # at most a short last line is left
    assert count == 1


def test_each_of_two_keys_is_one_secret() -> None:
    assert redact_secrets(f"{KEY}\nand\n{KEY}") == ("[redacted: private-key]\nand\n[redacted: private-key]", 2)


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_like_a_secret_is_left_alone(text: str) -> None:
    for around in (text, f"   12→{text}", json.dumps({"command": text}, ensure_ascii=False)):
        assert find_secrets(around) == []
        assert redact_secrets(around) == (around, 0)


def test_a_secret_is_reported_by_kind_and_line() -> None:
    text = f"one\ntwo é\nkey {TOKENS['npm-token']}\n\npassword: {IN_CONTEXT['password'][1]}"
    assert find_secrets(text) == [Secret("npm-token", 3), Secret("password", 5)]


def test_a_key_block_that_a_log_cut_off_is_still_removed() -> None:
    text = "-----BEGIN OPENSSH PRIVATE KEY-----\n" + f"{drawn(64)}\n{drawn(70)}\n" + "[output truncated]"
    redacted, count = redact_secrets(text)
    assert count == 1
    assert drawn(30) not in redacted
    assert redacted.endswith("[output truncated]")


def test_two_neighbours_are_both_removed() -> None:
    text = f"{TOKENS['npm-token']},{TOKENS['github-token']}"
    assert redact_secrets(text)[0] == "[redacted: npm-token],[redacted: github-token]"


PIECES = st.sampled_from(
    [
        *TOKENS.values(),
        *HARMLESS,
        *(text for text, _ in LEAKS),
        *SHOWN_KEYS.values(),
        *(
            "password=",
            "token: ",
            "[redacted: password]",
            " | sudo -S ls",
            "echo ",
            "cookie: ",
            "kind: Secret\ndata:\n  a: ",
        ),
        *('"', "\\n", "\n", ": ", "=", "é\ud800", "→", "-----END PRIVATE KEY-----"),
    ]
)


@settings(max_examples=300)
@given(st.lists(PIECES, max_size=6), st.sampled_from(["", " ", "\n", "; ", '" "']), st.booleans())
def test_redacting_again_changes_nothing(parts: list[str], between: str, in_json: bool) -> None:
    text = between.join(parts)
    text = json.dumps({"content": text}) if in_json else text
    redacted, count = redact_secrets(text)
    assert redact_secrets(redacted) == (redacted, 0)
    assert count == len(find_secrets(text))


@given(st.text(max_size=300))
def test_any_text_is_scanned_without_an_error(text: str) -> None:
    redact_secrets(text)
