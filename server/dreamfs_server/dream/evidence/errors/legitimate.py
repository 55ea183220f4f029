"""Failures that are perhaps a legitimate step of the work, not a mistake: checks, reproductions, searches."""

import re

from dreamfs_server.dream.evidence.errors.signature import LINT_RULE, Signature, is_verdict
from dreamfs_server.dream.evidence.steps import Step

_LINTS = re.compile(
    r"\b(?:mypy|pyright|ruff|flake8|pylint|eslint|tsc|clippy|(?:npm|yarn|pnpm|cargo|go|make|bun|deno)\s+(?:run\s+)?(?:lint|typecheck|vet))\b"
)
_TESTS = re.compile(r"\b(?:pytest|tox|nox|unittest|jest|vitest|mocha|rspec|phpunit|ctest|runtests|test|check)\b")
_BUILDS = re.compile(
    r"\b(?:golangci-lint|staticcheck|gofmt|(?:go|cargo|swift|dotnet|zig) (?:build|vet|check|clippy|run)|javac|gcc|g\+\+|clang|mvn|gradlew?)\b"
    r"|\b(?:make|mise|just|task|npm|yarn|pnpm|bun|deno|nox|tox|rake)\b[^|;&]*\b(?:lint|typecheck|vet|build|compile|check|test|fmt|format|ci)\b"
)
_REPRODUCES = re.compile(r"\b(?:repro\w*|test_\w+\.py|verify_\w+|debug_\w+)\b|\bpython3? -c\b|<<")
_BY_DESIGN = frozenset(
    ["grep", "rg", "egrep", "fgrep", "diff", "cmp", "test", "[", "which", "pgrep", "command", "type"]
)
_ASKS = frozenset(["which", "command", "type", "pgrep"])
"""Whoever runs these asks whether something is there; "not found" is an answer."""
_ANSWERS = re.compile(
    r"\bgh (?:pr (?:checks|view|diff)|run (?:view|watch))|--(?:exit-code|quiet|check|is-ancestor|verify)\b|\bgit (?:config|rev-parse|ls-remote|check-ignore|show-ref|diff)\b"
    r"|\bnc -\w*z|\bping6?\b|\bpgrep\b|\|\s*(?:\S+/)?(?:grep|rg)\b"
)
"""Commands whose exit code is an answer, so that it needs no message."""
_WORK = frozenset(
    (
        "tests failed",
        "TypeScript error",
        "Rust error",
        "Go does not compile",
        "a compiler or linter complained",
        LINT_RULE,
    )
)
"""Families of what a build or a check says of the code that is being worked on."""
_ASSERTION = re.compile(r"^(?:E\s+)?(?:AssertionError|assert\b)|^FAILED |tests? failed|\bfailing\b|^\d+ failed")
_ENVIRONMENT = re.compile(
    r"(?i)command not found|no such file|no module named|cannot find module|permission denied|usage:|could not resolve|connection|not installed"
)


def is_legitimate(found: Signature, step: Step, family: str = "") -> bool:
    """Whether a failed call is perhaps no mistake: a test that fails while one works, a search that finds nothing."""
    command = step.command
    if family in _WORK:
        return True
    if step.program in _ASKS:
        return True
    if found.bare:
        return step.program in _BY_DESIGN or _checks(command) or _ANSWERS.search(command) is not None
    if _ASSERTION.search(found.line) or _LINTS.search(command):
        return True
    if _ENVIRONMENT.search(found.line):
        return False
    if is_verdict(found.line) and _checks(command):
        return True
    raised = found.line.startswith("E ") or re.match(r"[A-Za-z_.]+(?:Error|Exception)\b", found.line) is not None
    return raised and (_TESTS.search(command) is not None or _REPRODUCES.search(command) is not None)


def _checks(command: str) -> bool:
    """Whether a command builds, checks or tests: that it fails while one works is its use."""
    return any(pattern.search(command) for pattern in (_TESTS, _LINTS, _BUILDS))
