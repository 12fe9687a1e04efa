"""What the curator is to be shown of each draft; owed until the desk has it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, Engine, insert, select, update

from services.common.database import reading, rerun, writing
from services.gateway.schemas import Outcome
from worker.tables import outcome

MOST_WORDS = 500


@dataclass(frozen=True, slots=True)
class Owed:
    draft_id: str
    outcome: Outcome
    version: int
    attempts: int


class Outcomes:
    """Every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def due(self, now: datetime, limit: int = 100) -> Sequence[Owed]:
        wanted = (
            select(outcome)
            .where(outcome.c.owed, outcome.c.next_at <= now)
            .order_by(outcome.c.next_at, outcome.c.draft_id)
            .limit(limit)
        )
        with reading(self.engine) as connection:
            return [
                Owed(
                    draft_id=row.draft_id,
                    outcome=Outcome(state=row.state, url=row.url, detail=row.detail),
                    version=row.version,
                    attempts=row.attempts,
                )
                for row in connection.execute(wanted)
            ]

    def shown(self, owed: Sequence[Owed]) -> None:
        """The desk has them; newer outcomes stay owed."""
        self._store(owed, owed=False, last_error=None)

    def refused(self, owed: Sequence[Owed], error: str) -> None:
        """The desk will never take them; newer outcomes stay owed."""
        self._store(owed, owed=False, last_error=error)

    def postpone(self, owed: Sequence[Owed], error: str, next_at: datetime) -> None:
        attempts = outcome.c.attempts + 1
        self._store(owed, attempts=attempts, last_error=error, next_at=next_at)

    @rerun
    def _store(self, given: Sequence[Owed], **values: object) -> None:
        if not given:
            return
        with writing(self.engine) as connection:
            for each in given:
                connection.execute(
                    update(outcome)
                    .where(outcome.c.draft_id == each.draft_id, outcome.c.version == each.version)
                    .values(**values)
                )


def owe(
    connection: Connection,
    draft_id: str,
    state: Literal["waiting", "published", "failed"],
    now: datetime,
    *,
    url: str | None = None,
    detail: str | None = None,
) -> None:
    """Owe the curator an outcome, inside the caller's transaction; it replaces an earlier one."""
    detail = detail[:MOST_WORDS] if detail else None
    values = {
        "state": state,
        "url": url,
        "detail": detail,
        "owed": True,
        "attempts": 0,
        "next_at": now,
        "last_error": None,
    }
    changed = connection.execute(
        update(outcome)
        .where(outcome.c.draft_id == draft_id)
        .values(version=outcome.c.version + 1, **values)
    )
    if changed.rowcount == 0:
        connection.execute(insert(outcome).values(draft_id=draft_id, version=1, **values))
