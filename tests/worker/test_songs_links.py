"""Music links: the service, the kind and the id that each form of link holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.songs.links import read_link

ID = "3n3Ppam7vgaVa1iaRUc9Lp"


@pytest.mark.parametrize(
    ("url", "service", "kind", "number"),
    [
        (f"https://open.spotify.com/track/{ID}", "spotify", "track", ID),
        (f"https://open.spotify.com/intl-de/track/{ID}?si=a", "spotify", "track", ID),
        (f"open.spotify.com/album/{ID}", "spotify", "album", ID),
        (f"spotify:track:{ID}", "spotify", "track", ID),
        ("https://music.apple.com/us/album/a-b/1440?i=1441", "apple_music", "track", "1441"),
        ("https://music.apple.com/us/album/a-b/1440", "apple_music", "album", "1440"),
        ("https://music.apple.com/us/song/a-b/1441", "apple_music", "track", "1441"),
        ("https://itunes.apple.com/us/album/id1440", "apple_music", "album", "1440"),
        ("https://www.youtube.com/watch?v=abcdefghijk&t=3", "youtube", "video", "abcdefghijk"),
        ("https://youtu.be/abcdefghijk", "youtube", "video", "abcdefghijk"),
        ("https://music.youtube.com/watch?v=abcdefghijk", "youtube", "video", "abcdefghijk"),
        ("https://youtube.com/shorts/abcdefghijk", "youtube", "video", "abcdefghijk"),
        ("https://soundcloud.com/who/what", "soundcloud", "track", "who/what"),
        ("https://soundcloud.com/who/sets/what", "soundcloud", "playlist", "who/sets/what"),
        ("https://who.bandcamp.com/track/what-now", "bandcamp", "track", "what-now"),
        ("https://who.bandcamp.com/album/what-now", "bandcamp", "album", "what-now"),
        ("https://www.last.fm/music/Who/_/What", "lastfm", "track", None),
        ("https://www.last.fm/music/Who/What", "lastfm", "album", None),
        ("https://www.last.fm/music/Who", "lastfm", "artist", None),
    ],
)
def test_reads_what_the_link_holds(url: str, service: str, kind: str, number: str | None) -> None:
    link = read_link(url)
    assert link is not None
    assert (link.service, link.kind, link.id) == (service, kind, number)


@pytest.mark.parametrize(
    "url",
    [
        "https://t.co/abc",
        "https://example.com/track/1",
        "https://www.youtube.com/@someone",
        "https://soundcloud.com/discover/x",
        "https://open.spotify.com/",
        "https://open.spotify.com/track/short",
        "https://notspotify.example/track/1",
        "https://[bad/spotify",
    ],
)
def test_other_links_are_no_music_links(url: str) -> None:
    assert read_link(url) is None


def test_names_in_a_link_are_spelled_out() -> None:
    link = read_link("https://www.last.fm/music/Boards+of+Canada/_/Sixtyniner")
    assert link is not None
    assert (link.artist, link.title) == ("Boards of Canada", "Sixtyniner")


@given(st.text())
def test_no_text_breaks_it(tail: str) -> None:
    read_link(f"https://open.spotify.com/{tail}")
    read_link(f"https://music.apple.com/{tail}")
    read_link(f"//youtube.com{tail}")
