"""The shape of what `parse` gives, and the law of the rule table: every rule keeps its word."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from worker.songs import parse
from worker.songs.rule import Rule
from worker.songs.rules import RULES


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_reads_its_own_example(rule: Rule) -> None:
    title, artists = rule.reads
    readings = [(song.rule, song.title, song.artists) for song in parse(rule.example).candidates]
    assert (rule.name, title, artists) in readings


def test_rules_have_names_of_their_own() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_the_json_has_five_keys() -> None:
    line = parse('"Pink Moon" by Nick Drake').as_json()
    assert json.loads(json.dumps(line)) == {
        "title": "Pink Moon",
        "artists": ["Nick Drake"],
        "confidence": 0.95,
        "rule": "quoted, by",
        "reason": None,
    }


def test_a_post_with_no_song_has_the_same_keys() -> None:
    assert parse("good morning").as_json() == {
        "title": None,
        "artists": [],
        "confidence": 0.0,
        "rule": "none",
        "reason": "no song named",
    }


def test_a_dash_is_read_both_ways() -> None:
    readings = [(song.title, song.artists) for song in parse("np: Midnight City - M83").candidates]
    assert ("Midnight City", ("M83",)) in readings
    assert ("M83", ("Midnight City",)) in readings


def test_a_handle_tells_the_artist_from_the_title() -> None:
    assert parse("#np Kerala - Bonobo @bonobo").artists == ("Bonobo",)


def test_a_joined_name_is_split_only_as_a_second_reading() -> None:
    first, second = parse('"Am I Wrong" by Nico & Vinz').candidates
    assert (first.artists, second.artists) == (("Nico & Vinz",), ("Nico", "Vinz"))
    assert second.confidence < first.confidence


def test_two_songs_are_two_candidates() -> None:
    titles = {song.title for song in parse('"Nude" by Radiohead, "Ribs" by Lorde').candidates}
    assert titles == {"Nude", "Ribs"}


def test_candidates_come_surest_first() -> None:
    parsed = parse("np: Roygbiv by Death by Chocolate")
    scores = [song.confidence for song in parsed.candidates]
    assert len(scores) > 1
    assert scores == sorted(scores, reverse=True)
    assert parsed.title == parsed.candidates[0].title


def test_the_span_holds_the_song() -> None:
    post = '\U0001f525 cannot get over "Pink Moon" by Nick Drake today'
    span = parse(post).span
    assert span is not None
    assert post[span[0] : span[1]] == 'Pink Moon" by Nick Drake'


def test_the_span_counts_the_characters_of_the_given_post() -> None:
    post = "&lt;3 &amp; &#8220;September&#8221; by Earth, Wind &amp; Fire http://t.co/x"
    span = parse(post).span
    assert span is not None
    assert post[span[0] : span[1]] == "September&#8221; by Earth, Wind &amp; Fire"


def test_the_link_comes_along_with_the_song() -> None:
    parsed = parse('"Nude" by Radiohead https://open.spotify.com/track/3n3Ppam7vgaVa1iaRUc9Lp?si=1')
    assert parsed.link is not None
    assert (parsed.link.service, parsed.link.kind) == ("spotify", "track")
    assert parsed.link.id == "3n3Ppam7vgaVa1iaRUc9Lp"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_documentation_holds_the_rule(rule: Rule) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "parser.md").read_text(encoding="utf-8")
    example = rule.example.replace("|", "\\|")
    assert f"| {rule.name} | {rule.confidence} | `{example}` |" in page
