"""The songs that the sandbox's Spotify, MusicBrainz and Last.fm know.

Facts only (title, artists, genres), kept in two small tables beside this file that `build.py`
makes. `SANDBOX_CATALOGUE` adds songs of the user's own.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from services.sandbox.catalogue.identity import folded, musicbrainz_id, spotify_id
from services.sandbox.catalogue.search import Index

SONGS = Path(__file__).with_name("songs.csv")
ARTISTS = Path(__file__).with_name("artists.csv")
SEPARATOR = "|"


class CatalogueError(Exception):
    """A catalogue file cannot be used; the message names the file, the line and what is wrong."""


@dataclass(frozen=True)
class Song:
    title: str
    artists: tuple[str, ...]

    @property
    def id(self) -> str:
        return spotify_id("track", f"{self.title}\0{self.artists[0]}")


class Catalogue:
    """Songs in order of fame, and the genres of the artists who play them."""

    def __init__(self, songs: Iterable[Song], genres: dict[str, tuple[str, ...]]) -> None:
        self.songs = list(dict.fromkeys(songs))
        self.genres = genres

    @cached_property
    def artists(self) -> list[str]:
        return list(dict.fromkeys(name for song in self.songs for name in song.artists))

    @cached_property
    def song_by_id(self) -> dict[str, Song]:
        return {song.id: song for song in self.songs}

    @cached_property
    def artist_by_spotify_id(self) -> dict[str, str]:
        return {spotify_id("artist", name): name for name in self.artists}

    @cached_property
    def artist_by_musicbrainz_id(self) -> dict[str, str]:
        return {musicbrainz_id(name): name for name in self.artists}

    @cached_property
    def song_index(self) -> Index:
        return Index([(song.title, " ".join(song.artists)) for song in self.songs])

    @cached_property
    def artist_index(self) -> Index:
        return Index([("", name) for name in self.artists])

    def knows(self, title: str, artist: str) -> bool:
        """Whether a song is in the catalogue under these names, spelling aside."""
        return (folded(title), folded(artist)) in self._names

    @cached_property
    def _names(self) -> set[tuple[str, str]]:
        return {(folded(song.title), folded(name)) for song in self.songs for name in song.artists}


def load(extra: Path | None = None) -> Catalogue:
    """The shipped catalogue, with a user's songs in front when `extra` names a file."""
    shipped = _shipped()
    if extra is None:
        return shipped
    songs, genres = _read_extra(extra)
    return Catalogue([*songs, *shipped.songs], {**shipped.genres, **genres})


@lru_cache(maxsize=1)
def _shipped() -> Catalogue:
    genres = {name: tuple(_split(listed)) for name, listed in _rows(ARTISTS)}
    songs = [Song(title, tuple(_split(artists))) for title, artists in _rows(SONGS)]
    return Catalogue(songs, genres)


def _rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.reader(lines))[1:]


def _split(listed: str) -> list[str]:
    return [part.strip() for part in listed.split(SEPARATOR) if part.strip()]


def _read_extra(path: Path) -> tuple[list[Song], dict[str, tuple[str, ...]]]:
    """Rows of title, artist and genres; several artists or genres are separated by `|`."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.DictReader(lines, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        message = f"SANDBOX_CATALOGUE names {path}, which cannot be read as CSV: {error}"
        raise CatalogueError(message) from error
    songs: list[Song] = []
    genres: dict[str, tuple[str, ...]] = {}
    for number, row in enumerate(rows, 2):
        artists = _split(row.get("artist") or "")
        if not (row.get("title") or "").strip() or not artists:
            message = f"{path}:{number}: the columns `title` and `artist` must be filled"
            raise CatalogueError(message)
        songs.append(Song(row["title"].strip(), tuple(artists)))
        genres |= dict.fromkeys(artists, tuple(_split(row.get("genres") or "")))
    return songs, genres
