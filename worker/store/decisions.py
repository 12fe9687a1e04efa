"""What curators decided, and the outbox rows that follow from it, in one transaction."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, Row, func, select, update

from services.common.database import inserting, reading, rerun, writing
from services.gateway.schemas import Decision, DecisionPage, Song
from services.gateway.wording import Wording
from worker.failpoints import reach
from worker.states import DraftState, PostState, PublicationState
from worker.store.made import take_in
from worker.store.moves import enter, lock, move
from worker.store.outcomes import owe
from worker.store.posts import FREE, deliver_item
from worker.store.timeline import set_cursor
from worker.tables import cursor, decision, draft, outcome, post, publication

log = structlog.get_logger()

DECISIONS = "decisions"
AT_ONCE = timedelta(0)
VERDICTS = {
    "approved": DraftState.APPROVED,
    "rejected": DraftState.REJECTED,
    "undecided": DraftState.DELIVERED,
}
LEFT = frozenset({PublicationState.SENDING, PublicationState.UNKNOWN, PublicationState.PUBLISHED})


# From the approved words and the song to the text of a post.
Compose = Callable[[str, Song], Wording]


class Decisions:
    """Every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def position(self) -> str | None:
        with reading(self.engine) as connection:
            wanted = select(cursor.c.cursor).where(cursor.c.source == DECISIONS)
            value: str | None = connection.scalar(wanted)
        return value

    @rerun
    def take(
        self,
        page: DecisionPage,
        since: str | None,
        compose: Compose,
        now: datetime,
        undo: timedelta = AT_ONCE,
        *,
        answering: str | None = None,
    ) -> int | None:
        """Store a page of decisions, what follows from each, and the cursor; how many were new.

        What is approved becomes due when the time to undo it is over. Mentions on the platform
        `answering` are answered with replies.

        None, and nothing is stored, when another worker has read on from `since` meanwhile: what
        this page says may have been taken back by now.
        """
        with writing(self.engine) as connection:
            if lock_cursor(connection, now) != since:
                return None
            lock_posts(connection, page)
            taken = partial(
                self._take, connection, compose=compose, answering=answering, now=now, undo=undo
            )
            new = sum(taken(each) for each in page.decisions)
            reach("decisions.storing")
            set_cursor(connection, DECISIONS, page.cursor, now)
            return new

    def _take(
        self,
        connection: Connection,
        given: Decision,
        *,
        compose: Compose,
        answering: str | None,
        now: datetime,
        undo: timedelta,
    ) -> bool:
        row = draft_of(connection, given, now)
        if row is None:
            log.warning("decision.of_unknown_draft", draft_id=given.draft_id)
            return False
        if row.decision_version == given.version:
            return False
        keep_decision(connection, given, now)
        settle_draft(connection, row, VERDICTS[given.verdict], now)
        settle_post(connection, row.item_id, now)
        if given.verdict == "approved":
            approve(
                connection, row, given, compose=compose, answering=answering, now=now, undo=undo
            )
        else:
            take_back(connection, row, now)
        return True


def lock_cursor(connection: Connection, now: datetime) -> str | None:
    """Where reading goes on, for nobody else until the transaction ends."""
    first = inserting(connection, cursor).values(source=DECISIONS, cursor=None, changed_at=now)
    connection.execute(first.on_conflict_do_nothing())
    wanted = select(cursor.c.cursor).where(cursor.c.source == DECISIONS)
    value: str | None = connection.scalar(wanted.with_for_update(key_share=True))
    return value


def lock_posts(connection: Connection, page: DecisionPage) -> None:
    """Whoever moves a draft of these posts, to the desk for one, has done so or waits."""
    given = [each.draft_id for each in page.decisions]
    known = connection.scalars(select(draft.c.item_id).where(draft.c.id.in_(given)))
    made = (each.made.item_id for each in page.decisions if each.made is not None)
    lock(connection, post, {*known, *made})


def draft_of(connection: Connection, given: Decision, now: datetime) -> Row[Any] | None:
    """The draft that was decided; one that was made at the desk is taken in first."""
    wanted = select(draft).where(draft.c.id == given.draft_id)
    row = connection.execute(wanted).first()
    if row is None and given.made is not None and take_in(connection, given.made, now):
        row = connection.execute(wanted).first()
    return row


def keep_decision(connection: Connection, given: Decision, now: datetime) -> None:
    """Store it as the one that stands; one that returns, as a ticked box may, is dated anew."""
    added = inserting(connection, decision).values(
        stored_at=now, **given.model_dump(exclude={"made"})
    )
    dates = {name: added.excluded[name] for name in ("decided_at", "stored_at")}
    connection.execute(added.on_conflict_do_update(index_elements=decision.primary_key, set_=dates))
    decided = update(draft).where(draft.c.id == given.draft_id)
    connection.execute(decided.values(decision_version=given.version))


def settle_draft(connection: Connection, row: Row[Any], state: DraftState, now: datetime) -> None:
    current = row.state
    if current == DraftState.WRITTEN:
        # Decided before we heard that the desk has it.
        deliver_item(connection, row.item_id, now)
        current = DraftState.DELIVERED
    if current != state:
        move(connection, draft, row.id, to=state, now=now)


