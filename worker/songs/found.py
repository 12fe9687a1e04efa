"""What the rules read in one post, gathered."""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter

from worker.songs.song import Song

MOST_CANDIDATES = 6


class Found:
    """Readings, each once, with the best confidence that it had."""

    def __init__(self) -> None:
        self._songs: dict[tuple[str, ...], Song] = {}
        self.surest = 0.0

    def add(self, songs: Iterator[Song]) -> None:
        for song in songs:
            key = (song.title.casefold(), *map(str.casefold, song.artists))
            known = self._songs.get(key)
            if known is None or known.confidence < song.confidence:
                self._songs[key] = song
                self.surest = max(self.surest, song.confidence)

    def ranked(self) -> tuple[Song, ...]:
        """The surest first."""
        if len(self._songs) < 2:
            return tuple(self._songs.values())
        ranked = sorted(self._songs.values(), key=attrgetter("confidence"), reverse=True)
        return tuple(ranked[:MOST_CANDIDATES])
