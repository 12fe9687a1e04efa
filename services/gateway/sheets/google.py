"""A Google Sheet as the curator's desk.

- Curators sort, filter, insert, move and delete at any time, between our read and our write too.
  New rows are put in, never written over anything; an outcome goes where its column went, its
  answer shows in which row it landed, and what landed in another one is put right.
- A call costs one read and one write of Google's sixty a minute as a rule. Decisions are told from
  the last read for a while, unless something was written since or the caller wants them fresh.
- No text is ever run as a formula.
"""

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

import structlog

from services.common.problems import NotFoundError
from services.gateway.schemas import DecisionPage, Draft, Outcome, PublishedPost
from services.gateway.sheets import google_changes, google_errors, google_published
from services.gateway.sheets.forms import PUBLISHED
from services.gateway.sheets.google_placing import PLACINGS, write_until_right
from services.gateway.sheets.google_worksheet import GoogleWorksheet, SheetPlace
from services.gateway.sheets.ledger import Ledger
from services.gateway.sheets.published import title_beside
from services.gateway.sheets.records import arrive, made_at_desk, records_in
from services.gateway.sheets.rows import (
    CHECKBOXES,
    COLUMNS,
    DECIDED,
    DETAILS,
    OUTCOME,
    POST,
    Cell,
    Row,
    explained,
    is_of,
    new_row,
    outcome_cells,
    read_row,
    standing,
    text_of,
    without_post,
)
from services.gateway.sheets.sheet import PASSING, Carried, DeskDraft
from services.gateway.vendor_calls import VendorCalls
from services.gateway.vendor_errors import VendorError

log = structlog.get_logger()

T = TypeVar("T")
Cells = Mapping[str, Sequence[Cell]]  # state and address by draft id

# Google counts them apart.
READING, WRITING = "read", "write"
HOLDS = 50.0  # seconds; whoever looks every minute finds what is new
BATCH = 500  # records carried with one write
# Where people may write below the drafts (an empty checkbox may count as written).
BESIDE_CHECKBOXES = [name for name in COLUMNS if name not in CHECKBOXES]


@dataclass(frozen=True)
class Prepared:
    """A worksheet that is ready: where people see it, and what had to be done."""

    address: str
    deeds: Sequence[str]


@dataclass(frozen=True)
class Looked:
    """What the rows said when they were read, Unix seconds, in their order."""

    at: float
    rows: Sequence[Row]
    by_id: Mapping[str, Row]


