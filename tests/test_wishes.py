"""What counts as a wish of people on how to work, what is one wish in other words, and what is none."""

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreamfs_server.dream.curators.embedded import curate
from dreamfs_server.dream.evidence import mine
from dreamfs_server.dream.material import Gathered, numbered
from dreamfs_tools.dreaming import Card
from mined_sessions import material, talk

WISHES = [
    "We don't use pip here.",
    "I don't want you to commit.",
    "use bun, not npm",
    "Never push to main!",
    "don't touch the other modes",
    "stop adding comments",
    "I said no emojis",
    "Again: run the formatter first.",
    "DO NOT CHANGE OTHER FEATURES",
    "Could you stop adding comments everywhere?",
    "From now on use the staging database.",
    "never mock the gateway, save that in your memory",
    "You must read each file before editing.",
    "Bitte nicht ohne Tests committen!",
    "Wir benutzen hier kein npm.",
    "Verwende uv statt pip.",
    "Ändere die anderen Dateien nicht.",
    "No toques los otros archivos.",
    "Aquí no usamos npm.",
    "Te dije que no uses npm.",
    "Ne touche pas aux autres fichiers.",
    "Utilise uv plutôt que pip.",
    "Arrête d'ajouter des commentaires.",
]
STATES = [
    "I don't have the booking ID right now.",
    "Unfortunately, I don't remember my user ID.",
    "I don't need travel insurance.",
    "I don't want to include any baggage.",
    "We don't know who runs that server.",
    "I don't understand at all!",
    "don't understand the issue",
    "Actually, never mind that one.",
    "I never received the refund.",
    "I prefer to use a gift card instead.",
    "I paid for it, so I should be eligible.",
    "My details should be in my profile.",
    "There should be three passengers.",
    "Why does it write to disk instead of memory?",
    "keep working on it",
    "No issues were found by it.",
    "It runs on commits only now.",
    "Ich habe die Nummer gerade nicht.",
    "Ich brauche keine Versicherung.",
    "Kein Problem, danke dir.",
    "No tengo el número de reserva.",
    "No necesito el seguro.",
    "Je n'ai pas le numéro.",
    "Je ne sais pas encore.",
]
OF_ONE_CASE = [
    "Please use my credit card for the charges.",
    "Always use the card ending in 7334.",
    "Never cancel the order #W23781 please.",
    "Don't rebook it to flight HAT136B.",
    "Use the account kim_ito_7015 for that.",
    "Don't pay more than $120 for it.",
    "Never ship it before May 20.",
    "Keep the commit 3f9c2ab as it is.",
    "Don't close OPS-4411 before that.",
]


def heard(number: int, *sentences: str, day: int | None = None) -> Gathered:
    said = [("user", "Fix the parser."), ("assistant", "Done.")]
    return talk(number, [*said, *(("user", sentence) for sentence in sentences)], day=day)


def cards(sessions: Sequence[Gathered]) -> list[Card]:
    return [card for card in mine(material(sessions)) if card.miner == "corrections"]


@pytest.mark.parametrize("sentence", WISHES)
def test_a_way_to_work_that_three_sessions_heard_is_a_preference(sentence: str) -> None:
    [card] = cards([heard(n, sentence) for n in range(3)])
    assert card.data["rule"]
    assert card.data["said"] == sentence


@pytest.mark.parametrize("sentence", [*STATES, *OF_ONE_CASE])
def test_what_somebody_has_or_wants_in_one_case_is_no_wish_however_often_it_is_said(sentence: str) -> None:
    assert cards([heard(n, sentence) for n in range(9)]) == []


def test_a_port_or_a_width_is_no_case() -> None:
    for sentence in ("Always use port 8080 for the preview.", "Keep lines below 100 characters."):
        assert len(cards([heard(n, sentence) for n in range(3)])) == 1


@pytest.mark.parametrize(
    "said",
    [
        ["We don't use pip here.", "don't use pip, please", "Never use pip!"],
        ["I don't want you to commit.", "never commit, please", "Please, don't commit."],
        ["stop adding comments", "Please don't add comments.", "I said no comments!"],
        ["DO NOT CHANGE OTHER MODE", "DO NOT CHANGE OTHER FEATURES", "do not change other modes and features"],
        ["Read each file before editing, never guess", "Never guess, read each file before you edit", "never guess: read files before edits"],
        ["Bitte die anderen Dateien nicht ändern.", "Ändere nie andere Dateien!", "Die anderen Dateien bitte nicht ändern!"],
    ],
)  # fmt: skip
def test_one_wish_in_three_wordings_is_one_preference(said: list[str]) -> None:
    found = cards([heard(n, f"No, {said[n]}" if n else said[n]) for n in range(3)])
    assert [card.claims[0].support.sessions for card in found] == [3]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Do not change other files.", "Do not change the files."),
        ("Don't commit, please.", "Don't commit without running the tests."),
        ("Never push to main.", "Never push to main until the tests pass."),
        ("Use bun, not npm.", "Use npm, not bun."),
        ("Don't touch the tests.", "Don't touch the docs."),
        ("Please don't commit it.", "Please don't push it."),
        ("Verwende uv, nicht pip.", "Verwende pip, nicht uv."),
    ],
)
def test_wishes_that_differ_in_how_far_they_go_or_in_what_is_wanted_stay_apart(one: str, other: str) -> None:
    found = cards([heard(n, one if n < 3 else other) for n in range(6)])
    assert sorted(card.data["said"] for card in found) == sorted([one, other])
    assert {card.claims[0].support.sessions for card in found} == {3}


