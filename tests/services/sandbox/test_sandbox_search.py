"""The catalogue's search forgives what people do to names, and finds nothing in nonsense."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from services.sandbox import catalogue
from services.sandbox.catalogue.identity import folded
from services.sandbox.catalogue.search import parse

Noise = Callable[[str, str], tuple[str, str]]

SAMPLE = random.Random(20).sample(catalogue.load().songs, 200)


def dropped(text: str) -> str:
    """A text without the letter in its middle."""
    middle = len(text) // 2
    return text[:middle] + text[middle + 1 :] if len(text) > 6 else text


NOISES: dict[str, Noise] = {
    "case": lambda title, artist: (title.upper(), artist.lower()),
    "accents and marks": lambda title, artist: (folded(title), folded(artist)),
    "guest": lambda title, artist: (f"{title} (feat. Somebody Else)", artist),
    "remaster": lambda title, artist: (f"{title} - 2011 Remaster", artist),
    "typo in the title": lambda title, artist: (dropped(title), artist),
    "typo in the artist": lambda title, artist: (title, dropped(artist)),
}


@pytest.mark.parametrize("noise", NOISES.values(), ids=NOISES)
@pytest.mark.parametrize("asked", ['track:"{}" artist:"{}"', "{} {}"], ids=["fields", "free text"])
def test_a_song_is_among_the_first_five(noise: Noise, asked: str) -> None:
    shipped = catalogue.load()
    found = 0
    for song in SAMPLE:
        title, artist = (part.replace('"', "") for part in noise(song.title, song.artists[0]))
        hits = shipped.song_index.search(parse(asked.format(title, artist)))
        found += any(shipped.songs[hit.place] == song for hit in hits[:5])
    assert found / len(SAMPLE) >= 0.93


@pytest.mark.parametrize("text", ['track:"qxzzkj" artist:"wvvbqq"', "qxzzkj wvvbqq", '""', "!!!"])
def test_nothing_is_found_in_nonsense(text: str) -> None:
    assert catalogue.load().song_index.search(parse(text)) == []


def test_the_artist_asked_for_is_not_exchanged_for_another() -> None:
    assert catalogue.load().song_index.search(parse('track:"Hello" artist:"Xzqwv"')) == []
