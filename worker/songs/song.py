"""What the parser gives: a song as a post names it, and all that was read from one post."""

from __future__ import annotations

from typing import NamedTuple, TypedDict

from worker.songs.links import Link

FIRM = 0.4
"""From this confidence on a reading is what the post says; below it, it is only a guess."""


class ParsedJson(TypedDict):
    """One line of `deephypebot parse`."""

    title: str | None
    artists: list[str]
    confidence: float
    rule: str
    reason: str | None


class Song(NamedTuple):
    """One reading of a post.

    `artists` holds the main artist first, as one joined name ("Simon & Garfunkel"), then the
    featured ones; it is empty where a post gives a title alone. `span` counts characters of
    the post as it was given.
    """

    title: str
    artists: tuple[str, ...]
    confidence: float
    rule: str
    span: tuple[int, int]


class Parsed(NamedTuple):
    """The surest firm reading of a post, every other reading in order, or the reason for none.

    Where nothing was read firmly, `candidates` may hold guesses all the same: what only a
    catalogue can tell from prose. They are for a near-exact match there, and for nothing else.
    """

    title: str | None
    artists: tuple[str, ...]
    confidence: float
    rule: str
    reason: str | None
    span: tuple[int, int] | None = None
    link: Link | None = None
    candidates: tuple[Song, ...] = ()

    @classmethod
    def of(cls, candidates: tuple[Song, ...], link: Link | None) -> Parsed:
        """What was read, given at least one candidate; the first speaks for the post, if firm."""
        best = candidates[0]
        if best.confidence < FIRM:
            return cls.nothing(_perhaps(len(candidates)), link, candidates)
        return cls(
            title=best.title,
            artists=best.artists,
            confidence=best.confidence,
            rule=best.rule,
            reason=None,
            span=best.span,
            link=link,
            candidates=candidates,
        )

    @classmethod
    def nothing(
        cls, reason: str, link: Link | None = None, guesses: tuple[Song, ...] = ()
    ) -> Parsed:
        """A post that names no song surely, and why we think so."""
        return cls(
            title=None,
            artists=(),
            confidence=0.0,
            rule="none",
            reason=reason,
            link=link,
            candidates=guesses,
        )

    def as_json(self) -> ParsedJson:
        """The five keys that `deephypebot parse` promises."""
        return {
            "title": self.title,
            "artists": list(self.artists),
            "confidence": self.confidence,
            "rule": self.rule,
            "reason": self.reason,
        }


def _perhaps(guesses: int) -> str:
    return f"perhaps a song: {guesses} {'guess' if guesses == 1 else 'guesses'} for the catalogue"
