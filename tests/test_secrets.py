"""Secrets: what is found, what is left alone, and that replacing is final."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreamfs_tools.secrets import Secret, find_secrets, redact_secrets

HEX = "0123456789abcdef"
MIXED = "aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xYzA1bC2dD3eF4gH5iJ6kK7lM8nN9oP0qR1sT2uV3wX4yZ5"


def drawn(length: int, alphabet: str = MIXED) -> str:
    """A token's random part, the same each time and never a secret of anyone."""
    return "".join(alphabet[(i * 7 + i // 5) % len(alphabet)] for i in range(length))


TOKENS = {
    "aws-access-key": "AKIA" + drawn(16, string.ascii_uppercase + "234567"),
    "github-token": "ghp_" + drawn(36),
    "gitlab-token": "glpat-" + drawn(20),
    "slack-token": "xoxb-" + drawn(12, string.digits) + "-" + drawn(24),
    "slack-webhook": "https://hooks.slack.com/services/T" + drawn(10) + "/B" + drawn(10) + "/" + drawn(24),
    "anthropic-key": "sk-ant-api03-" + drawn(40),
    "openai-key": "sk-proj-" + drawn(48),
    "google-api-key": "AIza" + drawn(35),
    "google-oauth": "GOCSPX-" + drawn(28),
    "stripe-key": "sk_live_" + drawn(24),
    "jwt": "eyJ" + drawn(20) + ".eyJ" + drawn(30) + "." + drawn(43),
    "npm-token": "npm_" + drawn(36),
    "pypi-token": "pypi-AgEIcHlwaS5vcmc" + drawn(60),
    "huggingface-token": "hf_" + drawn(34),
    "sendgrid-key": "SG." + drawn(22) + "." + drawn(43),
    "twilio-key": "SK" + drawn(32, HEX),
    "telegram-token": drawn(10, string.digits) + ":AA" + drawn(33),
    "digitalocean-token": "dop_v1_" + drawn(64, HEX),
    "databricks-token": "dapi" + drawn(32, HEX),
    "vault-token": "hvs." + drawn(40),
    "private-key": "-----BEGIN RSA PRIVATE KEY-----\nMIIE" + drawn(60) + "\n-----END RSA PRIVATE KEY-----",
    "azure-storage-key": "AccountKey=" + drawn(86) + "==",
}
IN_CONTEXT = {
    "aws-secret-key": ("aws_secret_access_key = {}", drawn(40)),
    "password": ('"db_password": "{}"', "hunter2-" + drawn(6)),
    "api-key": ("export SERVICE_API_KEY={}", drawn(32, HEX)),
    "token": ("auth_token: '{}'", drawn(30)),
    "secret": ('client_secret="{}"', drawn(30)),
    "url-password": ("postgres://app:{}@db.internal/prod", "s3cr3t-" + drawn(8)),
    "authorization": ("-H 'Authorization: Bearer {}'", drawn(40)),
}
HARMLESS = [
    "password = os.environ['DB_PASSWORD']",
    "token = get_token2(request)",
    "max_tokens: 200000, input_tokens=18432",
    "the token abc12345 is the third word",
    "private_key: Ed25519PrivateKey",
    "api_key: ${API_KEY_V2}",
    "password: <your-password-1>",
    "postgres://postgres:postgres@localhost:5432/app",
    "https://example.com:8080/@scope/package",
    "token_type: Bearer2, token_id=a1b2c3d4e5",
    'tokenizer: "cl100k_base"',
    "commit 9f8e7d6c5b4a39281706f5e4d3c2b1a098765432",
    "session 1af7fc5e-8455-4414-9ccd-011d40f70b2a",
    "sk-learn, task-force, ask-for-a-very-long-hyphenated-word-that-goes-on-and-on",
    "passwords must have 12 characters, 1 digit",
    "xoxo-hugs-and-kisses",
    "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
]


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


@pytest.mark.parametrize("kind", IN_CONTEXT)
def test_a_value_is_found_by_what_stands_before_it_and_only_the_value_goes(kind: str) -> None:
    template, value = IN_CONTEXT[kind]
    assert redact_secrets(template.format(value)) == (template.format(f"[redacted: {kind}]"), 1)


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_like_a_secret_is_left_alone(text: str) -> None:
    assert find_secrets(text) == []
    assert redact_secrets(text) == (text, 0)


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


@given(st.lists(st.sampled_from([*TOKENS.values(), *HARMLESS, "password=", "token: ", '"', "\n", "é\ud800"])))
def test_redacting_again_changes_nothing(parts: list[str]) -> None:
    redacted, count = redact_secrets(" ".join(parts))
    assert redact_secrets(redacted) == (redacted, 0)
    assert count == len(find_secrets(" ".join(parts)))


@given(st.text(max_size=300))
def test_any_text_is_scanned_without_an_error(text: str) -> None:
    redact_secrets(text)
