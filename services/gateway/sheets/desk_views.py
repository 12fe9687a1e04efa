"""The local desk as its views: what a curator finds there, in the order of the queue."""

from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    exists,
    func,
    literal,
    or_,
    select,
    tuple_,
)

from services.common.problems import NotFoundError
from services.gateway.schemas import Song
from services.gateway.sheets.desk_words import fold
from services.gateway.sheets.sheet import Approved, DeskCounts, Wanted
from services.gateway.tables import desk_decision, desk_draft, desk_item, desk_words

MOST_TERMS = 8
PLACE = tuple_(desk_item.c.posted_at, desk_item.c.id)


def ids_in(
    connection: Connection, wanted: Wanted, now: datetime, limit: int, after: str | None
) -> list[str]:
    """Ids of the items that are wanted, newest post first, below the item named by `after`."""
    found = select(desk_item.c.id).where(*conditions(wanted, now))
    if after is not None:
        found = found.where(place_of(connection, after) > PLACE)
    newest_first = found.order_by(desk_item.c.posted_at.desc(), desk_item.c.id.desc())
    return list(connection.scalars(newest_first.limit(limit)))


def count_in(connection: Connection, wanted: Wanted, now: datetime) -> int:
    return connection.scalar(counting(wanted, now)) or 0


def above(connection: Connection, wanted: Wanted, now: datetime, item_id: str) -> int:
    """How many of the items that are wanted stand above the named one."""
    newer = counting(wanted, now).where(place_of(connection, item_id) < PLACE)
    return connection.scalar(newer) or 0


def counting(wanted: Wanted, now: datetime) -> Select[int]:
    return select(func.count()).select_from(desk_item).where(*conditions(wanted, now))


def conditions(wanted: Wanted, now: datetime) -> list[ColumnElement[bool]]:
    conditions = [in_view(wanted, now)]
    if wanted.curator:
        conditions.append(desk_item.c.curator == wanted.curator)
    if wanted.since:
        conditions.append(desk_item.c.posted_at >= start_of(wanted.since))
    if wanted.until:
        conditions.append(desk_item.c.posted_at <= datetime.combine(wanted.until, time.max, UTC))
    said = [
        *(says(desk_words.c.genres, genre) for genre in [fold(wanted.genre)] if genre),
        *(
            or_(
                says(desk_words.c.words, term),
                says(desk_words.c.genres, term),
                says(desk_words.c.post, term),
            )
            for term in fold(wanted.search).split()[:MOST_TERMS]
        ),
    ]
    if said:
        conditions.append(exists().where(desk_words.c.item_id == desk_item.c.id, *said))
    return conditions


def says(column: Any, folded: str) -> ColumnElement[bool]:  # noqa: ANN401 - a column of text
    contains: ColumnElement[bool] = column.contains(folded, autoescape=True)
    return contains


def start_of(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def in_view(wanted: Wanted, now: datetime) -> ColumnElement[bool]:
    until = desk_item.c.snoozed_until
    match wanted.view:
        case "waiting":
            return and_(desk_item.c.state == "waiting", or_(until.is_(None), until <= now))
        case "snoozed":
            return and_(desk_item.c.state == "waiting", until > now)
        case "approved":
            return and_(desk_item.c.state == "approved", desk_item.c.outcome.is_(None))
        case "rejected":
            return desk_item.c.state == "rejected"
        case outcome:
            return and_(desk_item.c.state == "approved", desk_item.c.outcome == outcome)


def place_of(connection: Connection, item_id: str) -> Any:  # noqa: ANN401 - a SQL tuple's type is private
    """Where an item stands in the queue, as a row value to compare with."""
    posted_at = connection.scalar(select(desk_item.c.posted_at).where(desk_item.c.id == item_id))
    if posted_at is None:
        raise NotFoundError(f"There is no item '{item_id}' on the desk.")
    return tuple_(literal(posted_at, desk_item.c.posted_at.type), literal(item_id))


def counts(connection: Connection, now: datetime) -> DeskCounts:
    """How many items are in each state; one look at an index, however many there are."""
    by = (desk_item.c.state, desk_item.c.outcome)
    rows = connection.execute(select(*by, func.count()).group_by(*by)).all()
    away = count_in(connection, Wanted(view="snoozed"), now)

    def of(state: str, *outcomes: str) -> int:
        return sum(n for s, o, n in rows if s == state and (not outcomes or o in outcomes))

    return DeskCounts(
        waiting=of("waiting") - away,
        snoozed=away,
        approved=of("approved"),
        rejected=of("rejected"),
        published=of("approved", "published"),
        failed=of("approved", "failed"),
    )


def recent_ids(connection: Connection, now: datetime, limit: int) -> list[str]:
    """Items that somebody decided or put away, the last one first."""
    done = or_(desk_item.c.state != "waiting", desk_item.c.snoozed_until > now)
    acted = select(desk_item.c.id).where(desk_item.c.acted_at.is_not(None), done)
    return list(connection.scalars(acted.order_by(desk_item.c.acted_at.desc()).limit(limit)))


def recently_approved(connection: Connection, limit: int) -> list[Approved]:
    """Approved words that did not fail, the newest first, among the last `20 * limit` log rows."""
    last = select(func.max(desk_decision.c.sequence)).scalar_subquery()
    standing = (
        select(func.max(desk_decision.c.sequence).label("sequence"))
        .join(desk_draft, desk_draft.c.id == desk_decision.c.draft_id)
        .join(desk_item, desk_item.c.id == desk_draft.c.item_id)
        .where(
            desk_decision.c.sequence > last - 20 * limit,
            desk_decision.c.verdict == "approved",
            desk_item.c.state == "approved",
        )
        .group_by(desk_item.c.id)
        .subquery()
    )
    said = (desk_decision.c.text, desk_decision.c.decided_at)
    wanted = (
        select(desk_item.c.id, desk_item.c.song, desk_draft.c.outcome, *said)
        .join_from(desk_decision, standing, standing.c.sequence == desk_decision.c.sequence)
        .join(desk_draft, desk_draft.c.id == desk_decision.c.draft_id)
        .join(desk_item, desk_item.c.id == desk_draft.c.item_id)
        .order_by(desk_decision.c.sequence.desc())
        .limit(limit)
    )
    return [
        Approved(
            item_id=row.id,
            song=Song.model_validate(row.song),
            words=row.text,
            decided_at=row.decided_at,
            url=(row.outcome or {}).get("url"),
        )
        for row in connection.execute(wanted)
        if (row.outcome or {}).get("state") != "failed"
    ]
