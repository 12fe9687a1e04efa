"""Tags and tracks as Last.fm words them: numbers as text, and a list of one as its only element."""

from urllib.parse import quote_plus

from services.sandbox.catalogue import Song
from services.sandbox.catalogue.identity import spotify_id
from services.sandbox.catalogue.musicbrainz_genres import musicbrainz_genre

Document = dict[str, object]

SITE = "https://www.last.fm"
# What listeners tag every artist with who is tagged at all often.
CHATTER = ("seen live", "favourites")
MOST_LISTENERS = 2_000_000


def top_tags(name: str, genres: tuple[str, ...]) -> Document:
    tags = [
        {"count": count, "name": tag, "url": f"{SITE}/tag/{quote_plus(tag)}"}
        for tag, count in _counted(genres)
    ]
    return {"toptags": {"tag": _collapsed(tags), "@attr": {"artist": name}}}


def track_matches(
    songs: list[Song], title: str, artist: str, *, total: int, page: int, limit: int
) -> Document:
    results = {
        "opensearch:Query": {
            "#text": "",
            "role": "request",
            "searchTerms": artist,
            "startPage": str(page),
        },
        "opensearch:totalResults": str(total),
        "opensearch:startIndex": str((page - 1) * limit),
        "opensearch:itemsPerPage": str(limit),
        "trackmatches": {"track": [_match(song) for song in songs]},
        "@attr": {"for": title},
    }
    return {"results": results}


def _match(song: Song) -> Document:
    """Players report one artist for a track: the first, guests in the title or not at all."""
    artist = song.artists[0]
    listeners = int.from_bytes(spotify_id("listeners", song.id).encode()) % MOST_LISTENERS
    return {
        "name": song.title,
        "artist": artist,
        "url": f"{SITE}/music/{quote_plus(artist)}/_/{quote_plus(song.title)}",
        "streamable": "FIXME",
        "listeners": str(listeners),
        "image": [],
        "mbid": "",
    }


def _counted(genres: tuple[str, ...]) -> list[tuple[str, int]]:
    """Tags with counts from 100 down: genres in both spellings, with chatter among them."""
    names = (name for genre in genres for name in (musicbrainz_genre(genre), genre) if name)
    tags = list(dict.fromkeys(names))
    if len(tags) > 1:
        tags[1:1] = CHATTER
    return [(tag, max(1, 100 - 6 * rank)) for rank, tag in enumerate(tags)]


def _collapsed(elements: list[Document]) -> list[Document] | Document:
    return elements[0] if len(elements) == 1 else elements
