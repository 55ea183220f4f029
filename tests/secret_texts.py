"""Made-up secrets, and harmless texts that look like them: what the search for secrets is tested against."""

import base64
import json
import string
from collections.abc import Callable

HEX = "0123456789abcdef"
MIXED = "aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xYzA1bC2dD3eF4gH5iJ6kK7lM8nN9oP0qR1sT2uV3wX4yZ5"
LETTERS = "aBdEfGhJkLmNpQrStUvWxYzAbCdDeFgHiJkKlMnNoPqRsTuVwXyZ"
PASSWORD = "hunter2xQ9"
WORD = "letmein"
"""A password without a digit: one only where the place says so."""


def drawn(length: int, alphabet: str = MIXED) -> str:
    """A token's random part, the same each time and never a secret of anyone."""
    return "".join(alphabet[(i * 7 + i // 5) % len(alphabet)] for i in range(length))


ID = drawn(32, HEX)
LOGIN = base64.b64encode(f"deploy:{PASSWORD}".encode()).decode()
PACKED = base64.b64encode(b"Sup3rS3cretPassw0rd!9").decode()

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
    "firebase-key": "AAAA" + drawn(7) + ":APA91b" + drawn(134),
    "stripe-key": "sk_live_" + drawn(24),
    "jwt": "eyJ" + drawn(20) + ".eyJ" + drawn(30) + "." + drawn(43),
    "mapbox-token": "sk.eyJ" + drawn(40) + "." + drawn(22),
    "npm-token": "npm_" + drawn(36),
    "pypi-token": "pypi-AgEIcHlwaS5vcmc" + drawn(60),
    "huggingface-token": "hf_" + drawn(34),
    "sendgrid-key": "SG." + drawn(22) + "." + drawn(43),
    "twilio-key": "SK" + drawn(32, HEX),
    "telegram-token": drawn(10, string.digits) + ":AA" + drawn(33),
    "digitalocean-token": "dop_v1_" + drawn(64, HEX),
    "databricks-token": "dapi" + drawn(32, HEX),
    "vault-token": "hvs." + drawn(40),
    "nvidia-key": "nvapi-" + drawn(64),
    "cloudflare-token": "v1.0-" + drawn(24, HEX) + "-" + drawn(146, HEX),
    "netlify-token": "nfp_" + drawn(40),
    "resend-key": "re_" + drawn(8) + "_" + drawn(24),
    "tailscale-key": "tskey-auth-" + drawn(12) + "-" + drawn(32),
    "airtable-token": "pat" + drawn(14) + "." + drawn(64, HEX),
    "square-token": "sq0csp-" + drawn(43),
    "paypal-token": "access_token$production$" + drawn(16, HEX) + "$" + drawn(32, HEX),
    "plaid-token": "access-production-8f14e45f-ceea-467a-9a36-dedd4bea2543",
    "onepassword-token": "ops_eyJ" + drawn(120),
    "private-key": "-----BEGIN RSA PRIVATE KEY-----\nMIIE" + drawn(60) + "\n-----END RSA PRIVATE KEY-----",
    "azure-storage-key": "AccountKey=" + drawn(86) + "==",
}
OTHER_TOKENS = [
    "sk-ant-oat01-" + drawn(80),
    "sk-or-v1-" + drawn(64, HEX),
    "xoxd-" + drawn(20) + "%2B" + drawn(30),
    "AGE-SECRET-KEY-1" + drawn(58, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"),
    "sk_live_" + drawn(24, LETTERS),
    "ghp_" + drawn(36, LETTERS),
]
"""More forms of kinds above; the last two have no digit."""

IN_CONTEXT = {
    "aws-secret-key": ("aws_secret_access_key = {}", drawn(40)),
    "password": ('"db_password": "{}"', "hunter2-" + drawn(6)),
    "api-key": ("export SERVICE_API_KEY={}", drawn(32, HEX)),
    "token": ("auth_token: '{}'", drawn(30)),
    "secret": ('client_secret="{}"', drawn(30)),
    "url-password": ("postgres://app:{}@db.internal/prod", "s3cr3t-" + drawn(8)),
    "authorization": ("-H 'Authorization: Bearer {}'", drawn(40)),
    "cookie": ("Set-Cookie: session={}; HttpOnly", ID),
    "signed-url": ("https://x.blob.core.windows.net/c/f?sv=2022-11-02&sig={}", drawn(43) + "%3D"),
    "kubernetes-secret": ("apiVersion: v1\nkind: Secret\ndata:\n  api: {}\n", PACKED),
}

_NAMED = """
Passwort: {}|Kennwort = "{}"|mot de passe : {}|contraseña: {}|пароль: {}|密码：{}。|パスワード: {}|비밀번호: {}|hasło: {}
DB_PASS={}|smtpPass: "{}"|"pass": "{}"|db_pw = '{}'|bindpw: {}|ansible_become_pass={}|ansible_password: {}
--password {}|--password={}|-Password {}|--http-password={}|password?user=ada&password={}&ssl=true
jdbc:postgresql://h/db?user=a&password={}&ssl=true|jdbc:sqlserver://h;user=sa;password={};encrypt=true
amqp://u:{}@mq:5672/v|redis://:{}@cache:6379|machine api.x.example login ada password {}
machine x↵  login ada↵  password {}↵|localhost:5432:app:ada:{}|*:*:*:ada:{}|requirepass {}
- name: DB_PASSWORD↵  value: {}|{"name": "DB_PASSWORD", "value": "{}"}|<password>{}</password>|<add key="SmtpPassword" value="{}" />
define('DB_PASSWORD', '{}');|set password "{}"|**Password:** `{}`|the admin password is {}|Das Passwort ist {}.
"""
_GIVEN = """
mysql -u root -p{} orders|mysql -u root -p"{}" orders|sudo docker exec -it db mysql -uroot -p'{}'|sshpass -p {} ssh a@b
sshpass -p '{}' ssh a@b|redis-cli -h x -a {} ping|docker login -u ada -p {} ghcr.io|helm registry login r -u ada --password {}
mongosh -u ada -p {} db|sqlcmd -S h -U sa -P {}|ldapsearch -D cn=a -w {} -b x|htpasswd -b .htpasswd ada {}|htpasswd -nb ada {}
openssl rsa -in k -passin pass:{} -out o|keytool -list -storepass {} -keystore k|ssh-keygen -t rsa -N "{}" -f k
net use Z: \\\\srv\\share /user:dom\\ada {}|net use \\\\srv\\share {} /user:ada|nmcli dev wifi connect home password {}
ConvertTo-SecureString "{}" -AsPlainText|smbclient //s/x -U ada%{}|curl -s -u ada:{} http://x|PGPASSWORD={} psql -h db
kubectl create secret generic x --from-literal=user=ada --from-literal=password={}|["mysqladmin", "ping", "-u", "root", "-p{}"]
CREATE USER app WITH PASSWORD '{}'|ALTER USER root IDENTIFIED BY '{}';|expect "*assword:" { send "{}\\r" }
child.expect('password: ')↵child.sendline('{}')
"""
_FED = """
echo "{}" | sudo -S ls|echo '{}' | sudo -S ls|echo {} | sudo -kS ls|echo -n {} | sudo -S -p "" ls|printf "{}\\n" | sudo -S ls
printf '%s\\n' '{}' | sudo --stdin ls|echo {} < /dev/null | sudo -S ls|echo {} | ssh a@b sudo -S ls|echo {} | sudo -u bob -S ls
sudo -S ls <<< "{}"|sudo -S ls <<EOF↵{}↵EOF|echo bob:{} | sudo chpasswd|echo {} | passwd --stdin bob|(echo "{}"; cat f) | sudo -S tee x
"""
_HEADERS = """
X-Api-Key: {}|curl -H "X-Api-Key: {}" http://x|Cookie: theme=dark; sessionid={}; locale=de|curl -b 'sessionid={}' http://x
{"set-cookie":["locale=en; Path=/","connect.sid=s%3A{}; Path=/"]}|.x.example→TRUE→/→TRUE→1798761600→sessionid→{}
X-Amz-Signature={}|https://x.example/k?X-Amz-Date=20260101T000000Z&X-Amz-Signature={}|{"name": "Cookie", "value": "sid={}"}
ALGOLIA_ADMIN_KEY={}|CLOUDFLARE_API_TOKEN={}|PLAID_SECRET={}|aws configure set aws_secret_access_key {}
npm config set //registry.npmjs.org/:_authToken {}|ENV API_TOKEN {}|PresharedKey = {}=|localStorage.setItem("token", "{}")
"""


def _texts(table: str, value: str) -> list[tuple[str, str]]:
    """The texts of a table: divided by bars or lines, `↵` for a line break in one, `→` for a tab."""
    texts = [text for line in table.strip().split("\n") for text in _cut(line)]
    return [(text.replace("↵", "\n").replace("→", "\t").replace("{}", value), value) for text in texts]


def _cut(line: str) -> list[str]:
    parts: list[str] = []
    for part in line.split("|"):
        if parts and (parts[-1].endswith(" ") and part.startswith(" ")):
            parts[-1] += "|" + part  # a pipe
        else:
            parts.append(part)
    return parts


LEAKS: list[tuple[str, str]] = [
    *_texts(_NAMED, PASSWORD),
    *_texts(_GIVEN, WORD),
    *_texts(_FED, WORD),
    *_texts(_HEADERS, ID),
    ('"password": "a1;b2(c)3,d4"', "b2(c)3,d4"),
    (f"https://api.telegram.org/bot{TOKENS['telegram-token']}/getMe", TOKENS["telegram-token"][12:]),
    (f'{{"auths":{{"ghcr.io":{{"auth": "{LOGIN}"}}}}}}', LOGIN),
    (f"//registry.example/:_auth={LOGIN}", LOGIN),
    (f"Authorization: Basic {LOGIN}", LOGIN),
    ("Use password '7' for sudo commands.", "'7'"),
    ("- **Sudo Password**: `7` (for system operations)", "`7`"),
    ("the sudo password (7) is", "(7)"),
    ("ssh to ada@host with password Winter!!777. Use expect", "Winter"),
    ('CREDS="Winter!!777"', "Winter"),
    ("- `echo '7' | sudo -S` - gives the password", "'7'"),
    ("needs approval: sleep 1 ; echo '7', sudo -S kill -9 1", "'7'"),
    (f"  db-pass: {PACKED}  # kind: Secret, data:", PACKED),
    (json.dumps({"kind": "Secret", "data": {"user": "YWRh", "conn": PACKED}}), PACKED),
    (f"apiVersion: v1\ndata:\n  conn: {PACKED}\n  username: YWRtaW4=\nkind: Secret\n", PACKED),
    ("PrivateKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=", "yAnz5TF+lXXJte14tji3"),
    (f"curl -H 'Authorization: Bearer {drawn(40)}' -u ada:{PASSWORD} http://x", drawn(40)),
    (f"\x1b[32m{TOKENS['github-token']}\x1b[0m", TOKENS["github-token"]),
    (f"access%3D{TOKENS['github-token']}", TOKENS["github-token"]),
]
"""Texts, each with what may not be left of it."""

_BODY = [drawn(70, MIXED + "+/"), drawn(70)[::-1], "rS6" + drawn(67), "Qx7+yZ=="]
KEY_LINES = ["-----BEGIN OPENSSH PRIVATE KEY-----", *_BODY, "-----END OPENSSH PRIVATE KEY-----"]
KEY = "\n".join(KEY_LINES)
KEY_PARTS = [line[:40] for line in _BODY[:3]]


def _numbered(form: Callable[[int, str], str], start: int = 1, lines: list[str] = KEY_LINES) -> str:
    return "\n".join(form(number, line) for number, line in enumerate(lines, start))


def _nested(times: int) -> str:
    text = KEY
    for _ in range(times):
        text = json.dumps({"stdout": text})
    return text


_ENCRYPTED = ["-----BEGIN RSA PRIVATE KEY-----", "Proc-Type: 4,ENCRYPTED", "DEK-Info: AES-128-CBC,01", "", *_BODY]
_PGP = ["-----BEGIN PGP PRIVATE KEY BLOCK-----", "Version: GnuPG v2", "", *_BODY, "=abCd"]
_PUTTY = ["PuTTY-User-Key-File-2: ssh-rsa", "Encryption: none", "Comment: me", "Public-Lines: 1", drawn(28)]
SHOWN_KEYS = {
    "as it is": KEY,
    "as Claude Code shows a file": _numbered(lambda n, line: f"{n:6d}→{line}"),
    "with numbers that grow longer": _numbered(lambda n, line: f"{n}→{line}", 97),
    "as cat -n shows a file": _numbered(lambda n, line: f"{n:6d}\t{line}"),
    "quoted": _numbered(lambda _, line: f"> {line}"),
    "found by grep": _numbered(lambda n, line: f"id_rsa:{n}:{line}"),
    "around what grep found": _numbered(lambda n, line: f"id_rsa-{n}-{line}"),
    "blamed": _numbered(lambda n, line: f"a1b2c3d4 (ada 2026-01-01 {n}) {line}"),
    "added": _numbered(lambda _, line: f"+{line}"),
    "in YAML": "key: |\n" + _numbered(lambda _, line: f"    {line}"),
    "in a build's log": _numbered(lambda n, line: f"Test\tRun tests\t2026-02-16T18:57:31.490932{n}Z {line}"),
    "as JSON": _nested(1),
    "as JSON in JSON": _nested(2),
    "as JSON in JSON in JSON": _nested(3),
    "numbered in JSON": json.dumps({"c": _numbered(lambda n, line: f"{n:6d}→{line}")}, ensure_ascii=False),
    "numbered in plain JSON": json.dumps({"c": _numbered(lambda n, line: f"{n:6d}→{line}")}),
    "with tabs in JSON in JSON": json.dumps({"x": json.dumps({"c": _numbered(lambda n, line: f"{n:6d}\t{line}")})}),
    "of a service account that is written": json.dumps(
        {"file_path": "/k.json", "content": json.dumps({"type": "service_account", "private_key": KEY + "\n"})}
    ),
    "in a command": json.dumps({"command": f"echo '{json.dumps({'private_key': KEY})}' > k.json"}),
    "as strings of code": _numbered(lambda _, line: f'  "{line}\\n" +'),
    "on one line": KEY.replace("\n", " "),
    "with slashes escaped": json.dumps(KEY).replace("/", "\\/").replace("=", "\\u003d"),
    "in a URL": KEY.replace("+", "%2B").replace("\n", "%0A").replace(" ", "%20"),
    "encrypted": "\n".join([*_ENCRYPTED, "-----END RSA PRIVATE KEY-----"]),
    "encrypted and numbered": _numbered(
        lambda n, line: f"{n:6d}→{line}", 1, [*_ENCRYPTED, "-----END RSA PRIVATE KEY-----"]
    ),
    "of PGP": "\n".join([*_PGP, "-----END PGP PRIVATE KEY BLOCK-----"]),
    "of PuTTY": "\n".join([*_PUTTY, "Private-Lines: 4", *_BODY, "Private-MAC: " + drawn(40, HEX)]),
    "without its end": "\n".join(KEY_LINES[:4]) + "\n[output truncated]",
    "without its beginning": "lines left out\n" + "\n".join(KEY_LINES[1:]),
    "numbered, without its beginning": _numbered(lambda n, line: f"{n:6d}→{line}", 2, KEY_LINES[1:]),
}
PACKED_KEY = base64.b64encode(KEY.encode()).decode()

HARMLESS = [
    # Code and configuration
    "password = os.environ['DB_PASSWORD']",
    "password = get_password2(user)",
    "password: str = Field(min_length=8)",
    "def login(user: str, password: str) -> Token:",
    "token = get_token2(request)",
    "max_tokens: 200000, input_tokens=18432",
    "token_type: Bearer2, token_id=a1b2c3d4e5",
    'tokenizer: "cl100k_base"',
    "private_key: Ed25519PrivateKey",
    "ipnsPrivateKey: Uint8Array,",
    "PrivateKey = rust_openssl.hpke.MLKEM1024P384PrivateKey",
    "Version=4.0.0.0, PublicKeyToken=b77a5c561934e089",
    "pass_context = jinja2.contextfunction2",
    "all_pass = True1",
    "bypass: a1b2c3d4",
    "api_key: ${API_KEY_V2}",
    "export TOKEN=$(cat token1.txt)",
    "'password' => 'required|string|min:8|confirmed'",
    "accessToken: 'token-123', expected_token = \"mock-token-123\"",
    "activityToken=android.os.BinderProxy@523096b,intent",
    "public static Bearer GetOAuth2_ClientCredentials(string url)",
    'os.environ.get("SECRET_KEY", "dev-insecure-key1")',
    "secret: arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf",
    "secretName: db-credentials-v2",
    "- name: DB_PASSWORD\n  valueFrom:\n    secretKeyRef:\n      name: db1",
    "kind: ConfigMap\ndata:\n  mode: production1\n",
    "kind: Secret\nmetadata:\n  name: my-secret1\n  namespace: prod1\n",
    ".password-field1 { color: #a1b2c3d4; } --token-color-1: #a1b2c3;",
    "columns identified by 'aOrderBy'",
    # Numbers that are none
    "commit 9f8e7d6c5b4a39281706f5e4d3c2b1a098765432",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "session 1af7fc5e-8455-4414-9ccd-011d40f70b2a",
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk",
    '"integrity": "sha512-v2kDEe57lecTulaDIuNTPy3Ry4gLGJ6Z1O3vE1krgXZNrsQ+LFTGHVxVjcXPs17LhbZVGedAJv8XZ1tvj5FvSg=="',
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ada",
    "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
    'if "-----BEGIN PRIVATE KEY-----" in text and "-----END PRIVATE KEY-----" in text:',
    "'-----BEGIN PRIVATE KEY-----\\nmock\\n-----END PRIVATE KEY-----'",
    'grep -r "-----BEGIN OPENSSH PRIVATE KEY-----" /home/Ada1/someDirectory12345',
    # Placeholders
    "password: <your-password-1>",
    "sk_live_xxxxxxxxxxxxxxxxxxxxxxxx, sk_live_YourStripeSecretKeyHere, ghp_your_token_here",
    'refreshToken: "abc123..."',
    "PGPASSWORD=$PGPASSWORD psql, PGPASSWORD=postgres psql",
    "mysql -u root -p orders; mysql -u root -p$PW orders; mysql -u root -pYOUR_PASSWORD; docker run mysql -p3306:3306",
    'docker login -u USER -p PASSWORD; docker login -u a -p "$PW"; sshpass -p <password> ssh a@b',
    'curl -u admin:admin http://x; curl -u "$USER:$PW" http://x; curl -b cookies.txt http://x',
    "postgres://postgres:postgres@localhost:5432/app",
    'WWW-Authenticate: Basic realm="Restricted area 51"',
    "CREATE USER app WITH PASSWORD '${PW}'",
    'expect "*assword:" { send "$PW\\r" }',
    # What is fed to a program that asks for nothing, or comes from a variable
    'echo "$PW" | sudo -S ls',
    "echo <password> | sudo -S ls",
    "echo y | sudo pacman -S x",
    "echo 1 | sudo tee /proc/sys/vm/drop_caches",
    "echo hello | docker run -i alpine cat",
    "sudo -S tee /x <<EOF\nline one\nline two\nEOF",
    # Cookies and headers that let nobody in
    "Cookie: theme=dark1234; locale=de_DE8; _ga=GA1.2.1234567890.1234567890",
    'document.cookie = "session=" + token; path=/',
    "const cookie = (await cookies()).get('session')?.value",
    # Prose and other languages
    "the token abc12345 is the third word",
    "passwords must have 12 characters, 1 digit",
    "the password is 8 characters long; password is incorrect (attempt 3 of 5)",
    "it asks for the sudo password 3 times; [sudo] password for ada1:",
    "log in with password auth2; hash it with password PBKDF2; rename password `field_2`; change password (2)",
    '"password": "Passwort", "passwort": "Passwort vergessen?"',
    "Passwort: mindestens 8 Zeichen; パスワード: 8文字以上; mot de passe : au moins 12 caractères",
    "PASS: test_login_2fa_ok; test_password_reset_2 PASSED",
    "https://example.com:8080/@scope/package",
    "sk-learn, task-force, ask-for-a-very-long-hyphenated-word-that-goes-on-and-on",
    "xoxo-hugs-and-kisses",
    "E2E credentials: `tests/e2e/.env`",
]
