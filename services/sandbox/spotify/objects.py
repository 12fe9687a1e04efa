"""Spotify's objects, with the keys that Development Mode still gives since February 2026."""

from services.sandbox.catalogue import Song
from services.sandbox.catalogue.identity import spotify_id

Document = dict[str, object]


def track_object(song: Song) -> Document:
    album = _linked("album", spotify_id("album", f"{song.title}\0{song.artists[0]}"), song.title)
    artists = [_artist_link(name) for name in song.artists]
    return _linked("track", song.id, song.title) | {
        "album": album
        | {
            "album_type": "single",
            "artists": artists,
            "images": [],
            "release_date_precision": "year",
            "total_tracks": 1,
        },
        "artists": artists,
        "disc_number": 1,
        "duration_ms": 200_000,
        "explicit": False,
        "is_local": False,
        "is_playable": True,
        "preview_url": None,
        "track_number": 1,
    }


def artist_object(name: str, genres: tuple[str, ...] | None) -> Document:
    """`genres` is None in Development Mode, where its key, and two more, are absent."""
    document = _artist_link(name) | {"images": []}
    if genres is None:
        return document
    followers: Document = {"href": None, "total": 0}
    return document | {"followers": followers, "genres": list(genres), "popularity": 50}


def _artist_link(name: str) -> Document:
    return _linked("artist", spotify_id("artist", name), name)


def _linked(kind: str, object_id: str, name: str) -> Document:
    return {
        "external_urls": {"spotify": f"https://open.spotify.com/{kind}/{object_id}"},
        "href": f"https://api.spotify.com/v1/{kind}s/{object_id}",
        "id": object_id,
        "name": name,
        "type": kind,
        "uri": f"spotify:{kind}:{object_id}",
    }
