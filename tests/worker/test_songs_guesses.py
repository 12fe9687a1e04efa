"""Guesses: what only the catalogue can decide is offered to it, and is no answer of ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from worker.songs import FIRM, parse
from worker.songs.guesses import GUESSES, Guess
from worker.songs.openings import PERHAPS
from worker.songs.rule import Rule
from worker.songs.rules import RULES


@pytest.mark.parametrize("guess", GUESSES, ids=lambda guess: guess.name)
def test_a_guess_reads_its_own_example(guess: Guess) -> None:
    songs = parse(guess.example).candidates
    assert (guess.name, *guess.reads) in [(song.rule, song.title, song.artists) for song in songs]


@pytest.mark.parametrize("guess", [*GUESSES, *PERHAPS], ids=lambda guess: guess.name)
def test_a_guess_is_no_answer(guess: Guess | Rule) -> None:
    parsed = parse(guess.example)
    assert (parsed.title, parsed.artists, parsed.confidence, parsed.rule) == (None, (), 0.0, "none")
    assert parsed.reason is not None
    assert parsed.reason.startswith("perhaps a song: ")
    assert all(song.confidence < FIRM for song in parsed.candidates)


def test_rules_that_guess_say_so_in_their_names() -> None:
    everything: list[Rule | Guess] = [*RULES, *GUESSES]
    for rule in everything:
        assert rule.name.startswith("perhaps, ") == (rule.confidence < FIRM)


@pytest.mark.parametrize("guess", GUESSES, ids=lambda guess: guess.name)
def test_the_documentation_holds_the_guess(guess: Guess) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "parser.md").read_text(encoding="utf-8")
    assert f"| {guess.name} | {guess.confidence} | `{guess.example}` |" in page


@pytest.mark.parametrize(
    ("post", "title", "artist"),
    [
        (
            "Paranoid Android by Radiohead is three songs and a half",
            "Paranoid Android",
            "Radiohead",
        ),
        ("we ended up shouting Song 2 by Blur at the ferry", "Song 2", "Blur"),
        ("still think silver springs by Fleetwood Mac beats it", "silver springs", "Fleetwood Mac"),
        ("pink moon by nick drake in a cold kitchen", "pink moon", "nick drake"),
        ("they danced to Pulp - Babies and nobody complained", "Babies", "Pulp"),
        ("pulp - babies, at the bus stop", "babies", "pulp"),
        ("Low, Sunflower. snow outside", "Sunflower", "Low"),
        ('somebody\'s uncle walked in to Pulp, "Babies", and bowed', "Babies", "Pulp"),
        ('low "sunflower" and a cup of tea', "sunflower", "low"),
        ("Driving home. Now Babies by Pulp and a bath.", "Babies", "Pulp"),
        ('Rewatching "Babies" by Pulp', "Babies", "Pulp"),
        ('just finished "Babies" by Pulp, what a book', "Babies", "Pulp"),
    ],
)
def test_offers_the_song(post: str, title: str, artist: str) -> None:
    parsed = parse(post)
    assert parsed.title is None
    assert (title, (artist,)) in [(song.title, song.artists) for song in parsed.candidates]


@pytest.mark.parametrize(
    "post",
    [
        "Photo by Anna Example, taken on the bridge",
        "Everything inspired by Jane Austen and rain",
        "remixed by Some Friend last week",
        "see you by Friday, by the way",
        "two by two they came by train",
        "my shoes by Some Brand are falling apart",
        "thank you - love you all",
        "Tuesday - Friday, the doors open at nine",
        "12 - 14 June in the big tent",
        "Lisbon - Porto - Braga, three nights",
        "drop by tomorrow",
    ],
)
def test_small_talk_costs_the_catalogue_nothing(post: str) -> None:
    assert parse(post).candidates == ()


@pytest.mark.parametrize(
    ("post", "title", "artist"),
    [
        ('"Babies" by Pulp on Radio 6', "Babies", "Pulp"),
        ("Driving home to Take It Easy by Eagles", "Take It Easy", "Eagles"),
        ("Listen to Pulp - Babies by Some Label on #SoundCloud", "Babies", "Pulp"),
    ],
)
def test_offers_what_may_be_meant(post: str, title: str, artist: str) -> None:
    songs = [(song.title, song.artists) for song in parse(post).candidates]
    assert (title, (artist,)) in songs[:3]


def test_at_most_six_candidates() -> None:
    post = "Aa to Bb in Cc by Dd and Ee on Ff by Gg - Hh of Ii by Jj to Kk by Ll - Mm"
    assert len(parse(post).candidates) <= 6
