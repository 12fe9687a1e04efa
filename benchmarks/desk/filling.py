"""Times the local desk with many waiting drafts: `python benchmarks/desk.py [--items 2000]`."""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from services.common.database import migrate, open_database
from services.gateway.schemas import Draft, Post, Scores, Song
from services.gateway.sheets.local import LocalSheet

MIGRATIONS = Path(__file__).resolve().parents[1] / "services/gateway/migrations"
START = datetime(2026, 5, 1, tzinfo=UTC)


def drafts(items: int, each: int) -> list[Draft]:
    made = []
    for number in range(items):
        at = START + timedelta(seconds=number)
        words = f"now playing song number {number}, and then some words about the weather"
        post = Post(origin="x", id=f"{number:09}", text=words, author_id="1", created_at=at)
        song = Song(title=f"Song {number}", artists=["Somebody"], genres=["ambient"] * 6, score=0.9)
        scores = Scores(score=0.5, log_prob=-40.0, topic=0.4, novelty=0.9)
        made += [
            Draft(
                id=f"x:{post.id}:{rank}",
                item_id=f"x:{post.id}",
                rank=rank,
                text="a slow song that takes its time and gives it back with interest. " * 2,
                scores=scores,
                post=post,
                song=song,
                created_at=at,
            )
            for rank in range(1, each + 1)
        ]
    return made


async def median_ms(call: Callable[[], Awaitable[object]], times: int = 30) -> float:
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        await call()
        taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken)


async def measure(sheet: LocalSheet, items: int, each: int) -> None:
    laid = drafts(items, each)
    started = time.perf_counter()
    for at in range(0, len(laid), 2000):
        await sheet.upsert(laid[at : at + 2000])
    print(f"upsert of {len(laid):,} drafts  {time.perf_counter() - started:8.2f} s")
    middle = laid[len(laid) // 2].item_id
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "first item": lambda: sheet.queue(1),
        "item in the middle": lambda: sheet.queue(1, after=middle),
        "page of 50 items": lambda: sheet.queue(50),
        "waiting above the middle": lambda: sheet.above(middle),
        "counts": sheet.counts,
        "recent 8": lambda: sheet.recent(8),
        "decisions": lambda: sheet.decisions(None, 500),
    }
    for name, call in calls.items():
        print(f"{name:26} {await median_ms(call):8.2f} ms (median of 30)")
    decide = iter(laid[::each])

    async def approve_next() -> None:
        await sheet.approve(next(decide).id, text=None, version=1, curator="bench")

    print(f"{'approve':26} {await median_ms(approve_next):8.2f} ms (median of 30)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=2000)
    parser.add_argument("--each", type=int, default=5, help="drafts for each item")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        engine = open_database(f"sqlite:///{folder}/desk.db")
        migrate(engine, MIGRATIONS)
        asyncio.run(measure(LocalSheet(engine), options.items, options.each))
        engine.dispose()


if __name__ == "__main__":
    main()
