"""Genre names: made clean, told apart from other tags, those of several artists in turn."""

import pytest

from services.gateway.catalogues.genres import gathered, is_genre


@pytest.mark.parametrize(
    ("tag", "genre"),
    [
        ("Dream Pop", True),
        ("hip-hop", True),
        ("HipHop", True),
        ("R&B", True),
        ("rnb", True),
        ("Rhythm and Blues", True),
        ("Drum & Bass", True),
        ("drum n bass", True),
        ("Drum 'n' Bass", True),
        ("Rock \N{RIGHT SINGLE QUOTATION MARK}n\N{RIGHT SINGLE QUOTATION MARK} Roll", True),
        ("electronic", True),
        ("drum'n'bass", True),
        ("synth-pop", True),
        ("yé-yé", True),
        ("seen live", False),
        ("favourites", False),
        ("80s", False),
        ("2011", False),
        ("british", False),
        ("female vocalists", False),
        ("albums I own", False),
        ("awesome", False),
        ("", False),
        ("\N{BEAMED EIGHTH NOTES}", False),
    ],
)
def test_a_tag_is_a_genre_however_it_is_spelled(tag: str, genre: bool) -> None:
    assert is_genre(tag) is genre


def test_names_are_made_clean() -> None:
    assert gathered([["  Dream\tPop ", "SHOEGAZE\x00", "\u202e\u200b", "\ud800", ""]]) == [
        "dream pop",
        "shoegaze",
    ]


def test_a_genre_in_several_spellings_comes_once_as_it_came_first() -> None:
    names = ["hip-hop", "Hip Hop", "hiphop", "R&B", "r and b", "rnb", "rhythm and blues"]
    assert gathered([names]) == ["hip-hop", "r&b"]


def test_genres_of_several_artists_come_in_turn_by_rank() -> None:
    assert gathered([["folk", "rock", "pop"], ["jazz"], ["rock", "soul"]]) == [
        "folk",
        "jazz",
        "rock",
        "soul",
        "pop",
    ]


def test_there_are_at_most_20() -> None:
    assert gathered([[f"genre {number}" for number in range(30)]]) == [
        f"genre {number}" for number in range(20)
    ]


def test_names_in_other_scripts_stay_apart() -> None:
    assert gathered([["русский рок", "演歌", "!?", "?!"]]) == ["русский рок", "演歌", "!?", "?!"]


def test_an_essay_is_no_name() -> None:
    assert gathered([["pop", "x" * 101]]) == ["pop"]