def settle_post(connection: Connection, item_id: str, now: datetime) -> None:
    """A post is decided when one of its drafts is approved, or all are rejected."""
    counted = select(draft.c.state, func.count()).where(draft.c.item_id == item_id)
    states = {row[0] for row in connection.execute(counted.group_by(draft.c.state))}
    decided = DraftState.APPROVED in states or states == {DraftState.REJECTED}
    state = PostState.DECIDED if decided else PostState.DELIVERED
    if connection.scalar(select(post.c.state).where(post.c.item_id == item_id)) != state:
        move(connection, post, item_id, to=state, now=now)


def approve(
    connection: Connection,
    row: Row[Any],
    given: Decision,
    *,
    compose: Compose,
    answering: str | None,
    now: datetime,
    undo: timedelta,
) -> None:
    """Put an approved draft into the outbox, unless another one of its post stands there."""
    wanted = select(publication).where(publication.c.item_id == row.item_id)
    standing = connection.execute(wanted.with_for_update(key_share=True)).first()
    other = standing is not None and standing.draft_id != row.id
    if standing is not None and standing.state in LEFT:
        if other:
            state = "is published" if standing.state == "published" else "is on its way out"
            owe(connection, row.id, "failed", now, detail=f"another draft of this post {state}")
        else:
            log.warning("decision.too_late", draft_id=row.id, state=standing.state)
        return
    if other and standing is not None and standing.state == PublicationState.READY:
        detail = "another draft of this post was approved before"
        owe(connection, row.id, "failed", now, detail=detail)
        return
    about = connection.execute(select(post).where(post.c.item_id == row.item_id)).one()
    wording = compose(given.text, Song.model_validate(about.song))
    put_out(
        connection,
        standing,
        row,
        given,
        wording=wording,
        in_reply_to=about.id if about.asked and about.origin == answering else None,
        now=now,
        undo=undo,
    )


def idempotency_key(draft_id: str, version: str, in_reply_to: str | None = None) -> str:
    """One key per approval: plain characters, whatever a platform or a sheet calls its things.

    What stands alone is another publication than what answers somebody. The text is no part of it:
    in another template, too, the gateway must know what is out already, or it would leave twice
    after an older database was restored.
    """
    answer = f">{in_reply_to}" if in_reply_to else ""
    return hashlib.sha256(f"{draft_id}@{version}{answer}".encode()).hexdigest()[:40]


def put_out(
    connection: Connection,
    standing: Row[Any] | None,
    row: Row[Any],
    given: Decision,
    *,
    wording: Wording,
    in_reply_to: str | None,
    now: datetime,
    undo: timedelta,
) -> None:
    """Write the outbox row, or give the one that never left new words under a new key."""
    state = PublicationState.FAILED if wording.reason else PublicationState.READY
    values = {
        "draft_id": row.id,
        # Other words are another publication: nothing was accepted under the earlier key.
        "idempotency_key": idempotency_key(row.id, given.version, in_reply_to),
        "text": wording.text,
        "in_reply_to": in_reply_to,
        "approved_at": given.decided_at,
        "announced": False,
        "uncertain": False,
        "reconciled": False,
        "attempts": 0,
        # Counted from here: the desk's clock may be another one.
        "next_at": now + undo,
        "sent_at": None,
        "last_error": wording.reason,
    }
    if standing is None:
        new = {"item_id": row.item_id, "state": state, "changed_at": now, **values}
        enter(connection, publication, [new])
    elif standing.state == state:
        changed = update(publication).where(publication.c.id == standing.id)
        connection.execute(changed.values(changed_at=now, **values))
    else:
        move(connection, publication, standing.id, to=state, now=now, values={**values, **FREE})
    announced = standing is not None and standing.draft_id == row.id and standing.announced
    if wording.reason:
        owe(connection, row.id, "failed", now, detail=wording.reason)
    elif announced or is_told(connection, row.id, "failed"):
        owe(connection, row.id, "waiting", now)


def is_told(connection: Connection, draft_id: str, state: str) -> bool:
    """Whether this is the last that the curator was told of a draft, or is to be told."""
    last = select(outcome.c.state).where(outcome.c.draft_id == draft_id)
    return connection.scalar(last) == state


def take_back(connection: Connection, row: Row[Any], now: datetime) -> None:
    """Cancel the publication of a draft that is no longer approved, if it has not left."""
    wanted = select(publication).where(publication.c.draft_id == row.id)
    standing = connection.execute(wanted.with_for_update(key_share=True)).first()
    if standing is None or standing.state in {PublicationState.FAILED, PublicationState.CANCELLED}:
        return
    if standing.state in LEFT:
        log.warning("decision.too_late", draft_id=row.id, state=standing.state)
        return
    move(connection, publication, standing.id, to=PublicationState.CANCELLED, now=now)
    if standing.announced or is_told(connection, row.id, "waiting"):
        owe(connection, row.id, "failed", now, detail="taken back before it left")
