"""Which spellings are the same song, and which songs are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.catalogues.matching import plain, plain_title, song_score

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


@given(st.text(min_size=1))
def test_a_name_is_never_nothing(text: str) -> None:
    if text.strip():
        assert plain(text)
        assert plain_title(text)
