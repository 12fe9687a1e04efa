"""How items of the local desk are decided, inside the caller's transaction.

Every decision moves the item's version on with one conditional UPDATE: whoever carries an older
version lost the race, and is told in words who won it. Every decision is in the audit log too.
"""

from sqlalchemy import Connection, func, select, update

from services.common.problems import BadRequestError, ConflictError, NotFoundError
from services.gateway import audit
from services.gateway.people import CURATE, Actor
from services.gateway.schemas import Outcome
from services.gateway.sheets.desk_rows import append_decisions, decision_row, item_by_id, plain
from services.gateway.sheets.sheet import PASSING, DeskItem
from services.gateway.tables import desk_draft, desk_item

MAX_TEXT = 5000
MAX_REASON = 500
MAX_CURATOR = 100


def approve(
    connection: Connection, draft_id: str, words: str | None, version: int, by: Actor
) -> DeskItem:
    item_id = item_of(connection, draft_id)
    move(connection, item_id, version, "waiting", "approved")
    (draft,) = (
        laid.draft for laid in item_by_id(connection, item_id).drafts if laid.draft.id == draft_id
    )
    row = decision_row(draft, "approved", by.name, words=words)
    append_decisions(connection, [row])
    done: audit.What = "edited" if row["edited"] else "approved"
    audit.note(connection, by, done, item_id, before=draft.text, after=row["text"])
    return item_by_id(connection, item_id)


def reject(
    connection: Connection, item_id: str, reason: str | None, version: int, by: Actor
) -> DeskItem:
    move(connection, item_id, version, "waiting", "rejected")
    drafts = item_by_id(connection, item_id).drafts
    rows = [decision_row(laid.draft, "rejected", by.name, reason=reason) for laid in drafts]
    append_decisions(connection, rows)
    offered = "\n".join(laid.draft.text for laid in drafts)
    audit.note(connection, by, "rejected", item_id, before=offered, remark=reason)
    return item_by_id(connection, item_id)


def undo(connection: Connection, item_id: str, version: int, by: Actor) -> DeskItem:
    # A worker that is just saying "it leaves now" is waited for, and makes us wait.
    own = select(desk_draft.c.id).where(desk_draft.c.item_id == item_id)
    connection.execute(own.with_for_update())
    item = item_by_id(connection, item_id)
    if item.state == "waiting":
        raise ConflictError("There is nothing to undo: this post waits for a decision.")
    refuse_if_leaving(item)
    move(connection, item_id, version, item.state, "waiting")
    # The words that were approved go along, so that an edit outlives its undoing.
    taken_back = [
        decision_row(laid.draft, "undecided", by.name, words=laid.decision.text)
        for laid in item.drafts
        if laid.decision is not None and laid.decision.verdict != "undecided"
    ]
    append_decisions(connection, taken_back)
    note_undoing(connection, by, item)
    # A failure belonged to the decision that was just taken back.
    connection.execute(
        update(desk_draft).where(desk_draft.c.item_id == item_id).values(outcome=None)
    )
    return item_by_id(connection, item_id)


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
            .values(state="approved", version=desk_item.c.version + 1)
        )


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


def named(curator: Actor | str) -> Actor:
    """The curator as an actor; a bare name is one without a key."""
    actor = Actor(curator) if isinstance(curator, str) else curator
    return Actor(bounded("curator's name", actor.name, MAX_CURATOR), actor.key_id, CURATE)


def note_undoing(connection: Connection, by: Actor, item: DeskItem) -> None:
    """`item` as it was before."""
    standing = [
        laid.decision
        for laid in item.drafts
        if laid.decision is not None and laid.decision.verdict == item.state
    ]
    words = "\n".join(decision.text for decision in standing) or None
    audit.note(connection, by, "undone", item.item_id, before=words, remark=f"was {item.state}")


def item_of(connection: Connection, draft_id: str) -> str:
    wanted = select(desk_draft.c.item_id).where(desk_draft.c.id == draft_id)
    item_id = connection.scalar(wanted)
    if item_id is None:
        raise NotFoundError(f"There is no draft '{draft_id}' on the desk.")
    return str(item_id)


def move(connection: Connection, item_id: str, version: int, state: str, to: str) -> None:
    """Move an item on; raises ConflictError unless it still is in `state` at `version`."""
    moved = connection.execute(
        update(desk_item)
        .where(
            desk_item.c.id == item_id,
            desk_item.c.version == version,
            desk_item.c.state == state,
        )
        .values(state=to, version=version + 1)
    )
    if moved.rowcount != 1:
        raise ConflictError(what_happened(item_by_id(connection, item_id)))


def what_happened(item: DeskItem) -> str:
    """Who decided an item, and how, in words for the one who came second."""
    decisions = [laid.decision for laid in item.drafts if laid.decision is not None]
    standing = [decision for decision in decisions if decision.verdict == item.state]
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
