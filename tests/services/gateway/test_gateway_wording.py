"""What a post says: the words, the song, and never more than fits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.words.blocked import BlockedWords
from services.gateway.lengths import length
from services.gateway.schemas import Platform, Song
from services.gateway.timelines.x import PLATFORM
from services.gateway.wording import Wording, compose, credit, names, own_words, short_title

TEMPLATE = "{text} — “{title}” by {artist}"


def song(title: str = "Alison", *artists: str) -> Song:
    return Song(title=title, artists=list(artists or ("Slowdive",)), genres=[], score=1)


def composed(text: str, about: Song, limit: int = 280, *blocked: str) -> Wording:
    words = BlockedWords.of(blocked)
    return compose(text, about, template=TEMPLATE, platform=platform(limit), blocked=words)


def platform(limit: int) -> Platform:
    return PLATFORM.model_copy(update={"longest": limit})


def weight(text: str) -> int:
    return length(text, PLATFORM)


def test_the_song_is_named_after_the_words() -> None:
    wording = composed("A slow tide of guitars.", song())
    assert wording == Wording("A slow tide of guitars. — “Alison” by Slowdive")


@pytest.mark.parametrize(
    "text",
    [
        "“Alison” by Slowdive is a slow tide.",
        "SLOWDIVE drown ALISON in reverb.",
        "Slowdive\u2019s Alison: a slow tide.",
    ],
)
def test_words_that_name_the_song_stand_alone(text: str) -> None:
    assert composed(text, song("Alison (2010 Remaster)")) == Wording(text)


@pytest.mark.parametrize("text", ["Alison drowns in reverb.", "Slowdive drown in it.", "Alisons"])
def test_half_a_name_is_not_enough(text: str) -> None:
    assert not names(text, song())


def test_accents_do_not_hide_a_name() -> None:
    assert names("Beyonce sings Deja Vu", song("Déjà Vu", "Beyoncé"))


@pytest.mark.parametrize(
    ("text", "title", "artist", "told"),
    [
        ("Rain falls, and the air is thick with it.", "Rain", "Air", False),
        ("It could be rain in the Air tonight.", "Rain", "Air", False),
        ("All you need is Air, and this Rain.", "Rain", "Air", True),
        ("a bad guy, says Billie Eilish", "bad guy", "Billie Eilish", True),
        ("a bad guy, says billie eilish", "bad guy", "Billie Eilish", False),
        ("Numbers: 1979 by The Smashing Pumpkins", "1979", "The Smashing Pumpkins", True),
        ("Nothing but !!!", "Must Be the Moon", "!!!", False),
        ("YOASOBI: 夜に駆ける, once more", "夜に駆ける", "YOASOBI", True),
    ],
)
def test_small_words_do_not_name_a_song(text: str, title: str, artist: str, told: bool) -> None:
    assert names(text, song(title, artist)) is told


@pytest.mark.parametrize(
    "text", ["Rain in the air.", "A hush.", "Alison drowns in it.", "Slowdive"]
)
def test_the_reader_always_learns_the_song(text: str) -> None:
    wording = composed(text, song("Rain", "Air"))
    assert wording.text == f"{text} — “Rain” by Air"


@pytest.mark.parametrize(
    ("artists", "read_out"),
    [(["A"], "A"), (["A", "B"], "A and B"), (["A", "B", "C"], "A, B and C")],
)
def test_artists_are_read_out(artists: list[str], read_out: str) -> None:
    assert credit(artists) == read_out


@pytest.mark.parametrize(
    ("title", "short"),
    [
        ("Alison (2010 Remaster)", "Alison"),
        ("Alison - Live at Home", "Alison"),
        ("(I Can't Get No) Joy", "(I Can't Get No) Joy"),
        ("Up-Down", "Up-Down"),
    ],
)
def test_what_catalogues_hang_on_a_title_goes(title: str, short: str) -> None:
    assert short_title(title) == short


def test_what_we_add_gives_way_before_the_words_do() -> None:
    about = song("Alison (2010 Remaster)", "Slowdive", "Guest")
    text = "x" * 20
    lengths = [weight(composed(text, about, limit).text) for limit in (69, 68, 58)]
    assert lengths == [69, 59, 43]


def test_a_post_that_would_lose_its_song_is_not_made() -> None:
    about = song("Alison (2010 Remaster)", "Slowdive")
    assert composed("x" * 20, about, 43).reason is None
    reason = "too long: 43 characters with the song's name as X counts, 1 more than fit"
    assert composed("x" * 20, about, 42).reason == reason


def test_words_that_do_not_fit_are_not_cut() -> None:
    text = "Slowdive, Alison" + "x" * 284
    wording = composed(text, song())
    assert (
        wording.reason
        == "too long: 323 characters with the song's name as X counts, 43 more than fit"
    )
    text = "Slowdive, Alison: " + "x" * 282
    wording = composed(text, song())
    assert wording.text == text
    assert wording.reason == "too long: 300 characters as X counts, 20 more than fit"


@pytest.mark.parametrize(
    ("text", "about"), [("A Damp squib.", song()), ("Lovely.", song("Dâmp", "Slowdive"))]
)
def test_a_blocked_word_is_found_in_all_that_would_leave(text: str, about: Song) -> None:
    wording = composed(text, about, 280, "gloom", "damp")
    assert wording.reason == "it holds a blocked word: damp"
    assert composed("Dampness, dam p.", song(), 280, "damp").reason is None


def test_the_song_is_not_part_of_what_a_post_says_itself() -> None:
    about = song("Alison (2010 Remaster)", "Slowdive", "Guest")
    for text in ("A slow tide.", "A slow tide by Slowdive, Alison", "Slowdive: a slow tide."):
        post = composed(text, about).text
        assert own_words(post, about.title, tuple(about.artists), TEMPLATE).split()[:3] == [
            "a",
            "slow",
            "tide",
        ]
    assert own_words("“Alison” by Slowdive", "Alison", ("Slowdive",), TEMPLATE).split() == []


names_of_things = st.text(min_size=1, max_size=60)


@given(
    text=st.text(min_size=1, max_size=400),
    title=names_of_things,
    artists=st.lists(names_of_things, min_size=1, max_size=4),
    limit=st.integers(min_value=20, max_value=400),
)
def test_the_words_are_whole_and_the_post_fits_or_there_is_none(
    text: str, title: str, artists: list[str], limit: int
) -> None:
    about = song(title, *artists)
    wording = composed(text, about, limit)
    assert text.strip() in wording.text
    if wording.text != text.strip():
        assert short_title(title) in wording.text
        assert artists[0] in wording.text
    else:
        assert names(text, about) or not wording.text
    assert (weight(wording.text) <= limit and wording.text != "") == (wording.reason is None)
