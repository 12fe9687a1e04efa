"""The built-in feed's gold, replayed files, and when posts come."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sandbox import catalogue, snowflakes
from services.sandbox.app import create_app
from services.sandbox.catalogue import CatalogueError
from services.sandbox.catalogue.identity import folded
from services.sandbox.feed import Feed, FeedError, FeedPost, built_in, replay
from services.sandbox.settings import SandboxSettings
from services.sandbox.timeline import Schedule

if TYPE_CHECKING:
    from pathlib import Path

    from tests.services.sandbox.conftest import StartSandbox

SONGS = [post for post in built_in(0).posts if post.song]
SMALLTALK = [post for post in built_in(0).posts if not post.song]


def test_enough_posts_name_a_song_and_enough_do_not() -> None:
    assert len(SONGS) >= 300
    assert len(SMALLTALK) >= 150


def test_no_text_comes_twice() -> None:
    assert [text for text, n in Counter(p.text for p in SONGS + SMALLTALK).items() if n > 1] == []


def test_people_phrase_a_song_in_many_ways() -> None:
    phrasings = Counter(post.phrasing for post in SONGS)
    assert len(phrasings) >= 15
    assert None not in phrasings


def test_a_song_post_says_its_title() -> None:
    for post in SONGS:
        assert post.song is not None
        words = folded(post.text)
        # A title may be shortened at its bracket, as people do.
        assert folded(post.song.title.partition("(")[0]) in words or post.phrasing == "feat", post


def test_the_catalogue_knows_every_song_of_the_feed_with_genres() -> None:
    shipped = catalogue.load()
    genres = {folded(name): genres for name, genres in shipped.genres.items()}
    for post in SONGS:
        assert post.song is not None
        assert shipped.knows(post.song.title, post.song.artists[0]), post.song
        assert genres.get(folded(post.song.artists[0])), post.song


def test_the_catalogue_is_broad_and_small() -> None:
    shipped = catalogue.load()
    assert 8_000 <= len(shipped.songs) <= 12_000
    with_genres = sum(bool(shipped.genres.get(song.artists[0])) for song in shipped.songs)
    assert with_genres / len(shipped.songs) > 0.9
    assert catalogue.SONGS.stat().st_size + catalogue.ARTISTS.stat().st_size < 1_200_000


def test_no_two_songs_or_artists_share_an_id() -> None:
    shipped = catalogue.load()
    assert len(shipped.song_by_id) == len(shipped.songs)
    assert len(shipped.artist_by_spotify_id) == len(shipped.artists)


def test_a_seed_gives_one_order_and_another_seed_another() -> None:
    first, again, other = built_in(1), built_in(1), built_in(2)
    positions = range(len(first))
    assert [first[n] for n in positions] == [again[n] for n in positions]
    assert [first[n] for n in positions] != [other[n] for n in positions]


def test_the_feed_begins_again_in_another_order() -> None:
    feed = built_in(7)
    size = len(feed)
    first = [feed[n].text for n in range(size)]
    second = [feed[n].text for n in range(size, 2 * size)]
    assert first != second
    assert sorted(first) == sorted(second)


def test_a_file_is_replayed_in_its_order_and_ends(start: StartSandbox, tmp_path: Path) -> None:
    file = tmp_path / "posts.jsonl"
    file.write_text('{"text": "one", "lang": "en"}\n\n{"text": "two", "created_at": "x"}\n')
    sandbox = start(feed=file, feed_burst=1, feed_interval=1)
    assert [post["text"] for post in sandbox.http.get("/sandbox/posts").json()] == ["one"]
    sandbox.clock.now += 100
    assert [post["text"] for post in sandbox.http.get("/sandbox/posts").json()] == ["two", "one"]


@pytest.mark.parametrize("line", ["no json", '["text"]', '{"txt": "a"}', '{"text": 5}', "\\xff"])
def test_a_malformed_line_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "posts.jsonl"
    file.write_text('{"text": "fine"}\n' + line + "\n")
    with pytest.raises(FeedError, match=r"posts\.jsonl:2: "):
        replay(file)


def test_hostile_posts_pass_through_as_text(start: StartSandbox, tmp_path: Path) -> None:
    texts = ["=1+1", "nul \0 byte", "\u202ereversed", "x" * 100_000, "half \ud83e pair"]
    file = tmp_path / "posts.jsonl"
    file.write_text("".join(json.dumps({"text": text, "song": "?"}) + "\n" for text in texts))
    sandbox = start(feed=file, feed_burst=len(texts))
    posts = sandbox.x().get_home_timeline(tweet_fields=["note_tweet"]).data
    read = [post.data.get("note_tweet", post.data)["text"] for post in reversed(posts)]
    assert read == [*texts[:4], "half ? pair"]
    assert sandbox.http.get("/sandbox/").status_code == 200


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match=r"SANDBOX_FEED names .*none\.jsonl"):
        create_app(SandboxSettings(feed=tmp_path / "none.jsonl"))


def test_a_user_s_catalogue_comes_before_the_shipped_one(tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    file.write_text("title,artist,genres\nOur Song,The Us|Guest,garage rock|surf rock\n")
    loaded = catalogue.load(file)
    assert loaded.songs[0].artists == ("The Us", "Guest")
    assert loaded.genres["The Us"] == ("garage rock", "surf rock")
    assert loaded.knows("Archie, Marry Me", "Alvvays")


def test_a_row_without_an_artist_is_named(tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    file.write_text("title,artist,genres\nA,B,pop\nC,,pop\n")
    with pytest.raises(CatalogueError, match=r"own\.csv:3: "):
        catalogue.load(file)


@given(
    burst=st.integers(0, 300),
    interval_ms=st.floats(0.05, 10_000),
    spacing_ms=st.floats(1, 4000),
    elapsed_ms=st.integers(0, 100_000),
)
def test_posts_out_are_those_whose_time_has_come(
    burst: int, interval_ms: float, spacing_ms: float, elapsed_ms: int
) -> None:
    begins = 1_790_000_000_000
    schedule = Schedule("feed", begins, burst, interval_ms, spacing_ms)
    count = schedule.released(begins + elapsed_ms)
    assert count >= burst
    assert count == 0 or schedule.release_ms(count - 1) <= begins + elapsed_ms
    assert schedule.release_ms(count) >= begins + elapsed_ms
    ids = [snowflakes.feed_id(schedule.release_ms(n), n) for n in range(max(0, count - 50), count)]
    assert ids == sorted(set(ids))


@given(st.lists(st.integers(0, 5), min_size=1, max_size=50))
def test_written_ids_rise_and_stay_above_the_feed_of_their_moment(steps: list[int]) -> None:
    now, newest = 1_790_000_000_000, 0
    for step in steps:
        now += step
        made = snowflakes.written_id(now, newest)
        assert made > newest
        assert made > snowflakes.feed_id(now, 2**21 - 1)
        assert snowflakes.millis(made) == now
        newest = made


def test_a_feed_has_a_digest_of_its_content() -> None:
    one, same = Feed([FeedPost("a", "b")]), Feed([FeedPost("a", "b")])
    assert one.digest() == same.digest() != Feed([FeedPost("a", "c")]).digest()
