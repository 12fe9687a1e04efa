import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.slots import LONGEST_NAME, Song, fill, stands_for_several, tidy


@pytest.mark.parametrize(
    ("text", "artist", "title", "expected"),
    [
        ("{artist} sings {title}.", "Low", "Words", 'Low sings "Words".'),
        ("It is a {artist} song.", "Oasis", None, "It is an Oasis song."),
        ("An {artist} song.", "Low", None, "A Low song."),
        ("It is a {artist} song.", "MGMT", None, "It is an MGMT song."),
        ("It is a {artist} song.", "U2", None, "It is a U2 song."),
        ("The {artist} sound.", "The Cure", None, "The Cure sound."),
        ("Hear {artist}'s voice.", "Spoons", None, "Hear Spoons' voice."),
        ("Hear {artist}'s voice.", "Low", None, "Hear Low's voice."),
        ("This is {artist}.", "Fun.", None, "This is Fun."),
        ("This is {title}.", None, "Help!", 'This is "Help!".'),
        ('This is "{title}".', None, "Words", 'This is "Words".'),
        ("This is {title}.", None, 'The "Big" One', "This is \"The 'Big' One\"."),
    ],
)
def test_names_read_as_english(
    text: str, artist: str | None, title: str | None, expected: str
) -> None:
    assert fill(text, Song(artist, title)) == expected


def test_a_name_is_not_looked_at_again() -> None:
    song = Song(artist="{title}", title=r"\1 {artist} \g<slot>")
    assert fill("{artist} plays {title}.", song) == r'{title} plays "\1 {artist} \g<slot>".'


def test_a_slot_without_a_name_is_refused() -> None:
    with pytest.raises(ValueError, match="no artist"):
        fill("{artist} sings.", Song(title="Words"))


@given(st.text(max_size=3000))
def test_a_tidied_name_is_one_bounded_line(name: str) -> None:
    tidied = tidy(name)
    if tidied is not None:
        assert 0 < len(tidied) <= LONGEST_NAME
        assert tidied == tidied.strip()
        assert len(tidied.splitlines()) == 1


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_names_fill_a_sentence(artist: str, title: str) -> None:
    song = Song(tidy(artist) or "Low", tidy(title) or "Words")
    text = fill("The {artist} hook carries {title}, and a {artist} hook it is.", song)
    assert text.startswith("The ")
    assert " hook carries " in text
    assert text.endswith(" hook it is.")


def test_a_very_long_name_is_cut() -> None:
    tidied = tidy("na " * 5000)
    assert tidied is not None
    assert len(tidied) <= LONGEST_NAME
    assert tidied.endswith("\u2026")


def test_a_name_of_nothing_is_none() -> None:
    assert tidy(" \n\t\x00\u200b ") is None


@pytest.mark.parametrize(
    ("name", "several"),
    [
        ("Slowdive", False),
        ("Florence Welch", False),
        ("Harry Styles", False),
        ("Tyler, The Creator", False),
        ("The Boss", False),
        ("The xx", False),
        ("Alexandra", False),
        ("Gotye and Kimbra", True),
        ("Simon & Garfunkel", True),
        ("Drake, WizKid and Kyla", True),
        ("Kendrick Lamar x SZA", True),
        ("The Smiths", True),
        ("Spice Girls", True),
        ("Foo Fighters", True),
    ],
)
def test_what_stands_for_several_is_known(name: str, several: bool) -> None:
    assert stands_for_several(name) is several
