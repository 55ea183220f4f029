"""The shapes of secrets, as RE2 expressions: tokens by their own look, and names that say what stands behind them.

Bounds are one-sided where they can be: RE2 unrolls a counted repetition, and a small program is a fast one.
"""

TOKENS: tuple[tuple[str, str], ...] = (
    ("aws-access-key", r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b"),
    ("github-token", r"(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,})"),
    ("gitlab-token", r"gl(?:pat|ptt|dt|rt|cbt|soat|agent|ft|imt|oas)-[A-Za-z0-9_\-.]{20,}"),
    (
        "slack-token",
        r"(?:xox[abceoprs]-(?:[A-Za-z0-9]+-)*[A-Za-z0-9]{10,}|xoxd-[A-Za-z0-9%/+=_-]{40,}|xapp-\d-[A-Z0-9]+-\d+-[a-f0-9]{32,})",
    ),
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
    ("firebase-key", r"AAAA[A-Za-z0-9_-]{7}:APA91b[A-Za-z0-9_-]{100,}"),
    ("stripe-key", r"(?:(?:sk|rk)_(?:live|test|prod)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/]{32,})"),
    ("jwt", r"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    ("mapbox-token", r"sk\.eyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}"),
    ("npm-token", r"npm_[A-Za-z0-9]{36}\b"),
    ("pypi-token", r"pypi-AgE[A-Za-z0-9_-]{50,}"),
    ("huggingface-token", r"(?:hf_|api_org_)[A-Za-z0-9]{34,}\b"),
    ("sendgrid-key", r"SG\.[A-Za-z0-9_-]{20,24}\.[A-Za-z0-9_-]{39,}"),
    ("twilio-key", r"SK[0-9a-f]{32}\b"),
    ("mailgun-key", r"key-[0-9a-f]{32}\b"),
    ("mailchimp-key", r"[0-9a-f]{32}-us\d{1,2}\b"),
    ("telegram-token", r"(?:bot)?\d{8,10}:AA[A-Za-z0-9_-]{33}\b"),
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
    ("nvidia-key", r"nvapi-[A-Za-z0-9_-]{60,}"),
    ("pinecone-key", r"pcsk_[A-Za-z0-9_]{60,}"),
    ("langsmith-key", r"lsv2_(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}\b"),
    ("supabase-token", r"sb(?:p_[a-f0-9]{40}|_secret_[A-Za-z0-9_-]{30,})"),
    ("planetscale-token", r"pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_\-.=]{30,}"),
    ("new-relic-key", r"NRAK-[A-Z0-9]{27}\b"),
    ("sentry-token", r"(?:sntryu_[a-f0-9]{64}|sntrys_eyJ[A-Za-z0-9+/=_]{60,})"),
    ("postman-key", r"PMAK-[a-f0-9]{24}-[a-f0-9]{34}\b"),
    ("rubygems-key", r"rubygems_[a-f0-9]{48}\b"),
    ("heroku-key", r"HRKU-[A-Za-z0-9_-]{36,}"),
    ("atlassian-token", r"ATATT3[A-Za-z0-9_\-=]{100,}"),
    ("cloudflare-token", r"(?:v1\.0-[a-f0-9]{24}-[a-f0-9]{100,}|cf(?:k|ut|at)_[A-Za-z0-9]{40,})"),
    ("netlify-token", r"nfp_[A-Za-z0-9]{36,}\b"),
    ("resend-key", r"re_[A-Za-z0-9]{8}_[A-Za-z0-9]{24}\b"),
    ("tailscale-key", r"tskey-[a-z]{3,12}-[A-Za-z0-9]{8,}-[A-Za-z0-9]{20,}"),
    ("doppler-token", r"dp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9._-]{40,}"),
    ("pulumi-token", r"pul-[a-f0-9]{40}\b"),
    ("airtable-token", r"pat[A-Za-z0-9]{14}\.[a-f0-9]{64}\b"),
    ("square-token", r"sq0(?:atp|csp)-[A-Za-z0-9_-]{22,}"),
    ("paypal-token", r"access_token\$(?:production|sandbox)\$[0-9a-z]{16}\$[0-9a-f]{32}\b"),
    ("plaid-token", r"access-(?:sandbox|development|production)-[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b"),
    (
        "onepassword-token",
        r"(?:ops_eyJ[A-Za-z0-9+/=_-]{80,}|A3-[A-Z0-9]{6}-(?:[A-Z0-9]{6}|[A-Z0-9]{11})(?:-[A-Z0-9]{5}){3,4}\b)",
    ),
    ("age-key", r"AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}"),
    ("azure-storage-key", r"AccountKey=[A-Za-z0-9+/]{86}=="),
    ("azure-client-secret", r"[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.-]{31,}"),
)
WITHOUT_MARK = frozenset({"discord-token", "terraform-token", "azure-client-secret"})
"""Kinds that begin with nothing of their own: words of the right length look the same, unless digits are among them."""

# What may stand right before a token although it is a letter or a digit: an escaped line break or character of JSON, a
# character of a URL, a colour of a terminal.
BOUNDARY = r"(?:\b|\\[nrt]|\\u00[0-9a-fA-F]{2}|%[0-9A-F]{2}|\[[0-9;]*m)"

KEY_WORDS = (
    r"(?:pass(?:word|wd|phrase|code)|pwd|secret|token|credential|creds|api[_-]?key|apikey|access[_-]?key|private[_-]?key"
    r"|(?:auth|encryption|signing|account|admin|master|write|service|server|role|shared|app|webhook|deploy|subscription|functions)[_-]?key"
    r"|client[_-]?secret|psk)s?"
)
SHORT_WORDS = r"pass|pw"
"""Parts of other words, too: they count where a name ends in them (`db_pass`, `smtpPass`)."""

PASSWORDS_ELSEWHERE = (
    # German, Dutch, French, Spanish, Portuguese, Italian, Nordic
    r"passwor[dt]|kennwort|wachtwoord|mot\s?de\s?passe|contrase(?:ñ|n)a|senha|palavra-passe|lösenord|adgangskode|passord|salasana"
    # Polish, Czech, Hungarian, Romanian, Turkish, Greek
    r"|hasło|heslo|jelszó|parol[ăa]|şifre|parola|κωδικός"
    # Russian, Ukrainian, Hebrew, Arabic, Hindi
    r"|пароль|סיסמה|كلمة المرور|पासवर्ड"
    # Chinese, Japanese, Korean, Vietnamese, Indonesian
    r"|密码|密碼|口令|パスワード|비밀번호|mật khẩu|kata sandi"
)
