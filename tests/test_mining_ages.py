"""Ages in event tables: when their rows happened, and how exactly that is known."""

from datetime import UTC, datetime, timedelta

import pytest

from dreamfs_server.dream.evidence.lags.happenings import Happening, happenings
from mined_sessions import START, bash, session

HEAD = f"{'LAST SEEN':<21}TYPE      REASON      {'OBJECT':<30}MESSAGE"
PRINTED = datetime(2026, 11, 1, 10, 0, tzinfo=UTC)


def row(age: str, reason: str = "BackOff") -> str:
    return f"{age:<21}Warning   {reason:<12}{'pod/api-7f9c6d5b4-x2kqp':<30}seen of a container"


def table(*ages: str) -> str:
    return "\n".join([HEAD, *map(row, ages)])


def shown(text: str, *, command: str = "kubectl get events", day: int = -1) -> list[Happening]:
    return happenings(session(1, [bash(command, text)], day=day))[0]


@pytest.mark.parametrize(
    ("age", "seconds", "within"),
    [("95s", 95, 0), ("5m30s", 330, 0), ("45m", 2730, 30), ("3h5m", 11130, 30), ("9m (x4 over 20m)", 570, 30)],
)
def test_an_age_says_when_as_exactly_as_it_is_printed(age: str, seconds: int, within: int) -> None:
    [event] = shown(f"Sun Nov  1 10:00:00 UTC 2026\n{table(age)}")
    assert (PRINTED.timestamp() - event.at, event.within) == (seconds, within)


@pytest.mark.parametrize("age", ["4h", "12h", "3d4h", "26d", "<unknown>"])
def test_an_age_in_whole_hours_or_days_is_no_time(age: str) -> None:
    assert shown(f"Sun Nov  1 10:00:00 UTC 2026\n{table(age)}") == []


@pytest.mark.parametrize(
    "clock",
    [
        "Sun Nov  1 10:00:00 UTC 2026",
        "Sun Nov  1 10:00:00 AM UTC 2026",
        "Sun Nov  1 11:00:00 CET 2026",
        "Sun  1 Nov 10:00:00 GMT 2026",
        "Sun, 01 Nov 2026 11:00:00 +0100",
        "2026-11-01T10:00:00Z",
        "2026-11-01 12:00:00+02:00",
        "2026-11-01 10:00:00",
        "=== now: 2026-11-01T10:00:00.123Z ===",
        "1793527200",
    ],
)
def test_ages_count_back_from_a_clock_in_the_same_output(clock: str) -> None:
    for text in (f"{clock}\n{table('95s')}", f"{table('95s')}\n{clock}"):
        [event] = shown(text)
        assert int(event.at) == int(PRINTED.timestamp()) - 95
        assert event.type == "BackOff api seen of a container"


def test_each_table_counts_back_from_the_clock_above_it() -> None:
    text = f"Sun Nov  1 10:00:00 UTC 2026\n{table('95s')}\nSun Nov  1 10:20:00 UTC 2026\n{table('20s')}"
    assert [event.at - PRINTED.timestamp() for event in shown(text)] == [-95, 1180]


def test_without_a_clock_ages_of_an_undated_log_say_nothing() -> None:
    assert shown(table("95s", "5m")) == []
    assert shown(f"Sun Nov  1 10:00:00 XST 2026\n{table('95s')}") == []
    assert shown(f"restarted 2026-11-01T10:00:00Z by hand\n{table('95s')}")[0].type == "restarted by hand"


def test_a_clock_says_more_than_the_times_of_a_log_that_was_written_another_day() -> None:
    [event] = shown(f"Sun Nov  1 10:00:00 UTC 2026\n{table('95s')}", day=20)
    assert event.at == PRINTED.timestamp() - 95


def test_in_a_dated_log_a_time_that_stands_alone_is_the_present_only_if_that_was_asked_for() -> None:
    text = f"2026-10-01T10:00:00Z\n{table('95s')}"
    created = "kubectl get pod api -o jsonpath={.metadata.creationTimestamp}; kubectl get events"
    looked = START + timedelta(days=3, minutes=1)
    assert shown(text, command=created, day=3)[0].at == looked.timestamp() - 95
    asked = shown(text, command="date -u +%FT%TZ; kubectl get events", day=3)
    assert asked[0].at == datetime(2026, 10, 1, 10, 0, tzinfo=UTC).timestamp() - 95


def test_a_clock_of_an_unnamed_zone_is_set_by_the_time_of_the_log() -> None:
    looked = START + timedelta(days=3, minutes=1)
    for hours in (2, -7):
        wall = looked + timedelta(hours=hours, seconds=-20)
        for clock in (f"{wall:%a %b %e %H:%M:%S XST %Y}", f"{wall:%Y-%m-%d %H:%M:%S}"):
            [event] = shown(f"{clock}\n{table('95s')}", command="date; kubectl get events", day=3)
            assert event.at == looked.timestamp() - 20 - 95
