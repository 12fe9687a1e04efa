"""What may not be said: blocked words, and what was said before."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.words.folding import folded
from services.common.words.likeness import likeness, shingles
from worker.policy import BlockedWords, Earlier, Likeness, Pace, Policy

THEN = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)
words = st.text(alphabet="abcde ", max_size=40)


def alike(one: str, other: str) -> float:
    return likeness(shingles(folded(one)), shingles(folded(other)))


@pytest.mark.parametrize(
    "text", ["What a DAMP night.", "d\u00e2mp", "(damp)", "damp", "Damp, again", "it's_damp"]
)
def test_a_blocked_word_is_found_whatever_its_dress(text: str) -> None:
    assert BlockedWords.of(["gloom", "Damp"]).found(text) == "Damp"


@pytest.mark.parametrize("text", ["dampness", "da mp", "undamp", "", "..."])
def test_only_whole_words_are_blocked(text: str) -> None:
    assert BlockedWords.of(["damp"]).found(text) is None


def test_a_phrase_is_blocked_as_a_whole() -> None:
    blocked = BlockedWords.of(["cold soup"])
    assert blocked.found("Cold, cold SOUP") == "cold soup"
    assert blocked.found("soup, cold") is None


def test_an_entry_that_matches_nothing_is_told() -> None:
    with pytest.raises(ValueError, match="'!!' holds no letter"):
        BlockedWords.of(["damp", "!!"])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A slow tide of guitars under a low sky.", "a slow tide of guitars under a low sky"),
        ("A slow tide of guitars under a low sky.", "A slow wave of guitars under a low sky."),
        ("The drums run ahead, the bass waits.", "The bass waits, the drums run ahead."),
    ],
)
def test_the_same_thing_said_again_is_like(one: str, other: str) -> None:
    assert alike(one, other) >= 0.7


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A slow tide of guitars under a low sky.", "The drums come in like a door that gives."),
        ("The chorus is a door that gives.", "The bass is a lamp in the corner of the room."),
    ],
)
def test_other_things_are_not_like(one: str, other: str) -> None:
    assert alike(one, other) < 0.5


@given(one=words, other=words)
def test_likeness_has_an_order_and_no_direction(one: str, other: str) -> None:
    assert 0 <= alike(one, other) <= 1
    assert alike(one, other) == alike(other, one)
    assert alike(one, one) == (1 if one.strip() else 0)


def test_an_objection_says_what_and_since_when() -> None:
    policy = Policy(
        pace=Pace(interval=THEN - THEN, most_a_day=1),
        template="{text}",
        blocked=BlockedWords.of(["damp"]),
        likeness=Likeness(0.7, 10),
    )
    before = [Earlier(" other things entirely ", THEN), Earlier(" a slow tide ", THEN)]
    assert policy.objection("A slow tide", " a slow tide ", before) == (
        "too like what we posted on 2026-11-01 at 09:30 UTC"
    )
    assert policy.objection("Damp", " damp ", before) == "it holds a blocked word: damp"
    assert policy.objection("A quick fire", " a quick fire ", before) is None
