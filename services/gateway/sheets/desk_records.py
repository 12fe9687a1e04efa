"""The local desk as records (draft, decision, outcome), to and from another sheet.

An item is decided here as a whole, in another sheet draft by draft: one approved draft approves
the item, and only when all its drafts are rejected is the item. An item that somebody has decided
here, or decided and taken back, keeps what was said of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Literal

from sqlalchemy import Connection, select, update

from services.gateway.schemas import Decision
from services.gateway.sheets.desk_deciding import note_outcome
from services.gateway.sheets.desk_rows import (
    BATCH,
    append_decisions,
    items_by_id,
    lay,
    plain,
    refresh_words,
)
from services.gateway.sheets.sheet import Carried, DeskDraft, DeskItem
from services.gateway.tables import desk_draft, desk_item

ELSEWHERE = "another sheet"  # the curator of decisions that name none

# Whatever somebody put off or did in one go was about the item as it was.
UNTOUCHED = {"snoozed_until": None, "batch": None}

State = Literal["waiting", "approved", "rejected"]


def every_record(connection: Connection) -> Iterator[DeskDraft]:
    """All drafts of the desk, the oldest post first."""
    in_order = select(desk_item.c.id).order_by(desk_item.c.posted_at, desk_item.c.id)
    for ids in batches(list(connection.scalars(in_order))):
        for item in items_by_id(connection, ids):
            yield from item.drafts


def carry(connection: Connection, records: Sequence[DeskDraft]) -> Carried:
    """As `Movable.carry`."""
    placed, strays = at_home(connection, records)
    carried = Carried(kept=strays)
    by_item = {
        item_id: list(given)
        for item_id, given in groupby(
            sorted(placed, key=lambda record: record.draft.item_id),
            key=lambda record: record.draft.item_id,
        )
    }
    for ids in batches(list(by_item)):
        drafts = [record.draft for item_id in ids for record in by_item[item_id]]
        carried += Carried(new=lay(connection, drafts))
        for item in items_by_id(connection, ids):
            carried += carry_item(connection, item, by_item[item.item_id])
        refresh_words(connection, ids)
    return carried


def at_home(connection: Connection, records: Sequence[DeskDraft]) -> tuple[list[DeskDraft], int]:
    """The records whose drafts lie here in the item that they name, or nowhere yet; and how many
    others there are, which are not taken in."""
    homes: dict[str, str] = {}
    for ids in batches([record.draft.id for record in records]):
        known = select(desk_draft.c.id, desk_draft.c.item_id).where(desk_draft.c.id.in_(ids))
        homes.update((row.id, row.item_id) for row in connection.execute(known))
    placed = [
        record
        for record in records
        if homes.setdefault(record.draft.id, record.draft.item_id) == record.draft.item_id
    ]
    return placed, len(records) - len(placed)


def carry_item(connection: Connection, item: DeskItem, given: Sequence[DeskDraft]) -> Carried:
    """Take in what is said elsewhere of an item that lies here."""
    here = {laid.draft.id: laid for laid in item.drafts}
    said = {each.draft.id: each.decision for each in given if each.decision is not None}
    news = [decision for decision in said.values() if differs(decision, here[decision.draft_id])]
    open_ = item.state == "waiting" and all(is_open(laid, said) for laid in item.drafts)
    if open_ and news:
        append_decisions(connection, [log_row(decision) for decision in news])
    outcomes = [each for each in given if takes(each, here[each.draft.id], open_=open_)]
    for each in outcomes:
        outcome = plain(each.outcome.model_dump(mode="json")) if each.outcome else None
        mine = update(desk_draft).where(desk_draft.c.id == each.draft.id)
        connection.execute(mine.values(outcome=outcome))
    published = sum(map(is_published, outcomes))
    move_on(connection, item, state_after(item, said, published=published > 0, open_=open_))
    note_outcomes(connection, item.item_id, outcomes)
    if open_ and news:
        last = max(news, key=lambda decision: decision.decided_at)
        mine = update(desk_item).where(desk_item.c.id == item.item_id)
        who = plain(last.curator or ELSEWHERE)[:200]
        connection.execute(mine.values(curator=who, acted_at=last.decided_at))
    counts = {"decided": len(news)} if open_ else {"kept": len(news)}
    return Carried(published=published, **counts)


def is_open(laid: DeskDraft, said: Mapping[str, Decision]) -> bool:
    """Nobody has words here that a decision from elsewhere would replace."""
    standing, other = laid.decision, said.get(laid.draft.id)
    if standing is None or (standing.verdict == "undecided" and not standing.edited):
        return True
    if other is None:
        return False
    return standing.text == other.text and standing.verdict in {"undecided", other.verdict}


def move_on(connection: Connection, item: DeskItem, state: State) -> None:
    if state != item.state:
        mine = update(desk_item).where(desk_item.c.id == item.item_id)
        connection.execute(mine.values(state=state, version=item.version + 1, **UNTOUCHED))


def note_outcomes(connection: Connection, item_id: str, taken: Sequence[DeskDraft]) -> None:
    """Show in the item what became of its drafts, as its views read it."""
    for record in sorted(taken, key=is_published):
        if record.outcome is not None:
            note_outcome(connection, item_id, record.outcome)


def takes(record: DeskDraft, standing: DeskDraft, *, open_: bool) -> bool:
    """Whether the record's outcome counts here."""
    if record.outcome is None or is_published(standing):
        return False
    return is_published(record) or (open_ and standing.outcome is None)


def is_published(record: DeskDraft) -> bool:
    return record.outcome is not None and record.outcome.state == "published"


def state_after(
    item: DeskItem, said: Mapping[str, Decision], *, published: bool, open_: bool
) -> State:
    if published:
        return "approved"
    if not open_:
        return item.state
    verdicts = [decision.verdict for decision in said.values()]
    if "approved" in verdicts:
        return "approved"
    return "rejected" if verdicts.count("rejected") == len(item.drafts) else "waiting"


def differs(decision: Decision, standing: DeskDraft) -> bool:
    here = standing.decision
    if here is None:
        return True
    return (here.verdict, here.text, here.reason) != (
        decision.verdict,
        decision.text,
        decision.reason,
    )


def log_row(decision: Decision) -> dict[str, Any]:
    """A row of the log; its sequence, and so its version, is this desk's own."""
    return {
        "draft_id": decision.draft_id,
        "verdict": decision.verdict,
        "text": plain(decision.text),
        "edited": int(decision.edited),
        "reason": plain(decision.reason),
        "curator": plain(decision.curator or ELSEWHERE)[:200],
        "decided_at": decision.decided_at,
    }


def batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(ids), BATCH):
        yield ids[first : first + BATCH]
