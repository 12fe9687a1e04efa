"""What a draft will look like as a post, and what speaks against it: told before it is approved.

The page goes by what the worker said last of how it makes posts, and by what the platform allows.
Where either is not known, less is shown; nothing is refused then.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from fastapi import Request

from services.common.problems import BadRequestError, ProblemError
from services.common.words.blocked import BlockedWords
from services.common.words.likeness import Earlier, Likeness
from services.gateway.heartbeats import heartbeats
from services.gateway.lengths import length
from services.gateway.schemas import Composing, Platform, Song
from services.gateway.sheets.sheet import Approved, DeskItem
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

    def preview(self, words: str, song: Song) -> Preview:
        words = words.strip()
        text, unfit = self._composed(words, song)
        like = self._like(words, song)
        if self.platform is None:
            return Preview(text, len(text), unfit=unfit, like=like)
        counted, longest = length(text, self.platform), self.platform.longest
        return Preview(text, counted, longest, self.platform.origin, unfit, like)

    def previews(self, item: DeskItem, words: dict[str, str]) -> dict[str, Preview]:
        """By draft, with the words that stand there now."""
        return {key: self.preview(text, item.song) for key, text in words.items()}

    def refuse_unfit(self, words: str, song: Song) -> None:
        """Raise BadRequestError for words that the worker would not publish."""
        _, unfit = self._composed(words.strip(), song)
        if unfit is not None:
            raise BadRequestError(f"This cannot be posted: {unfit}.")

    def _composed(self, words: str, song: Song) -> tuple[str, str | None]:
        if self.composing is None or not words:
            return words, None
        template, blocked = self.composing.template, BlockedWords.of(self.composing.blocked_words)
        if self.platform is None:
            return next(wordings(words, song, template)), None
        made = compose(words, song, template=template, platform=self.platform, blocked=blocked)
        return made.text, made.reason

    def _like(self, words: str, song: Song) -> Approved | None:
        """The last of our posts that readers would take these words for."""
        if self.composing is None:
            return None
        earlier = [Earlier(self._bare(e.words, e.song), e.decided_at) for e in self.before]
        rule = Likeness(self.composing.likeness, len(earlier))
        found = rule.found(self._bare(words, song), earlier)
        return self.before[earlier.index(found)] if found else None

    def _bare(self, words: str, song: Song) -> str:
        template = self.composing.template if self.composing else "{text}"
        return own_words(words, song.title, tuple(song.artists), template)


async def rules_of(request: Request) -> Rules:
    """What the last worker said, what the platform allows, what was posted before."""
    state = request.app.state
    composing = await asyncio.to_thread(_composing, request)
    compared = min(composing.likeness_posts, MOST_COMPARED) if composing else 0
    before = await state.desk.approved(compared) if compared else ()
    return Rules(composing, await _platform(request), before)


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
