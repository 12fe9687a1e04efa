"""How items of the local desk are decided, inside the caller's transaction.

- Every decision moves the item's version on with one conditional UPDATE: whoever carries an older
  version lost the race, and is told in words who won it. Every decision is in the audit log too.
- Of many items at once each is decided alone. The log is written last, since on PostgreSQL that
  takes a lock that others may want who hold an item.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, func, or_, select, update

from services.common.problems import BadRequestError, ConflictError, NotFoundError
from services.gateway import audit
from services.gateway.people import CURATE, Actor
from services.gateway.schemas import Outcome
from services.gateway.sheets.desk_rows import (
    append_decisions,
    decision_row,
    item_by_id,
    plain,
    refresh_words,
)
from services.gateway.sheets.sheet import PASSING, Batch, DeskItem, Fits, Tick
from services.gateway.tables import desk_draft, desk_item

MAX_TEXT = 5000
MAX_REASON = 500
MAX_CURATOR = 100

Log = list[dict[str, Any]]
SHOWN = ("published", "failed")


@dataclass(frozen=True)
class By:
    """Who decides, and as part of which batch."""

    actor: Actor
    batch: str | None = None

    def acted(self) -> dict[str, Any]:
        return {
            "curator": self.actor.name,
            "batch": self.batch,
            "acted_at": datetime.now(UTC),
            "snoozed_until": None,
        }


@dataclass(frozen=True)
class Seen:
    """An item as a curator saw it; `draft_id` is the draft they chose."""

    item_id: str
    version: int
    draft_id: str = ""


def approve(
    connection: Connection, draft_id: str, words: str | None, version: int, by: By
) -> DeskItem:
    item_id = item_of(connection, draft_id)
    log = approval(connection, draft_id, words, version, by)
    append_decisions(connection, log)
    if any(row["edited"] for row in log):  # other words are found already
        refresh_words(connection, [item_id])
    return item_by_id(connection, item_id)


def reject(
    connection: Connection, item_id: str, reason: str | None, version: int, by: By
) -> DeskItem:
    append_decisions(connection, rejection(connection, item_id, reason, version, by))
    return item_by_id(connection, item_id)


def undo(connection: Connection, item_id: str, version: int, by: By) -> DeskItem:
    append_decisions(connection, undoing(connection, item_id, version, by))
    return item_by_id(connection, item_id)


def snooze(connection: Connection, item_id: str, until: datetime, version: int, by: By) -> DeskItem:
    move(connection, item_id, version, "waiting", by.acted() | {"snoozed_until": until})
    away = f"until {until:%Y-%m-%d %H:%M} UTC"
    audit.note(connection, by.actor, "snoozed", item_id, remark=away)
    return item_by_id(connection, item_id)


def decide_all(
    connection: Connection, batch: Batch, seen: Sequence[Seen], decide: Callable[[Seen], Log]
) -> Batch:
    """Decide items one by one; those that could not be are listed, and not touched."""
    log = Log()
    for each in seen:
        try:
            log += decide(each)
        except (ConflictError, BadRequestError) as error:
            batch.refused[each.item_id] = error.detail
        else:
            batch.done.append(each.item_id)
    append_decisions(connection, log)
    return batch


def decide_ticked(
    connection: Connection, ticks: Sequence[Tick], name: str, decide: Callable[[Seen], Log]
) -> Batch:
    batch = Batch(name)
    return decide_all(connection, batch, homes(connection, ticks, batch), decide)


def approve_all(connection: Connection, ticks: Sequence[Tick], fits: Fits, by: By) -> Batch:
    def decide(seen: Seen) -> Log:
        refuse_unfit(connection, seen, fits)
        return approval(connection, seen.draft_id, None, seen.version, by)

    return decide_ticked(connection, ticks, by.batch or "", decide)


def refuse_unfit(connection: Connection, seen: Seen, fits: Fits) -> None:
    """Raise BadRequestError for a draft that would not be posted, unless somebody was faster."""
    item = item_by_id(connection, seen.item_id)
    if (item.state, item.version) == ("waiting", seen.version):
        (laid,) = (laid for laid in item.drafts if laid.draft.id == seen.draft_id)
        fits(laid.words, item.song)


def reject_all(connection: Connection, ticks: Sequence[Tick], reason: str | None, by: By) -> Batch:
    def decide(seen: Seen) -> Log:
        return rejection(connection, seen.item_id, reason, seen.version, by)

    return decide_ticked(connection, ticks, by.batch or "", decide)


def snooze_all(connection: Connection, ticks: Sequence[Tick], until: datetime, by: By) -> Batch:
    def decide(seen: Seen) -> Log:
        snooze(connection, seen.item_id, until, seen.version, by)
        return []

    return decide_ticked(connection, ticks, by.batch or "", decide)


def undo_all(connection: Connection, name: str, by: By) -> Batch:
    """Take back what is left of a batch."""
    wanted = select(desk_item.c.id, desk_item.c.version).where(desk_item.c.batch == name)
    seen = sorted((Seen(*row) for row in connection.execute(wanted)), key=attrgetter("item_id"))

    def decide(seen: Seen) -> Log:
        return undoing(connection, seen.item_id, seen.version, by)

    return decide_all(connection, Batch(name), seen, decide)


def homes(connection: Connection, ticks: Sequence[Tick], batch: Batch) -> list[Seen]:
    """The items that were ticked, in an order in which two callers do not wait for each other."""
    wanted = select(desk_draft.c.id, desk_draft.c.item_id)
    wanted = wanted.where(desk_draft.c.id.in_([tick.draft_id for tick in ticks]))
    known = {row.id: row.item_id for row in connection.execute(wanted)}
    for tick in ticks:
        if tick.draft_id not in known:
            batch.refused[tick.draft_id] = "It is no longer on the desk."
    seen = (
        Seen(known[tick.draft_id], tick.version, tick.draft_id)
        for tick in ticks
        if tick.draft_id in known
    )
    return sorted(seen, key=attrgetter("item_id"))


def approval(connection: Connection, draft_id: str, words: str | None, version: int, by: By) -> Log:
    item_id = item_of(connection, draft_id)
    move(connection, item_id, version, "waiting", by.acted() | {"state": "approved"})
    drafts = item_by_id(connection, item_id).drafts
    (laid,) = (laid for laid in drafts if laid.draft.id == draft_id)
    row = decision_row(laid.draft, "approved", by.actor.name, words=words or laid.words)
    done: audit.What = "edited" if row["edited"] else "approved"
    audit.note(connection, by.actor, done, item_id, before=laid.draft.text, after=row["text"])
    return [row]


def rejection(
    connection: Connection, item_id: str, reason: str | None, version: int, by: By
) -> Log:
    move(connection, item_id, version, "waiting", by.acted() | {"state": "rejected"})
    drafts = item_by_id(connection, item_id).drafts
    offered = "\n".join(laid.draft.text for laid in drafts)
    audit.note(connection, by.actor, "rejected", item_id, before=offered, remark=reason)
    name = by.actor.name
    return [
        decision_row(laid.draft, "rejected", name, words=laid.words, reason=reason)
        for laid in drafts
    ]


def undoing(connection: Connection, item_id: str, version: int, by: By) -> Log:
    # A worker that is just saying "it leaves now" is waited for, and makes us wait.
    own = select(desk_draft.c.id).where(desk_draft.c.item_id == item_id)
    connection.execute(own.order_by(desk_draft.c.id).with_for_update(key_share=True))
    item = item_by_id(connection, item_id)
    if item.state == "waiting" and item.snoozed_until is None:
        raise ConflictError("There is nothing to undo: this post waits for a decision.")
    refuse_if_leaving(item)
    move(
        connection, item_id, version, item.state, by.acted() | {"state": "waiting", "outcome": None}
    )
    note_undoing(connection, by, item)
    if item.state == "waiting":
        return []
    # A failure belonged to the decision that was just taken back.
    connection.execute(
        update(desk_draft).where(desk_draft.c.item_id == item_id).values(outcome=None)
    )
    # The words that were approved go along, so that an edit outlives its undoing.
    return [
        decision_row(laid.draft, "undecided", by.actor.name, words=laid.decision.text)
        for laid in item.drafts
        if laid.decision is not None and laid.decision.verdict != "undecided"
    ]


def show(connection: Connection, draft_id: str, outcome: Outcome) -> None:
    """Store what became of a draft; raises NotFoundError.

    What is published stays so: that it leaves may be told late, by a worker that was held up.
    """
    item_id = item_of(connection, draft_id)
    own = update(desk_draft).where(desk_draft.c.id == draft_id)
    if outcome.state in PASSING:
        state = desk_draft.c.outcome["state"].as_string()
        own = own.where(func.coalesce(state, "") != "published")
    connection.execute(own.values(outcome=plain(outcome.model_dump(mode="json"))))
    if outcome.state == "published":
        # An undo that came too late must not put the item up for a second post.
        connection.execute(
            update(desk_item)
            .where(desk_item.c.id == item_id, desk_item.c.state == "waiting")
            .values(state="approved", snoozed_until=None, version=desk_item.c.version + 1)
        )
    note_outcome(connection, item_id, outcome)


def note_outcome(connection: Connection, item_id: str, outcome: Outcome) -> None:
    """Let the item's view follow; what is published stays so."""
    shown = outcome.state if outcome.state in SHOWN else None
    mine = update(desk_item).where(desk_item.c.id == item_id, desk_item.c.state == "approved")
    if shown != "published":
        mine = mine.where(or_(desk_item.c.outcome.is_(None), desk_item.c.outcome != "published"))
    connection.execute(mine.values(outcome=shown))


