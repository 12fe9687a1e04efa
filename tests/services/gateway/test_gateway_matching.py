"""Which spellings are the same song, and which songs are not."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.gateway.catalogues.matching import (
    bare_credit,
    bare_title,
    plain,
    plain_title,
    song_score,
)

Known = tuple[str, tuple[str, ...]]

SAME: list[tuple[str, str | None, Known]] = [
    ("teardrop", "massive attack", ("Teardrop", ("Massive Attack",))),
    ("TEARDROP", "MASSIVE ATTAK", ("Teardrop - Remastered 2012", ("Massive Attack",))),
    ("Teardrop (2019 Remaster)", "Massive Attack", ("Teardrop", ("Massive Attack",))),
    ("Hyperballad", "Bjork", ("Hyperballad", ("Björk",))),
    ("Deja Vu", "Beyonce feat. Jay-Z", ("Déjà Vu (feat. JAY-Z)", ("Beyoncé", "JAY-Z"))),
    ("Boxer", "Simon and Garfunkel", ("The Boxer", ("Simon & Garfunkel",))),
    ("Dont Stop Believin", "Journey", ("Don't Stop Believin'", ("Journey",))),
    ("Somebody Else", "1975", ("Somebody Else", ("The 1975",))),
    ("Under Pressure", "Queen & David Bowie", ("Under Pressure", ("Queen", "David Bowie"))),
    ("Under Pressure", "David Bowie", ("Under Pressure", ("Queen", "David Bowie"))),
    ("Get Lucky ft. Pharrell", "Daft Punk", ("Get Lucky - Radio Edit", ("Daft Punk",))),
    ("Smells Like Teen Spirt", "Nirvana", ("Smells Like Teen Spirit", ("Nirvana",))),
    ("Группа крови", "Кино", ("Группа крови", ("Кино",))),
    ("夜に駆ける", "YOASOBI", ("夜に駆ける", ("YOASOBI",))),
    ("???", "!!!", ("???", ("!!!",))),
    ("Midnight City", None, ("Midnight City", ("M83",))),
    ("Løvers", "MØ", ("Lovers", ("MO",))),
    ("Live", "Live Band", ("Live", ("Live Band",))),
    ("Blues II", "Meek Mill", ("Blues 2", ("Meek Mill",))),
    ("Jersey Nights", "Little Feat", ("Jersey Nights", ("Little Feat",))),
    ("Jersey", "Little Feat ft. Mara Vale", ("Jersey", ("Little Feat", "Mara Vale"))),
    ("Our Ft. Worth Summer", "Zeta", ("Our Ft. Worth Summer", ("Zeta",))),
    ("Sweet Dreams", "Eurythmics", ("Sweet Dreams (Are Made of This)", ("Eurythmics",))),
    ("Sweet Dreams (Are Made of This)", "Eurythmics", ("Sweet Dreams", ("Eurythmics",))),
    ("Don't You", "Simple Minds", ("Don't You (Forget About Me)", ("Simple Minds",))),
    ("Escape", "Rupert Holmes", ("Escape (The Piña Colada Song)", ("Rupert Holmes",))),
    ("Satisfaction", "Rolling Stones", ("(I Can't Get No) Satisfaction", ("Rolling Stones",))),
    ("Escape", "Rupert Holmes", ("Escape (Pina Colada) - 2010 Remaster", ("Rupert Holmes",))),
    ("Jaws II", "Zeta", ("Jaws 2", ("Zeta",))),
    ("Go Go", "Zeta", ("Gogo", ("Zeta",))),
    ("Jersey", "Future Féaturing Drake", ("Jersey", ("Future", "Drake"))),
]

OTHER: list[tuple[str, str | None, Known]] = [
    ("Hurt", "Johnny Cash", ("Hurt", ("Nine Inch Nails",))),
    ("Hello", "Adele", ("Hello", ("Lionel Richie",))),
    ("Queen", "Queen", ("Queen", ("Queen Latifah",))),
    ("1999", "Prince", ("1989", ("Prince",))),
    ("Another Brick, Part 2", "Pink Floyd", ("Another Brick, Part 1", ("Pink Floyd",))),
    ("Blue Notes", "Meek Mill", ("Blue Note$ II", ("Meek Mill",))),
    ("Dancing in the Dark", "Bruce Springsteen", ("Dancing in the Moonlight", ("Toploader",))),
    ("On", "Bloc Party", ("One", ("U2",))),
    ("Dreams", None, ("Sweet Dreams", ("Eurythmics",))),
    ("Yesterday", "The Beatles, Adele, Moby", ("Yesterday", ("Moby",))),
    ("Interlude I", "Zeta", ("Interlude V", ("Zeta",))),
    ("Interlude I", "Zeta", ("Interlude X", ("Zeta",))),
    ("Interlude", "Zeta", ("Interlude I", ("Zeta",))),
    ("Symphony No. Five", "Zeta", ("Symphony No. Nine", ("Zeta",))),
    ("I Know", "Zeta", ("U Know", ("Zeta",))),
    ("Love", "Zeta", ("Glove", ("Zeta",))),
    ("Homes", "Zeta", ("Home", ("Zeta",))),
    ("Night Drive", "Zeta", ("Night Drive (Reprise)", ("Zeta",))),
    ("Night Drive", "Zeta", ("Night Drive (The Year 2000)", ("Zeta",))),
    ("Night Drive (To Rome)", "Zeta", ("Night Drive (Out of Mexico)", ("Zeta",))),
    ("Imagine", "John Lennon", ("Imagine", ("Julian Lennon",))),
]


@pytest.mark.parametrize(("title", "artist", "known"), SAME)
def test_the_same_song_however_it_is_spelled(title: str, artist: str | None, known: Known) -> None:
    assert song_score(title, artist, *known) >= 0.8


@pytest.mark.parametrize(("title", "artist", "known"), OTHER)
def test_another_song_scores_nothing(title: str, artist: str | None, known: Known) -> None:
    assert song_score(title, artist, *known) == 0.0


def test_the_exact_song_scores_highest() -> None:
    exact = song_score("Hurt", "Johnny Cash", "Hurt", ("Johnny Cash",))
    close = song_score("Hurt", "Jonny Cash", "Hurt", ("Johnny Cash",))
    assert exact == 1.0 > close


@given(st.text(min_size=1), st.text(min_size=1))
def test_anything_is_itself(title: str, artist: str) -> None:
    assert song_score(title, artist, title, (artist,)) == 1.0


@given(st.text(), st.text(), st.text(), st.text())
def test_a_score_is_a_share(title: str, artist: str, other: str, someone: str) -> None:
    assert 0.0 <= song_score(title, artist, other, (someone,)) <= 1.0


@pytest.mark.parametrize(
    ("credit", "bare"),
    [
        ("Little Feat", "Little Feat"),
        ("Little Feat feat. Mara Vale", "Little Feat"),
        ("Zeta ft Mara Vale", "Zeta"),
        ("Zeta ft.Mara Vale", "Zeta"),
        ("Zeta feat.", "Zeta"),
        ("Zeta (featuring Mara Vale)", "Zeta"),
        ("Ft. Minor", "Ft. Minor"),
    ],
)
def test_guests_stand_between_names_or_in_brackets(credit: str, bare: str) -> None:
    assert bare_credit(credit) == bare


@pytest.mark.parametrize("title", ["My Ft. Worth Blues", "A Feat of Strength", "Six Ft. Under"])
def test_a_title_may_speak_of_feet_and_feats(title: str) -> None:
    assert bare_title(title) == title


@pytest.mark.parametrize(
    "text",
    ["( live" * 2000, "(live " * 2000, " \N{EN DASH} " * 2000, " feat" * 2000, "a - " * 2000],
)
def test_a_hostile_name_is_compared_in_no_time(text: str) -> None:
    began = time.perf_counter()
    assert song_score(text, text, "Another", ("Somebody",)) == 0.0
    assert time.perf_counter() - began < 0.5


@given(st.text(min_size=1))
@example("\N{MACRON}")
def test_a_name_is_never_nothing(text: str) -> None:
    if text.strip():
        assert plain(text)
        assert plain_title(text)
