"""Whether a dream is worth starting: `dreamfs dream run --if-due`, for cron. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from dreamfs_tools.answers import plural
from dreamfs_tools.dreaming import Dream
from dreamfs_tools.transcript import Session

NEW_SESSIONS_COUNT_MIN = 5
HOURS_BETWEEN_MIN = 24.0


def why_not_due(
    dreams: Sequence[Dream],
    sessions: Sequence[Session],
    now: datetime,
    *,
    new_sessions_min: int = NEW_SESSIONS_COUNT_MIN,
    hours_min: float = HOURS_BETWEEN_MIN,
) -> str:
    """Why a dream is not due, as a sentence; "" when it is.

    Args:
        dreams: of the store. Those that failed or were canceled do not count as dreams had.
        sessions: of the store.
        now: the present, UTC.
        new_sessions_min: how many sessions must have ended since the last dream; undated ones, and those of the
            future, count as new when the last dream had fewer sessions than there are of them.
        hours_min: how many hours must have passed since it.
    """
    if going := next((dream for dream in dreams if dream.is_open), None):
        return f"Dream {going.dream_id} is {going.status}."
    had = [dream for dream in dreams if dream.status in {"completed", "incomplete"}]
    if not had:
        if len(sessions) >= new_sessions_min:
            return ""
        return f"Stored: {plural(len(sessions), 'session')}; a first dream needs {new_sessions_min}."
    last = max(had, key=lambda dream: dream.created_at)
    hours = (now - last.created_at) / timedelta(hours=1)
    if 0 <= hours < hours_min:
        return f"The last dream, {last.dream_id}, was {hours:.1f} hours ago; {hours_min:g} hours must pass."
    times = [at for session in sessions if (at := _at(session)) is not None and at <= now]
    untold = max(0, len(sessions) - len(times) - last.coverage.sessions)
    # A last dream of the future was had under a wrong clock: what it read is all that is known of it.
    new = (
        untold + sum(1 for at in times if at > last.created_at)
        if hours >= 0
        else max(0, len(sessions) - last.coverage.sessions)
    )
    if new < new_sessions_min:
        return f"New since the last dream, {last.dream_id}: {plural(new, 'session')}; it takes {new_sessions_min}."
    return ""


def _at(session: Session) -> datetime | None:
    return session.ended_at or session.started_at