def bounded(name: str, value: str, most: int) -> str:
    """`value` without the white space around it; raises BadRequestError when it cannot be kept."""
    value = value.strip()
    if not value:
        raise BadRequestError(f"The {name} is empty: write something, or reject the drafts.")
    if len(value) > most:
        raise BadRequestError(
            f"The {name} has {len(value):,} characters; {most:,} are the most that fit."
        )
    if "\x00" in value:
        raise BadRequestError(f"The {name} holds a NUL character, which no platform shows.")
    return value


def reason_of(reason: str | None) -> str | None:
    return bounded("reason", reason, MAX_REASON) if reason and reason.strip() else None


def named(curator: Actor | str) -> Actor:
    """The curator as an actor; a bare name is one without a key."""
    actor = Actor(curator) if isinstance(curator, str) else curator
    return Actor(bounded("curator's name", actor.name, MAX_CURATOR), actor.key_id, CURATE)


def note_undoing(connection: Connection, by: By, item: DeskItem) -> None:
    """`item` as it was before."""
    standing = [
        laid.decision
        for laid in item.drafts
        if laid.decision is not None and laid.decision.verdict == item.state
    ]
    words = "\n".join(decision.text for decision in standing) or None
    was = "snoozed" if item.state == "waiting" else item.state
    audit.note(connection, by.actor, "undone", item.item_id, before=words, remark=f"was {was}")


