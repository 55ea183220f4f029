"""One incident counts once, in whatever words it is told again; and the forms in which people say what it was."""

from collections.abc import Sequence
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreamfs_server.dream.evidence.mine import mine
from dreamfs_server.dream.material import Gathered, numbered
from dreamfs_tools.transcript import Event, Session
from mined_sessions import START, material, memory, talk
from test_incident_archive import Said, dreamt, shown, thread, written

CAUSE = "Root cause: the greylisting rule on mx-2."
FIRED = ("alertbot", '[FIRING:1] SmtpStuck (svc="mail") depth=17')


def incident(number: int, said: str = CAUSE, *, day: int | None = None, title: str = "") -> Gathered:
    one = thread(number, [FIRED, ("ada", f"Queue is at {number}00."), ("bob", said)], day=day)
    about = one.session
    return Gathered(
        Session("memories", about.session_id, "text", about.started_at, about.ended_at, title=title), one.events
    )


def document(name: str, paragraphs: Sequence[str], *, day: int) -> Gathered:
    """A text of a day, paragraph by paragraph, as one writes a post-mortem."""
    at = (START + timedelta(days=day)).replace(hour=0, minute=0)
    events = [Event(0, "user", "text", text) for text in paragraphs]
    return Gathered(Session("memories", name, "text", at, title=paragraphs[0]), numbered(events))


def post_mortem(
    number: int,
    cause: str = "The greylisting rule on mx-2.",
    *,
    day: int | None = None,
    about: str = "SmtpStuck fired at 09:00.",
) -> Gathered:
    text = ["# Post-mortem: mail stuck", f"## Summary\n{about}", "Mail was late.", "## Root cause", cause]
    return document(f"pm-{number}", text, day=number if day is None else day)


def test_a_thread_and_its_post_mortem_are_one_incident() -> None:
    cards, proposals = dreamt([one for n in range(2) for one in (incident(n), post_mortem(n))])
    assert "incidents" not in written(proposals)
    assert "4 sessions" not in shown(cards)
    assert "`SmtpStuck` fired 2 times in 2 sessions on 2 days" in shown(cards)
    assert "in 2 of 2 sessions" in shown(cards)


@pytest.mark.parametrize(
    ("cause", "about"),
    [
        ("Our relay was turned away.", "SmtpStuck fired at 09:00."),
        ("The greylisting rule on mx-2.", "Nobody got letters."),
        ("It turned our own relay away: a greylisting entry of mx-2.", "Nobody got letters."),
    ],
)
def test_a_post_mortem_is_known_by_the_alert_by_the_cause_or_by_rare_words(cause: str, about: str) -> None:
    said = "Root cause: a greylisting rule on mx-2." if "entry" in cause else CAUSE
    cards, _ = dreamt([one for n in range(3) for one in (incident(n, said), post_mortem(n, cause, about=about))])
    assert "in 3 of 3 sessions" in shown(cards)
    assert "6 sessions" not in shown(cards)
    assert "Cause again" not in shown(cards)


def test_a_post_mortem_written_days_later_counts_for_the_day_that_it_names() -> None:
    later = post_mortem(5, about="On 2026-11-01 SmtpStuck fired at 09:00.")
    cards, proposals = dreamt([incident(0), incident(1), later])
    assert "incidents" not in written(proposals)
    assert "in 2 of 2 sessions" in shown(cards)


def test_threads_of_one_number_are_one_incident() -> None:
    cards, _ = dreamt([incident(n, title="INC-7: mail") for n in range(3)])
    assert "“the greylisting rule on mx-2” as the cause (1 session)" in shown(cards)


def test_a_day_in_a_title_is_no_number() -> None:
    dated = [document(f"pm-{n}", [f"# Post-mortem 2026-11-0{n + 1}", "## Cause", CAUSE], day=n) for n in range(3)]
    assert "“the greylisting rule on mx-2” as the cause in 3 sessions" in shown(dreamt(dated)[0])


def test_two_channels_that_show_the_alert_at_one_time_are_one_incident() -> None:
    other = thread(
        0, [FIRED, ("dan", "Customers call."), ("eve", "Found: mx-2."), ("eve", CAUSE)], name="other-channel"
    )
    cards, proposals = dreamt([incident(0), other, incident(1)])
    assert "in 2 of 2 sessions" in shown(cards)
    assert "incidents" not in written(proposals)


def test_one_alert_at_two_times_of_a_day_is_two_incidents() -> None:
    cards, _ = dreamt([incident(n, day=0 if n < 3 else 1) for n in range(4)])
    assert "`SmtpStuck` fired 4 times in 4 sessions on 2 days" in shown(cards)


def test_post_mortems_of_other_days_numbers_and_subjects_stay_their_own() -> None:
    other_day = post_mortem(7)
    other_number = document("pm-8", ["# INC-9 mail stuck", "SmtpStuck fired.", "## Root cause", CAUSE], day=0)
    other_subject = document(
        "pm-9", ["# Post-mortem", "Nobody could pay.", "## Root cause", "An expired token of pay-3."], day=0
    )
    cards, _ = dreamt([incident(0, title="INC-8 mail"), other_day, other_number, other_subject])
    assert "“the greylisting rule on mx-2” as the cause in 3 sessions on 2 days" in shown(cards).replace(
        "The grey", "the grey"
    )
    assert "“An expired token of pay-3” as the cause (1 session)" in shown(cards)


