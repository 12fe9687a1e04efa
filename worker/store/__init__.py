"""All the worker's SQL. Every public method is one transaction, synchronous, and re-runnable.

`Store` opens the database; its parts are named after what they keep.
"""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Self

from sqlalchemy import Engine, Table, exists, func, select

from services.common.database import open_migrated, reading
from worker.store.commands import Commands
from worker.store.decisions import Decisions
from worker.store.held import HeldPosts, is_to_be_asked_about
from worker.store.name import Name
from worker.store.outbox import Outbox
from worker.store.outcomes import Outcomes
from worker.store.parked import ParkedPosts
from worker.store.posts import ON_THE_WAY, Posts, is_held_by, is_put_off
from worker.store.preferences import Preferences
from worker.store.publicity import Publicity
from worker.store.receptions import Receptions, is_due
from worker.store.shared_clock import SharedClock
from worker.store.timeline import Timeline
from worker.store.turns import Turns
from worker.tables import draft, post, publication

MIGRATIONS = Path(__file__).parents[1] / "migrations"
SERVICE = "worker"


@dataclass(frozen=True, slots=True)
class Counts:
    """How many of each kind are in which state, and since when the oldest post waits."""

    posts: dict[str, int] = field(default_factory=dict)
    drafts: dict[str, int] = field(default_factory=dict)
    publications: dict[str, int] = field(default_factory=dict)
    oldest_undelivered: datetime | None = None


@dataclass(frozen=True, slots=True)
class Agenda:
    """Which parts of a cycle have something to do."""

    leftovers: bool  # leases of a run of ours that died, waits of a wrong clock
    posts: bool
    texts: bool
    receptions: bool


class Store:
    """The database of one worker, or of several that share it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.timeline = Timeline(engine)
        self.posts = Posts(engine)
        self.parked = ParkedPosts(engine)
        self.held = HeldPosts(engine)
        self.commands = Commands(engine)
        self.decisions = Decisions(engine)
        self.outbox = Outbox(engine)
        self.outcomes = Outcomes(engine)
        self.receptions = Receptions(engine)
        self.publicity = Publicity(engine)
        self.preferences = Preferences(engine)
        self.turns = Turns(engine)
        self.name = Name(engine)
        self.clock = SharedClock(engine)

    @classmethod
    def open(cls, url: str) -> Self:
        """Open the database and bring its schema up to date; raises SettingsError."""
        return cls(open_migrated(url, MIGRATIONS, SERVICE))

    def close(self) -> None:
        self.name.release()
        self.engine.dispose()

    def agenda(self, holder: str, now: datetime) -> Agenda:
        """What there is to do, asked at once: most cycles of a quiet bot find nothing."""
        due = post.c.state.in_(ON_THE_WAY) & (post.c.next_at <= now)
        wanted = select(
            exists().where(is_held_by(holder) | is_put_off(now)),
            exists().where(due),
            exists().where(is_to_be_asked_about(now)),
            exists().where(is_due(now)),
        )
        with reading(self.engine) as connection:
            return Agenda(*connection.execute(wanted).one())

    def counts(self) -> Counts:
        oldest = select(func.min(post.c.stored_at)).where(post.c.state.in_(ON_THE_WAY))
        with reading(self.engine) as connection:

            def by_state(table: Table) -> dict[str, int]:
                counted = select(table.c.state, func.count()).group_by(table.c.state)
                return {row.state: row[1] for row in connection.execute(counted)}

            return Counts(
                posts=by_state(post),
                drafts=by_state(draft),
                publications=by_state(publication),
                oldest_undelivered=connection.scalar(oldest),
            )
