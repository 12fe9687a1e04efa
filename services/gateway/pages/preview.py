"""What a draft will look like as a post, and what speaks against it: told before it is approved.

The page goes by what the worker said last of how it makes posts, and by what the platform allows.
Where either is not known, less is shown; nothing is refused then.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import structlog
from fastapi import Request

from services.common.problems import BadRequestError, ProblemError
from services.common.words.blocked import BlockedWords
from services.common.words.likeness import Shingles, likeness, shingles
from services.gateway.heartbeats import heartbeats
from services.gateway.lengths import length
from services.gateway.schemas import Composing, Draft, Platform, Song
from services.gateway.sheets.sheet import Approved
from services.gateway.wording import checked, compose, own_words, wordings

MOST_COMPARED = 200  # posts; a page is not worth more
PLATFORM_PATIENCE = 2.0  # seconds, where the platform is asked what it allows

log = structlog.get_logger()


@dataclass(frozen=True)
class Preview:
    """A post as it will leave; `unfit` says why it cannot, `like` what it resembles."""

    text: str
    counted: int
    longest: int | None = None
    origin: str | None = None
    unfit: str | None = None
    like: Approved | None = None

    @property
    def over(self) -> bool:
        return self.longest is not None and self.counted > self.longest


@dataclass(frozen=True)
class Rules:
    """How the worker makes posts, as far as that is known here."""

    composing: Composing | None = None
    platform: Platform | None = None
    before: Sequence[Approved] = ()

    @cached_property
    def blocked(self) -> BlockedWords:
        return BlockedWords.of(self.composing.blocked_words if self.composing else ())

    @cached_property
    def earlier(self) -> Sequence[tuple[Approved, Shingles]]:
        return [(each, self._shingles(each.words, each.song)) for each in self.before]

    def preview(self, words: str, song: Song) -> Preview:
        words = words.strip()
        text, unfit = self._composed(words, song)
        like = self._like(words, song)
        if self.platform is None:
            return Preview(text, len(text), unfit=unfit, like=like)
        counted, longest = length(text, self.platform), self.platform.longest
        return Preview(text, counted, longest, self.platform.origin, unfit, like)

    def previews(self, song: Song, words: Mapping[str, str]) -> dict[str, Preview]:
        """By draft, of the words that stand there."""
        return {key: self.preview(text, song) for key, text in words.items()}

    def twins(self, drafts: Sequence[Draft]) -> dict[str, int]:
        """By draft: the number of the first one above it that readers would take it for."""
        twins: dict[str, int] = {}
        if self.composing is None:
            return twins
        above: list[Shingles] = []
        for draft in drafts:
            mine = self._shingles(draft.text, draft.song)
            alike = (likeness(mine, theirs) >= self.composing.likeness for theirs in above)
            number = next((at for at, is_like in enumerate(alike, 1) if is_like), None)
            if number is not None:
                twins[draft.id] = number
            above.append(mine)
        return twins

    def refuse_unfit(self, words: str, song: Song) -> None:
        """Raise BadRequestError for words that the worker would not publish."""
        _, unfit = self._composed(words.strip(), song)
        if unfit is not None:
            raise BadRequestError(f"This cannot be posted: {unfit}.")

    def _composed(self, words: str, song: Song) -> tuple[str, str | None]:
        if self.composing is None or not words:
            return words, None
        template, blocked = self.composing.template, self.blocked
        if self.platform is None:
            return next(wordings(words, song, template)), None
        made = compose(words, song, template=template, platform=self.platform, blocked=blocked)
        return made.text, made.reason

    def _like(self, words: str, song: Song) -> Approved | None:
        """The last of our posts that readers would take these words for."""
        if self.composing is None:
            return None
        mine, threshold = self._shingles(words, song), self.composing.likeness
        return next(
            (each for each, theirs in self.earlier if likeness(mine, theirs) >= threshold), None
        )

    def _shingles(self, words: str, song: Song) -> Shingles:
        template = self.composing.template if self.composing else "{text}"
        return bare_shingles(words, song.title, tuple(song.artists), template)


@lru_cache(maxsize=4 * MOST_COMPARED)
def bare_shingles(words: str, title: str, artists: tuple[str, ...], template: str) -> Shingles:
    """Of the words without the song's name; the same posts are compared with on every page."""
    return shingles(own_words(words, title, artists, template))


async def rules_of(request: Request) -> Rules:
    """What the last worker said, and what the platform allows."""
    return Rules(await asyncio.to_thread(_composing, request), await _platform(request))


async def rules_to_show(request: Request) -> Rules:
    """The rules, and what was posted before, to be compared with."""
    rules = await rules_of(request)
    compared = min(rules.composing.likeness_posts, MOST_COMPARED) if rules.composing else 0
    before = await request.app.state.desk.approved(compared) if compared else ()
    return replace(rules, before=before)


def _composing(request: Request) -> Composing | None:
    told = (beat.composing for beat in heartbeats(request.app.state.engine))
    return next((each for each in told if each is not None and makes_sense(each)), None)


def makes_sense(composing: Composing) -> bool:
    """Whether posts can be made by it; a worker of another version may say what we do not know."""
    try:
        checked(composing.template)
        BlockedWords.of(composing.blocked_words)
    except ValueError as error:
        log.warning("heartbeat.composing_unreadable", error=str(error))
        return False
    return True


async def _platform(request: Request) -> Platform | None:
    timeline = request.app.state.adapters.timeline
    if timeline is None:
        return None
    try:
        async with asyncio.timeout(PLATFORM_PATIENCE):
            platform: Platform = await timeline.platform()
    except (ProblemError, TimeoutError) as error:
        log.info("platform.unknown", error=str(error))
        return None
    return platform