def test_the_words_that_most_people_use_are_told() -> None:
    said = [
        "DO NOT CHANGE OTHERS.",
        "Do not change other modes.",
        "do not change the other modes",
        "don't change other mode",
    ]
    [card] = cards([heard(n, sentence) for n, sentence in enumerate(said)])
    assert card.data["said"] == "don't change other mode"


def opened(number: int, *sentences: str) -> Gathered:
    """A session whose task says more than what to do."""
    return talk(number, [("user", " ".join(sentences)), ("assistant", "Done.")])


def test_what_is_said_beside_different_tasks_counts_with_what_is_said_later() -> None:
    tasks = [
        opened(0, "Fix the court.", "DO NOT CHANGE OTHER MODES."),
        opened(1, "Redraw the net.", "Do not change other modes!"),
    ]
    assert [card.data["rule"] for card in cards(tasks)] == [False]
    later = heard(3, "Don't change other modes.")
    [proposal] = curate(material([*tasks, later]), mine(material([*tasks, later])))
    assert "(3 sessions on 3 days)" in proposal.changes[0].file_text


@pytest.mark.parametrize(
    "wish", ["Always run make lint before you commit.", "Run make lint before every commit.", "We use bun, never npm."]
)
def test_what_is_to_be_done_each_time_is_a_wish_beside_a_task_too(wish: str) -> None:
    tasks = ("Fix the parser.", "The export is slow.", "Please repair the login on phones.")
    [card] = cards([opened(n, task, wish) for n, task in enumerate(tasks)])
    assert card.data["rule"]
    assert card.data["said"] == wish


def test_what_one_task_is_to_be_done_with_is_no_wish() -> None:
    tasks = ("Fix the parser.", "The export is slow.", "Please repair the login on phones.")
    assert cards([opened(n, task, "Use the plan in the issue.") for n, task in enumerate(tasks)]) == []


def test_a_task_that_is_nothing_but_a_wish_is_a_task() -> None:
    tasks = [
        opened(n, ("Do not change other modes", "Never change other modes", "don't change other modes")[n])
        for n in range(3)
    ]
    [card] = cards([*tasks, *(heard(n, "Please do not change other modes.") for n in (4, 5))])
    assert card.claims[0].support.sessions == 2


def test_a_script_that_forbids_in_the_same_words_each_time_is_counted_once() -> None:
    script = [opened(n, f"Review the change {n}.", f"It is of day {n}.", "Never push to main.") for n in range(20)]
    [card] = cards([*script, heard(21, "Please never push to main.")])
    assert card.claims[0].support.sessions == 2


def test_what_a_sub_agent_is_told_is_no_persons_wish() -> None:
    sessions = [heard(n, "Never push to main.") for n in range(3)]
    told = [replace(one, session=replace(one.session, parent=f"root-{n}")) for n, one in enumerate(sessions)]
    assert cards(told) == []


def test_an_agents_own_record_and_a_copied_message_are_no_second_wish() -> None:
    one = heard(0, "Never push to main.")
    own = [replace(event, origin="self") for event in heard(1, "Never push to main.").events]
    recorded = replace(heard(1), events=numbered(own))
    resumed = replace(heard(2), events=one.events)
    assert cards([one, recorded, resumed]) == []


def test_a_wish_is_quoted_byte_for_byte() -> None:
    sentence = "use bun, not npm"
    [card] = cards([heard(n, f"Thanks!\n{sentence}; it is faster.") for n in range(3)])
    assert {quote.quote for quote in card.claims[0].evidence} == {"use bun, not npm; it is faster."}


SAID = st.sampled_from([*WISHES[:9], *STATES[:9], *OF_ONE_CASE[:4]])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(SAID, max_size=3), min_size=2, max_size=8), st.randoms())
def test_the_order_of_sessions_changes_no_card(said: list[list[str]], random: object) -> None:
    sessions = [heard(n, *sentences) for n, sentences in enumerate(said)]
    shuffled = list(sessions)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = (json.dumps([(c.title, c.body, c.weight) for c in cards(some)]) for some in (sessions, shuffled))
    assert one == other