def test_what_an_agent_and_a_person_talk_about_is_no_second_telling() -> None:
    asked = [("user", "SmtpStuck fired, mx-2 again?"), ("assistant", "Yes."), ("user", CAUSE)]
    cards, _ = dreamt([incident(0), talk(0, asked), incident(1)])
    assert "“the greylisting rule on mx-2” as the cause in 3 sessions" not in shown(cards)


def test_a_document_that_shows_an_alert_twice_saw_it_fire_once() -> None:
    def twice(n: int) -> Gathered:
        one = document(f"pm-{n}", ["# Post-mortem", "Summary", FIRED[1], "It hurt."], day=n)
        at = START + timedelta(days=n)
        posted = Event(0, "tool", "tool_result", FIRED[1], at, "alertbot")
        return Gathered(one.session, numbered([*one.events, posted]))

    assert "`SmtpStuck` fired 3 times in 3 sessions" in shown(dreamt([twice(n) for n in range(3)])[0])


def test_a_contradiction_by_a_thread_and_its_post_mortem_is_one() -> None:
    kept = memory("mail.md", "Written 2026-10-01.\n\n- SmtpStuck is caused by the nightly backup.\n")
    told = [incident(0), post_mortem(0, "Root cause: the greylisting rule on mx-2.")]
    assert "contradicted" not in written(dreamt(told, [kept])[1])
    assert "in 2 sessions" in written(dreamt([*told, incident(1)], [kept])[1])


@settings(deadline=None, max_examples=20)
@given(st.randoms(use_true_random=False))
def test_the_order_of_the_sessions_changes_nothing(random: Random) -> None:
    sessions = [one for n in range(3) for one in (incident(n), post_mortem(n))] + [incident(9, day=2)]
    wanted = mine(material(sessions))
    random.shuffle(sessions)
    assert mine(material(sessions)) == wanted


@pytest.mark.parametrize("name", ["CheckoutLatencyP99", "HTTP5xxHigh", "K8sNodeNotReady", "A1", "disk_full"])
def test_an_alert_may_have_digits_in_its_name(name: str) -> None:
    said: list[Said] = [
        ("alertbot", f'[FIRING:1] {name} (svc="x") value=91'),
        ("bob", "Root cause: the Envoy sidecars."),
    ]
    text = written(dreamt([thread(n, said) for n in range(3)])[1])
    assert f"`{name}` fired in 3 sessions on 3 days" in text
    assert "It was, by the last words of people in 3 of 3: “the Envoy sidecars”" in text


def test_a_cause_without_an_alerts_page_says_where_it_was_named() -> None:
    names = ["DiskFull", "QueueFull", "HeapFull"]
    said = [[("alertbot", f"FIRING: {name} on web"), ("bob", CAUSE)] for name in names]
    text = written(dreamt([thread(n, one) for n, one in enumerate(said)])[1])
    assert "Named as the cause in 3 sessions on 3 days, 2026-11-01 to 2026-11-03, where `DiskFull on web` and" in text


@pytest.mark.parametrize(
    "forms",
    [
        ["It was {}, it never closes its connections.", "it was {} again", "Confirmed, it was {}."],
        ["Confirmed: {}.", "Due to {}.", "The alert is due to {}."],
        ["This was caused by {}.", "caused by {}", "Because of {}."],
        ["root cause found, it was {}", "Root cause was found: {}", "Root cause: {}, which saturates the disk."],
    ],
)
def test_a_cause_is_one_in_other_words(forms: Sequence[str]) -> None:
    what = "the reporting cron of web-3"
    said = [[FIRED, ("bob", form.format(what))] for form in forms]
    assert f"in 3 of 3: “{what}”" in written(dreamt([thread(n, one) for n, one in enumerate(said)])[1])


@pytest.mark.parametrize(
    ("forms", "told"),
    [
        (
            [
                "Ursache war der SAP-Export, er blockiert alles.",
                "Es lag am SAP-Export.",
                "Es war wieder der SAP-Export.",
            ],
            "SAP-Export",
        ),
        (["Cause racine : le disque de secours est plein."] * 3, "le disque de secours est plein"),
        (["Causa raíz: el disco de copias está lleno."] * 3, "el disco de copias está lleno"),
        (["Oorzaak: de schijf is vol."] * 3, "de schijf is vol"),
        (
            ["Root cause: the compaction saturates its disk."] * 2
            + ["It was the compaction saturating its disk again."],
            "the compaction saturat",
        ),
    ],
)
def test_a_cause_is_read_in_other_languages_and_inflections(forms: Sequence[str], told: str) -> None:
    said = [[FIRED, ("bob", form)] for form in forms]
    text = written(dreamt([thread(n, one) for n, one in enumerate(said)])[1])
    assert "in 3 of 3" in text
    assert told in text


@pytest.mark.parametrize(
    "said", ["It was the right call.", "It was a long night.", "Due to start at five.", "It was the first time."]
)
def test_what_else_it_was_is_no_cause(said: str) -> None:
    assert "It was" not in written(dreamt([thread(n, [FIRED, ("bob", said)]) for n in range(3)])[1])


def test_a_sure_word_is_not_taken_back_by_a_loose_one() -> None:
    said = [FIRED, ("bob", CAUSE), ("ada", "It was the dashboards that I had open.")]
    text = written(dreamt([thread(n, said) for n in range(3)])[1])
    assert "greylisting" in text
    assert "dashboards" not in text
