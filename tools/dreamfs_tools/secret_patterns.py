"""The shapes of secrets, as RE2 expressions: tokens by their own look, values by what stands before them.

Bounds are one-sided where they can be: RE2 unrolls a counted repetition, and a small program is a fast one.
"""

TOKENS: tuple[tuple[str, str], ...] = (
    ("aws-access-key", r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b"),
    ("github-token", r"(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,})"),
    ("gitlab-token", r"gl(?:pat|ptt|dt|rt|cbt|soat|agent|ft|imt|oas)-[A-Za-z0-9_\-.]{20,}"),
    ("slack-token", r"(?:xox[abeoprs]-(?:[A-Za-z0-9]+-)*[A-Za-z0-9]{10,}|xapp-\d-[A-Z0-9]+-\d+-[a-f0-9]{32,})"),
    ("slack-webhook", r"hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9+/]{40,}"),
    ("discord-webhook", r"discord(?:app)?\.com/api/webhooks/\d{17,20}/[A-Za-z0-9_-]{60,}"),
    ("discord-token", r"[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}\b"),
    ("anthropic-key", r"sk-ant-[a-z0-9]{2,12}-[A-Za-z0-9_-]{20,}"),
    (
        "openai-key",
        r"sk-(?:(?:proj|svcacct|admin|or-v1|None)-[A-Za-z0-9_-]{20,}|[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}|[A-Za-z0-9]{48}\b)",
    ),
    ("google-api-key", r"AIza[0-9A-Za-z_-]{35}\b"),
    ("google-oauth", r"(?:ya29\.[0-9A-Za-z_-]{20,}|GOCSPX-[A-Za-z0-9_-]{28}|1//0[A-Za-z0-9_-]{40,})"),
    ("stripe-key", r"(?:(?:sk|rk)_(?:live|test|prod)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/]{32,})"),
    ("jwt", r"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    ("npm-token", r"npm_[A-Za-z0-9]{36}\b"),
    ("pypi-token", r"pypi-AgE[A-Za-z0-9_-]{50,}"),
    ("huggingface-token", r"(?:hf_|api_org_)[A-Za-z0-9]{34,}\b"),
    ("sendgrid-key", r"SG\.[A-Za-z0-9_-]{20,24}\.[A-Za-z0-9_-]{39,}"),
    ("twilio-key", r"SK[0-9a-f]{32}\b"),
    ("mailgun-key", r"key-[0-9a-f]{32}\b"),
    ("mailchimp-key", r"[0-9a-f]{32}-us\d{1,2}\b"),
    ("telegram-token", r"\d{8,10}:AA[A-Za-z0-9_-]{33}\b"),
    ("digitalocean-token", r"do[oprt]_v1_[a-f0-9]{64}\b"),
    ("shopify-token", r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}\b"),
    ("databricks-token", r"dapi[a-f0-9]{32}(?:-\d)?\b"),
    ("vault-token", r"hv[sbr]\.[A-Za-z0-9_-]{24,}"),
    ("terraform-token", r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{60,}"),
    ("docker-token", r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{24,}"),
    ("grafana-token", r"(?:glsa_[A-Za-z0-9]{32}_[a-fA-F0-9]{8}|glc_[A-Za-z0-9+/]{32,}={0,2})"),
    ("linear-key", r"lin_(?:api|oauth)_[A-Za-z0-9]{32,}"),
    ("notion-token", r"(?:ntn_[A-Za-z0-9]{40,}|secret_[A-Za-z0-9]{43})\b"),
    ("figma-token", r"figd_[A-Za-z0-9_-]{38,}"),
    ("replicate-token", r"r8_[A-Za-z0-9]{37}\b"),
    ("groq-key", r"gsk_[A-Za-z0-9]{48,}\b"),
    ("xai-key", r"xai-[A-Za-z0-9]{70,}\b"),
    ("perplexity-key", r"pplx-[A-Za-z0-9]{40,}\b"),
    ("supabase-token", r"sb(?:p_[a-f0-9]{40}|_secret_[A-Za-z0-9_-]{30,})"),
    ("planetscale-token", r"pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_\-.=]{30,}"),
    ("new-relic-key", r"NRAK-[A-Z0-9]{27}\b"),
    ("sentry-token", r"(?:sntryu_[a-f0-9]{64}|sntrys_eyJ[A-Za-z0-9+/=_]{60,})"),
    ("postman-key", r"PMAK-[a-f0-9]{24}-[a-f0-9]{34}\b"),
    ("rubygems-key", r"rubygems_[a-f0-9]{48}\b"),
    ("heroku-key", r"HRKU-[A-Za-z0-9_-]{36,}"),
    ("atlassian-token", r"ATATT3[A-Za-z0-9_\-=]{100,}"),
    ("age-key", r"AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}"),
    ("azure-storage-key", r"AccountKey=[A-Za-z0-9+/]{86}=="),
    ("azure-client-secret", r"[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.-]{31,}"),
)
# A key block may be cut off by a log, and may stand inside a JSON string with its line breaks escaped.
KEY_BLOCK = (
    r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:(?:[A-Za-z0-9+/=:,.\s-]|\\[nr])*?-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
    r"|(?:\s|\\[nr])*(?:[A-Za-z0-9+/=]{16,}(?:\s|\\[nr])*)+)"
)
# Inside a JSON string a line break is the two characters \n, so that the letter n may stand right before a token.
BOUNDARY = r"(?:\b|\\[nrt])"

_KEY_WORD = (
    r"(?:pass(?:word|wd|phrase|code)|pwd|secret|token|credential|api[_-]?key|apikey|access[_-]?key|private[_-]?key"
    r"|auth[_-]?key|encryption[_-]?key|signing[_-]?key|account[_-]?key|client[_-]?secret)s?"
)
VALUES: tuple[tuple[str, str], ...] = (
    (
        "assignment",
        r"(?P<name>[A-Za-z0-9_.-]*" + _KEY_WORD + r"(?:[_-][A-Za-z0-9_-]{1,24}|\d{1,3})?)"
        r"(?:\\?[\"'`]?\]?\s{0,4}(?P<sign>:=|=>|==?|:)\s{0,4}|(?P<gap>\s{1,2}))"
        r"(?P<quote>(?:[bru]|\\)?[\"'`])?(?P<value>[^\s\"'`\\,;<>(){}\[\]]{6,})(?P<call>[(\[{<]?)",
    ),
    (
        "url-password",
        r"[a-z][a-z0-9+.-]{1,20}://(?P<user>[^\s:/@\"'`<>,()]*):(?P<password>[^\s/@\"'`<>,()]{3,})@[A-Za-z0-9\[$]",
    ),
    (
        "authorization",
        r"(?:authorization[\"']?\s{0,3}[:=]\s{0,3}\\?[\"']?(?:bearer|basic|token|apikey)|bearer)\s{1,3}(?P<bearer>[A-Za-z0-9._~+/=-]{16,})",
    ),
    ("curl-password", r"curl\b[^\n]*?\s(?:-u|--user)[ =]?\\?[\"']?[^\s:\"'$]+:(?P<curl>[^\s\"'\\$]{4,})"),
)
