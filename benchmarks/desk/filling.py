"""A desk as full as it gets: posts that wait, posts that were approved, a worker that was heard."""

import asyncio
import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from services.common.database import migrate, open_database
from services.gateway.app import MIGRATIONS
from services.gateway.heartbeats import keep_heartbeat
from services.gateway.schemas import Composing, Draft, Heartbeat, Post, Scores, Song
from services.gateway.sheets.local import LocalSheet

START = datetime(2026, 5, 1, tzinfo=UTC)
APPROVED = 200  # earlier posts that each draft is compared with
AT_ONCE = 400  # items, laid in one call
RARE, COMMON = "zither", "slow"  # words of one post in a thousand, and of every draft
WORDS = [
    *("amber", "blue", "cold", "deep", "early", "faint", "golden", "hollow", "idle", "jagged"),
    *("kind", "late", "mild", "narrow", "open", "pale", "quiet", "rough", "slow", "tender"),
    *("drum", "echo", "field", "guitar", "harbour", "island", "lamp", "mirror", "night", "organ"),
    *("piano", "river", "shadow", "tape", "voice", "window", "that", "gives", "takes", "over"),
]


def items(count: int, each: int) -> Iterator[list[Draft]]:
    """The drafts of each item, the oldest post first."""
    dice = random.Random(7)
    for number in range(count):
        at = START + timedelta(seconds=number)
        about = RARE if number % 1000 == 500 else "weather"
        words = f"now playing song number {number}, and then some words about the {about}"
        post = Post(origin="x", id=f"{number:09}", text=words, author_id="1", created_at=at)
        song = Song(title=f"Song {number}", artists=["Somebody"], genres=["ambient"] * 6, score=0.9)
        yield [
            Draft(
                id=f"x:{post.id}:{rank}",
                item_id=f"x:{post.id}",
                rank=rank,
                text=f"a slow song number {rank}. " + " ".join(dice.choices(WORDS, k=20)),
                scores=Scores(score=0.5, log_prob=-40.0, topic=0.4, novelty=0.9),
                post=post,
                song=song,
                created_at=at,
            )
            for rank in range(1, each + 1)
        ]


def fill(database: Path, waiting: int, each: int) -> float:
    """Lay the items, approve the oldest, hear a worker; how many seconds the laying took."""
    engine = open_database(f"sqlite:///{database}")
    migrate(engine, MIGRATIONS)
    desk = LocalSheet(engine)
    laid = list(items(waiting + APPROVED, each))
    took = asyncio.run(lay(desk, laid))
    asyncio.run(approve(desk, laid[:APPROVED]))
    keep_heartbeat(engine, a_heartbeat())
    engine.dispose()
    return took


async def lay(desk: LocalSheet, laid: list[list[Draft]]) -> float:
    started = time.perf_counter()
    for first in range(0, len(laid), AT_ONCE):
        await desk.upsert([draft for own in laid[first : first + AT_ONCE] for draft in own])
    return time.perf_counter() - started


async def approve(desk: LocalSheet, laid: list[list[Draft]]) -> None:
    for own in laid:
        await desk.approve(own[0].id, text=None, version=1, curator="bench")


def a_heartbeat() -> Heartbeat:
    return Heartbeat(
        worker="bench",
        at=datetime.now(UTC),
        interval=60,
        cycle=1,
        seconds=1,
        posts={},
        drafts={},
        publications={},
        composing=Composing(
            template="{text} — “{title}” by {artist}", likeness=0.6, likeness_posts=APPROVED
        ),
    )