def item_of(connection: Connection, draft_id: str) -> str:
    wanted = select(desk_draft.c.item_id).where(desk_draft.c.id == draft_id)
    item_id = connection.scalar(wanted)
    if item_id is None:
        raise NotFoundError(f"There is no draft '{draft_id}' on the desk.")
    return str(item_id)


def move(
    connection: Connection, item_id: str, version: int, state: str, to: Mapping[str, Any]
) -> None:
    """Move an item on; raises ConflictError unless it still is in `state` at `version`."""
    moved = connection.execute(
        update(desk_item)
        .where(
            desk_item.c.id == item_id,
            desk_item.c.version == version,
            desk_item.c.state == state,
        )
        .values(version=desk_item.c.version + 1, **to)
    )
    if moved.rowcount != 1:
        raise ConflictError(what_happened(item_by_id(connection, item_id)))


def what_happened(item: DeskItem) -> str:
    """Who decided an item, and how, in words for the one who came second."""
    decisions = [laid.decision for laid in item.drafts if laid.decision is not None]
    standing = [decision for decision in decisions if decision.verdict == item.state]
    if item.state == "waiting" and item.snoozed_until is not None:
        return f"{item.curator} put this post away until {item.snoozed_until:%d %B, %H:%M} UTC."
    if not standing:
        return "This post was decided and taken back while you looked at it: please look again."
    last = max(standing, key=lambda decision: int(decision.version))
    when = f"{last.decided_at:%H:%M} UTC"
    if last.verdict == "rejected":
        because = f" ({last.reason})" if last.reason else ""
        return f"{last.curator} rejected these drafts at {when}{because}."
    return f"{last.curator} approved a draft at {when}: “{last.text}”"


def refuse_if_leaving(item: DeskItem) -> None:
    """Raise ConflictError when a draft of the item is on its way out, or is out already."""
    for laid in item.drafts:
        state = laid.outcome.state if laid.outcome is not None else None
        approved = laid.decision is not None and laid.decision.verdict == "approved"
        if state == "published":
            raise ConflictError("This can no longer be undone: the post is published.")
        if state == "scheduled" and approved:
            raise ConflictError("This can no longer be undone: the post is on its way out.")
