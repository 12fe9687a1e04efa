"""A plain sentence is read at once as the rules would read it."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from worker.songs import Song, parse
from worker.songs.cues import LEADS
from worker.songs.plain import read_plain, read_tidied
from worker.songs.post import tidy
from worker.songs.reading import Reading

PLAIN = {
    "quoted": 'I\'m listening to "Alison" by Slowdive on Pandora http://t.co/aBc123\n #pandora',
    "led": "I\u2019m listening to Alison by Slowdive http://t.co/aBc123 via @lastfm",
    "without a link": "I'm listening to Alison by Slowdive on Pandora  #pandora",
    "on a station": "I am listening to Alison by Slowdive on #Pandora's Ride Radio http://t.co/aBc",
    "answered": "RT @someone: I'm listening to Alison by Slowdive http://t.co/aBc123 via @lastfm",
    "with words around": "Tea.\nI'm listening to Alison by Slowdive http://t.co/aBc #np again",
    "guests": "I'm listening to Alison (feat. Ride) by Slowdive http://t.co/aBc123 via @lastfm",
    "remix": "I'm listening to Alison (Ride Remix) by Slowdive http://t.co/aBc123 via @lastfm",
    "joined": "I'm listening to Tea &amp; Toast by Nico &amp; Vinz http://t.co/aBc123 via @lastfm",
    "small artist": "I'm listening to Alison by slowdive http://t.co/aBc123 via @lastfm",
    "small title": "I'm listening to alison by Slowdive http://t.co/aBc123 via @lastfm",
    "handle": "I'm listening to Alison by @slowdive http://t.co/aBc123 via @lastfm",
    "many words": "I'm listening to Alison by Queens of the Old Stone Age and the Rest on Pandora",
    "marks in a title": "I'm listening to Hey, Alison? by Slowdive http://t.co/aBc123 via @lastfm",
    "featured in capitals": "I'm listening to Alison FEAT Ride by Slowdive via @lastfm",
    "another script": "I'm listening to \u604b\u3092 by \u30d2\u30c8 http://t.co/aBc via @lastfm",
}
TO_BE_TIDIED = {
    "a picture": "I'm listening to Alison by Slowdive http://t.co/aBc via @lastfm http://t.co/dEf",
    "an emoji": "\U0001f602 I'm listening to Alison by Slowdive http://t.co/aBc via @lastfm \u2665",
    "a music link": "I'm listening to Alison by Slowdive https://youtu.be/abcdefghijk",
    "an entity": "I'm listening to Alison &lt;3 by Slowdive http://t.co/aBc123 via @lastfm",
    "wide marks": "I'm listening to \u604b\u30fb\uff08\u604b\uff09 by \u30d2\u30c8 via @lastfm",
    "a slash": "I\u2019m listening to Thunderstruck by AC/DC http://t.co/aBc via @lastfm // loud",
    "a tag": "I'm listening to Alison by #Slowdive http://t.co/aBc via @lastfm",
    "small": "i'm listening to  Alison by Slowdive http://t.co/aBc via @lastfm",
}
NEVER_AT_ONCE = (
    *("no lead", "a dash", "two by", "a lead before", "a lead between", "more quoted"),
    *("single quotes", "no artist", "no artist at the end", "all small", "a filler", "an album"),
    *("fields", "many leads"),
)
LEFT_TO_THE_RULES = {
    "no lead": "Alison by Slowdive http://t.co/aBc123 via @lastfm",
    "a dash": "I'm listening to Slowdive \u2013 Alison http://t.co/aBc123 via @lastfm",
    "two by": "I'm listening to Stand By Me by Ben E. King on Pandora",
    "a lead before": "#np Ride! I'm listening to Alison by Slowdive http://t.co/aBc123",
    "a lead between": "I'm listening to Listening to Ride by Slowdive http://t.co/aBc123",
    "more quoted": 'I\'m listening to "Alison" by Slowdive. "Dagger" by Slowdive is next',
    "single quotes": "I'm listening to 'Alison' by Slowdive http://t.co/aBc123",
    "a music link": "I'm listening to Alison by Slowdive https://youtu.be/abcdefghijk",
    "no artist": "I'm listening to Alison by Friday http://t.co/aBc123 via @lastfm",
    "no artist at the end": "I'm listening to Alison by Today http://t.co/aBc123 via @lastfm",
    "all small": "I'm listening to these waves by the shore http://t.co/aBc123",
    "a filler": "I'm listening to the song Alison by Slowdive http://t.co/aBc123",
    "a retweet between": "I'm listening to Alison by Slowdive RT @who: Ride http://t.co/aBc123",
    "a trailer": "I'm listening to Alison Trailer by Slowdive http://t.co/aBc123 via @lastfm",
    "an album": "I'm listening to Her New album by Slowdive http://t.co/aBc123 via @lastfm",
    "fields": "Artist: Ride, Song: Dagger. I'm listening to Alison by Slowdive",
    "an entity": "I'm listening to Alison &lt;3 by Slowdive http://t.co/aBc123 via @lastfm",
    "a replaced mark": "now\u2776playing Ride. I'm listening to Alison by Slowdive",
    "many leads": "I'm listening to Alison by Slowdive\n #np #np #np #np",
}
PIECES = (
    *(
        "Alison",
        "Slowdive",
        "the",
        "of",
        "and",
        "The",
        "by",
        "By",
        "feat.",
        "(feat. Ride)",
        "(Live)",
    ),
    *("(Ride Remix)", "Feat", "X", "x", "vs", "with", "&amp;", "&", "+", "-", "\u2013", ".", "!"),
    *(",", ":", "Music Video", "NOW PLAYING", "RT", "MV", "EP", "album", "is", "still", "II", "2"),
    *("Friday", "Today", "100 people", "June 3", "The End of", "@who", "#np", "song by", "artist:"),
    *("song:", "via @lastfm", "on Pandora", "'", "\u2019", '"', "\u201c", "\u02bc", "\u0130"),
    *("\u2776", "\U0001f3b5", "\u306e", "\u00e9t\u00e9", "www.a.com/b", "1/2", "2.", "\n", "&lt;"),
    *("EP", "Trailer", "Medley", "Don't", "Hittin'", "?", "\u604b\u3092", "\u00c9toile", "Queens"),
    *("Earth, Wind & Fire", "Tyler, The Creator", "alt-J", "I'm listening to", "http://t.co/x"),
    *(hint for lead in LEADS for hint in lead.hints),
)
WORDS = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), min_size=1, max_size=4).map(
    " ".join
)
ENDS = (
    *("", " ", " http://t.co/aB1 via @lastfm", " on Pandora http://t.co/aB1\n #pandora", "\n#np"),
    *(" on #Pandora's Ride Radio http://t.co/aB1", " via @lastfm", " on Pandora  #pandora"),
)


def by_the_rules(text: str) -> tuple[Song, ...]:
    return Reading(tidy(text)).songs()


@pytest.mark.parametrize("text", PLAIN.values(), ids=PLAIN)
def test_a_plain_sentence_is_read_at_once(text: str) -> None:
    assert read_plain(text) == by_the_rules(text) == parse(text).candidates
    assert read_plain(text)


@pytest.mark.parametrize("text", TO_BE_TIDIED.values(), ids=TO_BE_TIDIED)
def test_a_sentence_is_read_at_once_after_tidying(text: str) -> None:
    post = tidy(text)
    assert read_plain(text) == ()
    assert read_tidied(post) == by_the_rules(text) == parse(text).candidates
    assert read_tidied(post)
    assert parse(text).link == post.link


@pytest.mark.parametrize("name", NEVER_AT_ONCE)
def test_tidying_does_not_take_a_post_from_the_rules(name: str) -> None:
    assert read_tidied(tidy(LEFT_TO_THE_RULES[name])) == ()


@pytest.mark.parametrize("text", LEFT_TO_THE_RULES.values(), ids=LEFT_TO_THE_RULES)
def test_other_posts_are_left_to_the_rules(text: str) -> None:
    assert read_plain(text) == ()


@settings(max_examples=600, deadline=None)
@given(
    before=st.sampled_from(("", "RT @who: ")) | WORDS,
    mark=st.sampled_from(("", '"')),
    title=WORDS,
    artist=WORDS,
    end=st.sampled_from(ENDS) | WORDS,
)
@example("", "", "Alison", "Today", " http://t.co/aBc123")
@example("now\u2776playing ", "", "Alison", "Slowdive", "")
def test_any_sentence_is_read_as_the_rules_read_it(
    before: str, mark: str, title: str, artist: str, end: str
) -> None:
    text = f"{before}I'm listening to {mark}{title}{mark} by {artist}{end}"
    read = by_the_rules(text)
    post = tidy(text)
    assert read_plain(text) in ((), () if post.link else read)
    assert read_tidied(post) in ((), read)
