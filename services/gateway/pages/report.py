"""Is the bot well: what the workers last said, what was published, what needs a person."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy import Engine, RowMapping, func, select

from services.common.database import reading
from services.gateway.heartbeats import heartbeats
from services.gateway.schemas import Heartbeat
from services.gateway.tables import publication

STALE_INTERVALS = 3
# Time for the cycle itself: with a short interval it may well take longer than the waiting.
GRACE_SECONDS = 15.0
NUMBER = re.compile(r"\d+")

T = TypeVar("T")


@dataclass(frozen=True)
class WorkerReport:
    """The last word of a worker."""

    heartbeat: Heartbeat
    stale: bool


@dataclass(frozen=True)
class PublicationReport:
    """What the gateway's own table of publications says."""

    counts: dict[str, int]
    published: Sequence[RowMapping]
    refused: Sequence[RowMapping]


def workers(engine: Engine, now: datetime | None = None) -> list[WorkerReport]:
    """The worker that was heard last, and every other that is still alive; newest first.

    A worker that was restarted has a new name, so an old silent one is nobody's concern.
    """
    moment = now or datetime.now(UTC)
    reports = [WorkerReport(beat, is_stale(beat, moment)) for beat in heartbeats(engine)]
    return [report for i, report in enumerate(reports) if i == 0 or not report.stale]


def last_worker(engine: Engine) -> WorkerReport | None:
    """The worker that was heard last; None when none ever was."""
    return next(iter(workers(engine)), None)


def is_stale(beat: Heartbeat, now: datetime) -> bool:
    patience = STALE_INTERVALS * beat.interval + GRACE_SECONDS
    return (now - beat.at).total_seconds() > patience


def publications(engine: Engine) -> PublicationReport:
    counts = select(publication.c.state, func.count().label("count")).group_by(publication.c.state)
    with reading(engine) as connection:
        rows = {
            state: connection.execute(
                select(publication)
                .where(publication.c.state == state)
                .order_by(publication.c.last_attempt_at.desc())
                .limit(8)
            )
            .mappings()
            .all()
            for state in ("published", "refused")
        }
        return PublicationReport(
            {row["state"]: row["count"] for row in connection.execute(counts).mappings()},
            rows["published"],
            rows["refused"],
        )


def alike(told: Iterable[T], words: Callable[[T], str]) -> list[list[T]]:
    """What was told, together where the words differ in nothing but numbers."""
    groups: dict[str, list[T]] = {}
    for each in told:
        groups.setdefault(NUMBER.sub("0", words(each)), []).append(each)
    return list(groups.values())
