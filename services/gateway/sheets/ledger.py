"""Which decisions were handed out, so that a sheet without a history can say what is new.

A cursor names what its reader knows. A cursor from before a restart is not remembered; its
reader is told everything again, and finds nothing new in it, by `Decision.version`.
"""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Container, Iterator, Mapping
from datetime import datetime
from itertools import islice

from services.gateway.schemas import Decision, DecisionPage
from services.gateway.sheets.rows import Row

Known = Mapping[str, Decision]  # by draft id

CURSORS_REMEMBERED = 4  # a reader may ask again from the one before
CURSOR = re.compile("[0-9a-f]{24}")


def is_cursor(text: str) -> bool:
    """Whether some ledger gave this cursor."""
    return CURSOR.fullmatch(text) is not None


class Ledger:
    def __init__(self) -> None:
        self.known: OrderedDict[str, Known] = OrderedDict()

    def page(
        self,
        rows: Mapping[str, Row],
        since: str | None,
        limit: int,
        now: datetime,
        final: Container[str] = (),
    ) -> DecisionPage:
        """The decisions that the reader of `since` does not know, oldest first; nothing that is
        said of the `final` rows is one."""
        before = self.known.get(since or "", {})
        open_ = {draft_id: row for draft_id, row in rows.items() if draft_id not in final}
        news = list(islice(_news(rows, open_, before, now), limit))
        after = {
            draft_id: decision for draft_id, decision in before.items() if draft_id in open_
        } | {decision.draft_id: decision for decision in news if decision.draft_id in rows}
        cursor = _digest(after)
        self.known[cursor] = after
        self.known.move_to_end(cursor)
        while len(self.known) > CURSORS_REMEMBERED:
            self.known.popitem(last=False)
        return DecisionPage(decisions=news, cursor=cursor)


def _news(
    rows: Mapping[str, Row], open_: Mapping[str, Row], before: Known, now: datetime
) -> Iterator[Decision]:
    for draft_id, row in open_.items():
        if _is_news(row, before.get(draft_id)):
            yield row.decision(now)
    # A row that a curator deleted takes its decision back.
    for draft_id, decision in before.items():
        if draft_id not in rows and decision.verdict != "undecided":
            gone = {"verdict": "undecided", "decided_at": now, "version": f"{decision.version}-"}
            yield decision.model_copy(update=gone)


def _is_news(row: Row, known: Decision | None) -> bool:
    if known is not None:
        return known.version != row.version
    # These mean that an approval was collected, by whoever asked before a restart.
    return row.verdict != "undecided" or row.state in {"scheduled", "waiting"}


def _digest(known: Known) -> str:
    pairs = sorted((draft_id, decision.version) for draft_id, decision in known.items())
    return hashlib.sha256(repr(pairs).encode()).hexdigest()[:24]