class GoogleSheet:
    """Drafts in one worksheet. It is opened by the first call and kept open.

    `holds`: for how many seconds decisions may be told from the last read.
    """

    def __init__(
        self,
        account: Mapping[str, Any],
        place: SheetPlace,
        calls: VendorCalls,
        *,
        base_url: str | None = None,
        holds: float = HOLDS,
    ) -> None:
        self.worksheet = GoogleWorksheet(account, place, calls.timeout, base_url)
        beside = SheetPlace(place.key, title_beside(place.worksheet))
        self.shown = GoogleWorksheet(account, beside, calls.timeout, base_url, PUBLISHED)
        self.calls, self.holds = calls, holds
        self.ledger = Ledger()
        self.looked: Looked | None = None
        # An outcome silences a row's decisions only where we know that it belongs there.
        self.published: set[str] = set()
        # Held by the thread that works on the sheet, even one whose caller has given up: two
        # writers at once might choose the same rows.
        self.one_writer = threading.Lock()

    def close(self) -> None:
        self.worksheet.close()
        self.shown.close()

    async def upsert(self, drafts: Sequence[Draft]) -> int:
        new: set[str] = set()
        work = partial(self._alone, partial(self._upsert, drafts, new))
        await self.calls.read(work, WRITING)
        return len(new)

    async def decisions(
        self, since: str | None, limit: int, *, fresh: bool = False
    ) -> DecisionPage:
        work = partial(self._alone, partial(self._decisions, since, limit, fresh=fresh))
        page, unclear = await self.calls.read(work, READING)
        if unclear:
            with suppress(VendorError):  # decisions come all the same
                await self.calls.once(partial(self._alone, partial(self._place, unclear)), WRITING)
        return page

    async def mark(self, draft_id: str, outcome: Outcome) -> None:
        if await self.mark_all({draft_id: outcome}):
            raise NotFoundError(f"There is no draft {draft_id!r} in the sheet.")

    async def mark_all(self, outcomes: Mapping[str, Outcome]) -> Sequence[str]:
        work = partial(self._alone, partial(self._mark_all, outcomes))
        return await self.calls.read(work, WRITING)

    async def forget(self, item_ids: Collection[str]) -> None:
        await self.calls.read(partial(self._alone, partial(self._forget, item_ids)), WRITING)

    async def show(self, posts: Sequence[PublishedPost]) -> None:
        work = partial(google_published.show, self.shown, posts)
        await self.calls.read(partial(self._alone, work, self.shown), WRITING)

    async def records(self) -> list[DeskDraft]:
        work = partial(self._alone, partial(self.worksheet.read, *COLUMNS))
        rows = await self.calls.read(work, READING)
        return list(records_in(rows, datetime.now(UTC)))

    async def carry(self, records: Sequence[DeskDraft]) -> Carried:
        """As `Movable` says. Nobody else may write rows meanwhile: the bot must be stopped."""
        carried = Carried()
        for first in range(0, len(records), BATCH):
            batch = records[first : first + BATCH]
            carry = partial(self._alone, partial(self._carry, batch))
            # Once: what a lost answer had written would be counted as found there.
            carried += await self.calls.once(carry, WRITING)
        return carried

    async def prepare(self) -> Prepared:
        """Make the worksheet ready for curators; the same again does nothing."""
        return await self.calls.read(partial(self._alone, self._prepare))

    def _upsert(self, drafts: Sequence[Draft], new: set[str]) -> None:
        """New drafts are put in below the last row, notes included; what stands there stays.

        `new` collects their ids over all attempts: one whose answer was lost may have written.
        """
        for _ in range(PLACINGS):
            cells = self.worksheet.read(*BESIDE_CHECKBOXES)
            known = {text_of(row[0]) for row in cells}
            rows = {draft.id: new_row(draft) for draft in drafts if draft.id not in known}
            new.update(rows)
            if not rows or self._put_in(len(cells), list(rows.values())):
                return
        raise google_errors.moving()

    def _carry(self, records: Sequence[DeskDraft]) -> Carried:
        rows = self.worksheet.read(*COLUMNS)
        arrival = arrive(records, rows)
        if arrival.fillings:
            ids = [text_of(row[0]) for row in rows]
            due = {place: ids[place] for place in arrival.fillings}
            self.looked = None
            if google_changes.still_due(due, self.worksheet.write_placed(arrival.fillings)):
                raise google_errors.moving()
        if arrival.new and not self._put_in(arrival.height, arrival.new):
            raise google_errors.moving()
        return arrival.carried

    def _put_in(self, height: int, rows: Sequence[Sequence[Cell]]) -> bool:
        """New rows below this many; false where columns moved meanwhile, which leaves them to
        curators: rows that people move are never deleted by place."""
        self.looked = None
        if self.worksheet.put_in(1 + height, rows):
            return True
        log.warning("sheet.rows_misplaced", first=2 + height, last=1 + height + len(rows))
        return False

    def _decisions(
        self, since: str | None, limit: int, *, fresh: bool
    ) -> tuple[DecisionPage, Cells]:
        """A page, and what curators must be told of rows that cannot be taken."""
        looked, now = self.looked, self.calls.clock()
        unclear: dict[str, list[Cell]] = {}
        if fresh or looked is None or not 0 <= now - looked.at < self.holds:
            looked = self._look()
            told = {draft_id: explained(row) for draft_id, row in looked.by_id.items()}
            unclear = {draft_id: cells for draft_id, cells in told.items() if cells is not None}
        final = {
            draft_id
            for draft_id in self.published & looked.by_id.keys()
            if looked.by_id[draft_id].state == "published"
        }
        page = self.ledger.page(looked.by_id, since, limit, datetime.now(UTC), final)
        return self._with_drafts(page), unclear

    def _with_drafts(self, page: DecisionPage) -> DecisionPage:
        """The page, with the drafts that came from the built-in desk and were made there."""
        if not any(made_at_desk(each.draft_id) for each in page.decisions):
            return page
        rows = self.worksheet.read(*COLUMNS)
        drafts = (record.draft for record in records_in(rows, datetime.now(UTC)))
        made = {draft.id: draft for draft in drafts if draft.made_by != "worker"}
        return page.model_copy(
            update={
                "decisions": [
                    each.model_copy(update={"made": made.get(each.draft_id)})
                    for each in page.decisions
                ]
            }
        )

    def _look(self) -> Looked:
        read = self.worksheet.read("id", *DECIDED)
        rows = [read_row(draft_id, decided) for draft_id, *decided in read]
        self.looked = Looked(self.calls.clock(), rows, standing(rows))
        return self.looked

    def _mark_all(self, outcomes: Mapping[str, Outcome]) -> list[str]:
        rows = self._look().by_id
        late = {
            draft_id
            for draft_id, outcome in outcomes.items()
            if outcome.state in PASSING and draft_id in rows and rows[draft_id].state == "published"
        }
        outcomes = {each: outcome for each, outcome in outcomes.items() if each not in late}
        gone = self._place({each: outcome_cells(outcome) for each, outcome in outcomes.items()})
        self.published -= outcomes.keys()
        self.published |= {
            draft_id
            for draft_id, outcome in outcomes.items()
            if outcome.state == "published" and draft_id not in gone
        }
        return gone

    def _place(self, cells: Cells) -> list[str]:
        """Write states and addresses into the rows of their ids, as found by the last look.

        Returns the ids that have no row. Rows may have moved since that look: what landed in the
        row of another id, as the answer shows, is written again, and that row gets back its own.
        """
        looked = self.looked or self._look()
        ids: Sequence[str] = [row.draft_id for row in looked.rows]
        wanted: dict[str, Sequence[Cell]] = {
            draft_id: row.shown for draft_id, row in looked.by_id.items()
        } | {draft_id: given for draft_id, given in cells.items() if draft_id in looked.by_id}
        due = {ids.index(draft_id): draft_id for draft_id in cells if draft_id in looked.by_id}
        parts = {
            draft_id: dict(zip(OUTCOME, values, strict=True)) for draft_id, values in wanted.items()
        }
        if due:
            ids = self._write_until_right(due, parts, dict.fromkeys(OUTCOME, ""))
        return [draft_id for draft_id in cells if draft_id not in ids]

    def _forget(self, item_ids: Collection[str]) -> None:
        parts: dict[str, google_changes.Parts] = {}
        due: dict[int, str] = {}
        for place, (cell, post, detail) in enumerate(self.worksheet.read("id", POST, DETAILS)):
            draft_id, wiped = text_of(cell), ("", without_post(detail))
            theirs = is_of(cell, item_ids) and (post, detail) != wiped
            if theirs:
                due[place] = draft_id
            post_cell, details_cell = wiped if theirs else (post, detail)
            if draft_id:  # rows without one are people's, and may say anything
                parts.setdefault(draft_id, {POST: post_cell, DETAILS: details_cell})
        self._write_until_right(due, parts, {POST: "", DETAILS: ""})

    def _write_until_right(
        self,
        due: Mapping[int, str],
        wanted: Mapping[str, google_changes.Parts],
        otherwise: google_changes.Parts,
    ) -> Sequence[str]:
        self.looked = None
        return write_until_right(self.worksheet, due, wanted, otherwise)

    def _prepare(self) -> Prepared:
        self.worksheet.read()
        return Prepared(self.worksheet.address, self.worksheet.deeds_done())

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Wait for one's turn, for as long as the caller does: nothing may happen after that."""
        if not self.one_writer.acquire(timeout=self.calls.seconds):
            raise self.calls.silent()
        try:
            yield
        finally:
            self.one_writer.release()

    def _alone(self, work: Callable[[], T], tab: GoogleWorksheet | None = None) -> T:
        with self._turn():
            try:
                return (tab or self.worksheet).during(work)
            except VendorError:
                self.looked = None  # what we know of the sheet may be out of date
                raise
