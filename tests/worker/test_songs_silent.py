"""Posts that name no song, written for the table beside this file: silence, with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from worker.songs import parse

POSTS = Path(__file__).with_suffix(".txt").read_text(encoding="utf-8").splitlines()


def test_the_table_is_not_small() -> None:
    assert len(set(POSTS)) >= 80


@pytest.mark.parametrize("post", POSTS)
def test_keeps_silent_and_says_why(post: str) -> None:
    parsed = parse(post)
    assert (parsed.title, parsed.artists, parsed.rule) == (None, (), "none")
    assert parsed.confidence == 0
    assert parsed.reason
    assert parsed.candidates == ()


@pytest.mark.parametrize(
    ("post", "reason"),
    [
        ("", "empty"),
        ("\U0001f525", "empty"),
        ("https://open.spotify.com/track/3n3Ppam7vgaVa1iaRUc9Lp", "a link without a name"),
        ('new album "Glass Rivers" out now', "album or event, not a song"),
        ("RT @friend: good morning", "retweet that names no song"),
        ("listening to Fleetwood Mac", "listening, but no title and artist"),
        ("good morning", "no song named"),
    ],
)
def test_the_reason_fits(post: str, reason: str) -> None:
    assert parse(post).reason == reason
