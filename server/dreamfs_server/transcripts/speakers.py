"""Who speaks in a log of several people: a person, an agent, or a program that posts by itself.

What a program posts (an alert bot, a monitor, a build) is output, whatever role its line has in the log: it is no person's
word, and no instruction to anybody.
"""

import re
from dataclasses import replace
from typing import Any

from dreamfs_server.transcripts.chat_lines import opening
from dreamfs_server.transcripts.clock import Clock
from dreamfs_server.transcripts.reading import mapping
from dreamfs_tools.transcript import Event, Role

ROLES: dict[str, Role] = {
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "ai": "assistant",
    "model": "assistant",
    "tool": "tool",
    "function": "tool",
    "system": "system",
    "developer": "system",
}
SPEAKER_CHARACTERS_MAX = 60
AGENTS = frozenset(("claude", "chatgpt", "copilot", "gemini", "gpt", "agent", "ai", "assistant"))
_PROGRAM = re.compile(
    r"""(?ix)
      (?:^|[\s._@/-]) (?:bots?|alerts?|alerting|alertmanager|pager|pagerduty|opsgenie|victorops|grafana|prometheus|nagios|zabbix
        |icinga|datadog|sentry|statuspage|cloudwatch|jenkins|github-actions|dependabot|cron|webhook|monitor|monitoring|watchdog
        |uptime|pingdom|ci|github|gitlab|bitbucket|jira|servicenow|renovate|circleci|teamcity|buildkite|argocd|spinnaker|newrelic|splunk|rollbar|bugsnag
        |sonarqube|snyk|zapier|statuscake|elastalert|netlify|vercel|heroku)
      (?:$|[\s._)\]-])
    | [(\[](?:bot|app)[)\]]
    | (?:alert|deploy|ops|page|pager|incident|status|monitor|release|build|slack|health|oncall|log|metrics?|sre|infra|run)bot$
    """
)


def is_program(name: str) -> bool:
    """Whether a name is that of something which posts by itself."""
    return _PROGRAM.search(name) is not None or re.search(r"[a-z]Bot$", name) is not None


def voice(name: str) -> tuple[Role, str, str]:
    """Role, tool and speaker for what somebody of this name says."""
    name = " ".join(name.strip(" @*<>`").split())[:SPEAKER_CHARACTERS_MAX]
    lowered = name.lower()
    if is_program(name):
        return "tool", name, ""
    if role := ROLES.get(lowered):
        return role, "", ""
    return ("assistant", "", name) if lowered in AGENTS else ("user", "", name)


def named(message: dict[str, Any]) -> str:
    """The name that a message gives its author besides a role, "" where it gives none."""
    for key in ("name", "author", "username", "user_name", "sender", "speaker", "from", "user"):
        value = message.get(key)
        name = mapping(value).get("name") if isinstance(value, dict) else value
        if isinstance(name, str) and name.strip() and name.strip().lower() not in ROLES:
            return name
    return ""


def voiced(event: Event, name: str = "") -> Event:
    """What somebody said, with who it was: by the name that the log gives, or by that before the text itself.

    A message that begins like a line of a thread (`[2026-11-03 14:02] ada: …`) says who and when, and what follows is its text.
    """
    if event.role not in {"user", "system"} or event.kind != "text":
        return replace(event, speaker=name.strip()[:SPEAKER_CHARACTERS_MAX]) if name and event.kind == "text" else event
    first, newline, rest = event.text.partition("\n")
    begun = opening(first) if event.role == "user" else None
    at = Clock().read(begun.at) if begun is not None and begun.at else None
    if begun is not None and at is not None and begun.who:
        event = replace(event, text=begun.rest + newline + rest, at=event.at or at)
        name = name or begun.who
    if not name:
        return event
    role, tool, speaker = voice(name)
    if role == "tool":
        is_error = event.text.startswith("Error")
        return replace(event, role=role, kind="tool_result", tool=tool, is_error=is_error)
    return replace(event, speaker=speaker) if event.role == "user" else event
