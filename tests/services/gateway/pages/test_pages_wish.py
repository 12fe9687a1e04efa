"""A wish and its address say the same."""

from urllib.parse import parse_qsl, urlsplit

from hypothesis import example, given
from hypothesis import strategies as st

from services.gateway.pages.playground.wish import TAKES, Wish, read
from services.gateway.schemas import Song

# What a query can hold once it has been decoded.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=320)
NAMES = st.sampled_from([*Wish.model_fields, "again", "other"])
NUMBERS = st.one_of(st.integers(), st.floats()).map(str)
QUERIES = st.dictionaries(NAMES, TEXT | NUMBERS | st.sampled_from(["1", "0.5", "spotify"]))


def followed(wish: Wish) -> Wish:
    """The wish that a browser brings back which was sent to the wish's address."""
    again, faults = read(dict(parse_qsl(urlsplit(wish.address).query, keep_blank_values=True)))
    assert not faults
    return again


@given(QUERIES)
def test_an_address_leads_back_to_itself(typed: dict[str, str]) -> None:
    wish, _ = read(typed)
    again = followed(wish)
    assert again.query == wish.query
    assert again.generation() == wish.generation()


@given(QUERIES)
def test_the_form_asks_for_the_same(typed: dict[str, str]) -> None:
    wish, _ = read(typed)
    again, faults = read(wish.fields)
    assert not faults
    assert again.query == wish.query


@example(typed={}, genres=[], title="", artist="\x1f")
@given(QUERIES, st.lists(TEXT, max_size=3), st.text(max_size=400), st.text(max_size=400))
def test_what_was_found_stays_with_its_song(
    typed: dict[str, str], genres: list[str], title: str, artist: str
) -> None:
    song = Song(title=title, artists=[artist], genres=genres, genres_from="spotify", score=1.0)
    wish = read(typed)[0].of_song(song)
    assert wish.is_looked_up
    assert followed(wish).query == wish.query
    other = read(wish.query | {"title": wish.title + "x"})[0]
    assert not other.is_looked_up or len(wish.title) >= 300
    assert not other.written_for or other.genres or len(wish.title) >= 300


def test_every_field_that_a_visitor_fills_in_says_what_it_takes() -> None:
    assert set(TAKES) == set(Wish.model_fields) - {"at", "found", "via", "of"}
