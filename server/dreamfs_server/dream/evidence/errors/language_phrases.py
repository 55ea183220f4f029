"""What compilers, interpreters and package managers say, by what it is about: rows of `family_patterns.py`."""

from collections.abc import Sequence

from dreamfs_server.dream.evidence.errors.signature import LINT_RULE

LANGUAGES: Sequence[tuple[str, ...]] = (
    ("Python module not found", r"ModuleNotFoundError", r"No module named", r"ImportError", r"cannot import name"),
    (
        "JavaScript module not found",
        r"cannot find (?:module|package)",
        r"""could not resolve (?:entry|['\"]|import)""",
        r"module not found",
        r"failed to resolve import",
        r"ERR_MODULE_NOT_FOUND",
        r"MODULE_NOT_FOUND",
    ),
    ("TypeScript error", r"\berror TS\d+", r"\bTS\d{4,5}\b"),
    (LINT_RULE, rf"^{LINT_RULE} "),
    (
        "Rust error",
        r"^error\[E\d+\]",
        r"^error: (?:could not compile|aborting due to|mismatched types|cannot find)",
        r"could not compile `",
    ),
    (
        "Go does not compile",
        r"\.go(?::\d+)+:? (?:\S+: )?(?:undefined|declared and not used|\S* ?imported and not used|cannot use|not enough arguments|too many arguments|missing return|assignment mismatch|syntax error|unknown field|invalid operation|undeclared|cannot refer|.{1,80} (?:redeclared|undefined|already declared))",
        r"^package .* is not in (?:std|GOROOT)",
        r"^go: ",
        r"no required module provides",
        r"import cycle not allowed",
        r"^pattern \S+: ",
        r"build constraints exclude",
    ),
    (
        "npm error",
        r"^npm (?:ERR!|error)",
        r"^(?: ?ERR_PNPM|ELIFECYCLE)",
        r"\bERESOLVE\b",
        r"Missing script",
        r"pnpm:",
        r"^error: (?:script|No version|lockfile)",
    ),
    (
        "syntax error in code",
        r"\b(?:SyntaxError|IndentationError|TabError|parse error|unexpected token|unexpected identifier|invalid syntax|ParserError)\b",
    ),
    (
        "data does not parse",
        r"JSONDecodeError",
        r"jq: (?:parse )?error",
        r"invalid json",
        r"not valid json",
        r"yaml(?:\.\w+)*\.?\w*error",
        r"toml\S*error",
        r"unexpected (?:end of json|character)",
        r"expecting value",
        r"did not find expected",
    ),
    (
        "database error",
        r"no such (?:table|column)",
        r"(?:relation|table|column|database) .{1,80} does not exist",
        r"duplicate key",
        r"unique constraint",
        r"OperationalError",
        r"ProgrammingError",
        r"IntegrityError",
        r"syntax error at or near",
        r"psql: error",
    ),
)
