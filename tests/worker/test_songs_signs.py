"""The signs that spare the rules work change no reading."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import reduce
from operator import or_
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from worker.songs.guesses import GUESSES, guesses_for
from worker.songs.post import tidy
from worker.songs.reading import Reading
from worker.songs.rules import RULES
from worker.songs.signs import SPARING
from worker.songs.song import Song

HERE = Path(__file__).resolve().parent
FEED = HERE.parents[1] / "services" / "sandbox" / "feed"
EVERY_SPARING_SIGN = reduce(or_, (sign.value for sign in SPARING))

PIECES = (
    '"', "'", "' ", "'s ", '" ', " by ", " By ", " - ", "\u2013", " | ", " / ", " ~ ", ": ", ", ",
    "np ", "listening to ", "song by ", "single ", "new song ", "covers ", "called ", "Artist: ",
    "Song: ", "title: ", "#1 ", "12 (9) ", "(", ")", "#4(+3) ", "Wet Leg", "slowdive", "Blur ",
    "blink-182", "earth, wind & fire", " plays ", " did ", " with the ", " von ", " de ", " (Nena)",
    "Chaise Longue", "the ", "\n", ". ", "@who ", "#music ",
)  # fmt: skip


def readings(text: str, extra: int) -> tuple[tuple[Song, ...], bool]:
    """What is read in a post that is said to show `extra` signs besides its own."""
    reading = Reading(tidy(text))
    reading.signs |= extra
    return reading.songs(), reading.met_album


def posts() -> Iterator[str]:
    yield from (rule.example for rule in RULES)
    yield from (guess.example for guess in GUESSES)
    for table in ("named", "sample", "silent"):
        lines = (HERE / f"test_songs_{table}.txt").read_text(encoding="utf-8").splitlines()
        yield from (line.replace("\\n", "\n") for line in lines)
    for name in ("songs", "smalltalk"):
        feed = (FEED / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        yield from (json.loads(line)["text"] for line in feed)


def test_posts_are_read_as_if_they_showed_every_sparing_sign() -> None:
    otherwise = [
        text for text in posts() if readings(text, 0) != readings(text, EVERY_SPARING_SIGN)
    ]
    assert otherwise == []


def test_a_sparing_sign_spares_a_rule() -> None:
    needs = [*(rule.needs for rule in RULES), *(guess.needs for guess in GUESSES)]
    assert all(any(sign in needed for needed in needs) for sign in SPARING)


def test_what_is_seen_closer_lets_no_rule_read_by_itself() -> None:
    assert [rule.name for rule in RULES if rule.may_apply(EVERY_SPARING_SIGN)] == []
    assert guesses_for(EVERY_SPARING_SIGN) == ()


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=20).map("".join))
@example('Earth, Wind & Fire "September"')
@example("blur's 'Tender' (Blur)")
@example("(single 'Tender'")
@example("#newsong: 'Tender'")
def test_any_text_is_read_as_if_it_showed_every_sparing_sign(text: str) -> None:
    assert readings(text, 0) == readings(text, EVERY_SPARING_SIGN)
