"""How much of the built-in feed is understood: the posts that a stranger's first run is made of."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import TypedDict

import pytest

from worker.songs import Parsed, Song, parse

FEED = Path(__file__).resolve().parents[2] / "services" / "sandbox" / "feed"


class Named(TypedDict):
    """The song that a post of the feed names."""

    title: str
    artists: list[str]


def _posts(name: str) -> list[tuple[str, Named]]:
    lines = (FEED / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [(post["text"], post["song"]) for post in map(json.loads, lines)]


def _squash(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).casefold()
    return "".join(filter(str.isalnum, plain))


def _is_right(song: Song | Parsed, gold: Named) -> bool:
    if not song.title or not song.artists:
        return False
    named = _squash(gold["artists"][0]) in _squash(song.artists[0])
    return named and _squash(song.title) == _squash(gold["title"])


@pytest.fixture(scope="module")
def songs() -> list[tuple[Parsed, Named]]:
    posts = [(parse(text), gold) for text, gold in _posts("songs")]
    assert len(posts) >= 300
    return posts


def test_reads_seven_in_ten_firmly(songs: list[tuple[Parsed, Named]]) -> None:
    assert sum(_is_right(parsed, gold) for parsed, gold in songs) >= 0.7 * len(songs)


def test_offers_nine_in_ten_among_the_candidates(songs: list[tuple[Parsed, Named]]) -> None:
    right = sum(any(_is_right(song, gold) for song in read.candidates) for read, gold in songs)
    assert right >= 0.9 * len(songs)


def test_reads_no_song_in_small_talk() -> None:
    texts = [text for text, _ in _posts("smalltalk")]
    assert len(texts) >= 100
    assert [text for text in texts if parse(text).title] == []


def test_small_talk_costs_few_questions() -> None:
    texts = [text for text, _ in _posts("smalltalk")]
    assert sum(bool(parse(text).candidates) for text in texts) <= 0.08 * len(texts)
