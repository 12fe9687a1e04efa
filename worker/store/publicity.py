"""What the curator is to be shown of each publication, its reception included; owed until the desk
has it, and again when there is more to show."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, insert, select, update

from services.common.database import reading, rerun, writing
from services.gateway.schemas import PublishedPost, Reading
from worker.tables import post, publication, publicity, reception


@dataclass(frozen=True, slots=True)
class OwedPost:
    publication_id: int
    post: PublishedPost
    version: int
    attempts: int


class Publicity:
    """Every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def due(self, now: datetime, limit: int = 100) -> Sequence[OwedPost]:
        wanted = (
            select(publicity, publication, post.c.song)
            .join(publication, publication.c.id == publicity.c.publication_id)
            .join(post, post.c.item_id == publication.c.item_id)
            .where(publicity.c.owed, publicity.c.next_at <= now)
            .order_by(publicity.c.next_at, publicity.c.publication_id)
            .limit(limit)
        )
        with reading(self.engine) as connection:
            rows = connection.execute(wanted).mappings().all()
            read = readings(connection, [row[publicity.c.publication_id] for row in rows])
        return [
            OwedPost(
                publication_id=(number := row[publicity.c.publication_id]),
                post=PublishedPost(
                    draft_id=row[publication.c.draft_id],
                    published_at=row[publication.c.published_at],
                    title=row[post.c.song]["title"],
                    artists=row[post.c.song]["artists"],
                    text=row[publication.c.text],
                    url=row[publication.c.url],
                    readings=read[number],
                    known=row[publicity.c.known],
                ),
                version=row[publicity.c.version],
                attempts=row[publicity.c.attempts],
            )
            for row in rows
        ]

    def shown(self, owed: Sequence[OwedPost]) -> None:
        """The desk has them; what was read meanwhile stays owed."""
        with_version = [(each.publication_id, each.version) for each in owed]
        self._store(with_version, owed=False, known=True, last_error=None)

    def refused(self, owed: Sequence[OwedPost], error: str) -> None:
        """The desk will never take them."""
        with_version = [(each.publication_id, each.version) for each in owed]
        self._store(with_version, owed=False, last_error=error)

    def postpone(self, owed: Sequence[OwedPost], error: str, next_at: datetime) -> None:
        with_version = [(each.publication_id, each.version) for each in owed]
        attempts = publicity.c.attempts + 1
        self._store(with_version, attempts=attempts, last_error=error, next_at=next_at)

    @rerun
    def _store(self, given: Sequence[tuple[int, int]], **values: object) -> None:
        with writing(self.engine) as connection:
            for publication_id, version in given:
                same = publicity.c.publication_id == publication_id
                if values.get("known"):
                    connection.execute(update(publicity).where(same).values(known=True))
                connection.execute(
                    update(publicity).where(same, publicity.c.version == version).values(**values)
                )


def readings(connection: Connection, publications: Sequence[int]) -> dict[int, list[Reading]]:
    """How they were received so far; what the platform had no more says nothing."""
    wanted = select(reception).where(
        reception.c.publication_id.in_(publications), reception.c.likes.is_not(None)
    )
    found: defaultdict[int, list[Reading]] = defaultdict(list)
    for row in connection.execute(wanted.order_by(reception.c.hours)):
        counts = {name: getattr(row, name) for name in ("likes", "reposts", "replies")}
        found[row.publication_id].append(Reading(hours=row.hours, **counts))
    return found


def owe_publicity(connection: Connection, publication_id: int, now: datetime) -> None:
    """Owe the curator a publication as it stands, inside the caller's transaction."""
    values = {"owed": True, "attempts": 0, "next_at": now, "last_error": None}
    changed = connection.execute(
        update(publicity)
        .where(publicity.c.publication_id == publication_id)
        .values(version=publicity.c.version + 1, **values)
    )
    if changed.rowcount == 0:
        first = {"publication_id": publication_id, "version": 1, "known": False}
        connection.execute(insert(publicity).values(**first, **values))
