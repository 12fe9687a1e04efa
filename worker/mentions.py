"""On demand: people mention the bot and name a song, and their posts are drafted before all others.

A mention is a post like any other, stored with a cursor of its own; it is only asked for. What
people say around a song when they ask for it ("can you do ... please?") is none of its name, and
neither is the bot.
"""

import asyncio
import re
from datetime import datetime, timedelta
from functools import cache

import structlog

from services.common.rest import ServiceError
from worker.course import Course, gateway_of
from worker.failpoints import reach
from worker.store.moves import LeaseLostError
from worker.store.timeline import MENTIONS, Position
from worker.turn import turn_at

log = structlog.get_logger()

MOST = 50
# Jitter of the clock must not cost a turn.
EARLY = 0.9
ASKING = re.compile(
    r"(?:^|(?<=[\n.!?,]))[ ,]*(?:(?:hey|hi|hello|yo|ok|please|pls)\b[ ,!]*)*"
    r"(?:(?:(?:can|could|will|would) (?:you|u) )?(?:please |pls )?(?:do|cover|play|try|review|"
    r"(?:write|talk) about)|(?:what|how) about|have you heard|do you know|thoughts on|"
    r"your take on)[ :]+(?=\S)",
    re.IGNORECASE,
)
THANKS = re.compile(r",? (?:please|pls|plz|thanks|thank you|thx)[.!? ]*(?=\n|$)", re.IGNORECASE)


async def read_mentions(course: Course) -> None:
    """Store the next page of mentions, as often as the setting says, whichever worker does."""
    run, every = course.run, course.settings.mentions_interval * EARLY
    position = await asyncio.to_thread(course.store.timeline.position, MENTIONS)
    if run.over or not is_time(position, every, run.now()):
        return
    try:
        async with turn_at(MENTIONS, course.store, run, every=every, until=run.call_ends) as ours:
            if ours:
                await _read_mentions(course)
    except LeaseLostError as error:
        log.warning("mentions.read_by_another", error=str(error))
    except ServiceError as error:
        words = course.troubles.note(gateway_of(course.settings), error)
        log.warning("mentions.failed", error=words)


async def _read_mentions(course: Course) -> None:
    """The first page is history, and only tells where reading begins."""
    position = await asyncio.to_thread(course.store.timeline.position, MENTIONS)
    after, limit = (position.cursor, MOST) if position else (None, 1)
    page = await course.gateway.mentions(after, limit)
    if position is None:
        page.posts.clear()
    reach("mentions.read")
    course.tally.posts += await asyncio.to_thread(
        course.store.timeline.take_mentions, page, course.run.now(), course.run.lease
    )
    reach("mentions.stored")
    if page.gap is not None:
        log.warning("mentions.gap", **page.gap.model_dump())
    course.run.beat()


def is_time(position: Position | None, every: float, now: datetime) -> bool:
    """Whether mentions are to be read again; never where the interval is 0."""
    if not every:
        return False
    if position is None or position.read_at is None:
        return True
    # A time that lies ahead is of a clock that is wrong.
    return not timedelta(0) <= now - position.read_at < timedelta(seconds=every)


def what_is_asked(text: str, handle: str) -> str:
    """The text of a mention with line breaks for the bot's name and the words of asking.

    Character for character, so that places stay.
    """
    for pattern in (*called(handle), ASKING, THANKS):
        text = pattern.sub(_breaks, text)
    return text


def calls(text: str, handle: str) -> bool:
    """Whether a text calls the bot by its handle."""
    return any(pattern.search(text) for pattern in called(handle))


@cache
def called(handle: str) -> tuple[re.Pattern[str], ...]:
    """How a post calls the bot: by its handle, perhaps with its domain; a retweet is no call."""
    if not handle:
        return ()
    name = re.escape(handle.removeprefix("@"))
    return (re.compile(rf"(?<![\w@])(?<!RT )@{name}(?:@[\w.-]*\w)?(?![\w@-])[:,]?", re.IGNORECASE),)


def _breaks(match: re.Match[str]) -> str:
    return "\n" * len(match[0])
