"""What the rules read in one post, gathered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from operator import attrgetter

from worker.songs.names import split_names
from worker.songs.song import Song

MOST_CANDIDATES = 6
_REMIXED = re.compile(
    r" [(\[][^)\]]{0,60}(?i:remix|mix|edit|version|rework|demo|cover|refix|bootleg|dub)[)\]]$"
)


_WHERE = re.compile(r"(?<=\w) (?:on|in|at|from|sur|en|auf) (?=\S)")


def versions(song: Song) -> tuple[Song, ...]:
    """A reading, then the song as it may be meant, the likeliest first: without its remix, without
    the place where it plays ("Lorde on Radio 6"), by the artist that its title begins with
    ("Ride - Taste", by whoever uploaded it), with its joined artists apart.
    """
    title, artists, confidence, _, _ = song
    songs: tuple[Song, ...] = (song,)
    if title[-1] == ")" and (bare := _REMIXED.sub("", title)) != title:
        songs += (song._replace(title=bare, confidence=round(confidence * 0.7, 3)),)
    if not artists:
        return songs
    name, *featured = artists
    if where := _WHERE.search(name):
        named = (name[: where.start()], *featured)
        songs += (song._replace(artists=named, confidence=round(confidence * 0.7, 3)),)
    first, dash, rest = title.partition(" - ")
    if dash and first.casefold() == name.casefold():
        songs = (song._replace(title=rest), *songs[1:])
    elif dash:
        told = song._replace(title=rest, artists=(first,))
        songs += (told._replace(confidence=round(confidence * 0.65, 3)),)
    if len(apart := split_names(name)) > 1:
        split = (*apart, *featured)
        songs += (song._replace(artists=split, confidence=round(confidence * 0.6, 3)),)
    return songs


class Found:
    """Readings, each once, with the best confidence that it had."""

    def __init__(self) -> None:
        self._songs: dict[tuple[str, ...], Song] = {}
        self.surest = 0.0
        self.surest_named = 0.0  # of readings that name the artist too

    def add(self, songs: Iterator[Song]) -> None:
        for song in songs:
            key = (song.title.casefold(), *map(str.casefold, song.artists))
            known = self._songs.get(key)
            if known is None or known.confidence < song.confidence:
                self._songs[key] = song
                self.surest = max(self.surest, song.confidence)
                if song.artists:
                    self.surest_named = max(self.surest_named, song.confidence)

    def ranked(self) -> tuple[Song, ...]:
        """The surest first."""
        if len(self._songs) < 2:
            return tuple(self._songs.values())
        ranked = sorted(self._songs.values(), key=attrgetter("confidence"), reverse=True)
        return tuple(ranked[:MOST_CANDIDATES])
