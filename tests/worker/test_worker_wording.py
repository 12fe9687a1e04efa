"""What a post says: the words, the song, and never more than fits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.lengths import length
from services.gateway.schemas import Platform, Song
from tests.worker.worker_world import PLATFORM
from worker.store.decisions import Wording
from worker.wording import compose, credit, names, short_title

TEMPLATE = "{text} — “{title}” by {artist}"


def song(title: str = "Alison", *artists: str) -> Song:
    return Song(title=title, artists=list(artists or ("Slowdive",)), genres=[], score=1)


def composed(text: str, about: Song, limit: int = 280) -> Wording:
    return compose(text, about, template=TEMPLATE, platform=platform(limit))


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
    lengths = [weight(composed(text, about, limit).text) for limit in (69, 68, 58, 42, 20)]
    assert lengths[0] > lengths[1] > lengths[2] > lengths[3] == lengths[4] == 20


def test_words_that_do_not_fit_are_not_cut() -> None:
    wording = composed("x" * 300, song())
    assert wording.text == "x" * 300
    assert wording.reason == "too long: 300 characters as x counts, 20 more than fit"


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
    wording = composed(text, song(title, *artists), limit)
    assert text.strip() in wording.text
    assert (weight(wording.text) <= limit and wording.text != "") == (wording.reason is None)
