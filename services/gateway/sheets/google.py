"""A Google Sheet as the curator's desk, by gspread.

- Curators sort, filter, insert and delete at any time, between our read and our write too. New rows
  are put in, never written over anything; an outcome's answer shows in which row it landed, and
  what landed in another one is put right.
- A call costs one read and one write of Google's sixty a minute as a rule. Decisions are told from
  the last read for a while, unless something was written since or the caller wants them fresh.
- No text is ever run as a formula.
- What makes a worksheet ready (names, boxes, colours) is written once, and only under a header
  that is ours.
"""

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import zip_longest
from typing import Any, TypeVar

import gspread
import structlog
from google.auth.exceptions import GoogleAuthError
from google.auth.exceptions import TransportError as TokenTransportError
from gspread.exceptions import APIError, SpreadsheetNotFound
from gspread.http_client import HTTPClient
from gspread.urls import SPREADSHEET_BATCH_UPDATE_URL
from gspread.utils import ValueInputOption, ValueRenderOption, a1_range_to_grid_range
from requests import Response

from services.common.problems import NotFoundError
from services.gateway.schemas import DecisionPage, Draft, Outcome
from services.gateway.sheets import google_changes, google_errors, layout
from services.gateway.sheets.google_session import GoogleSession
from services.gateway.sheets.header import fault_in, is_right
from services.gateway.sheets.ledger import Ledger
from services.gateway.sheets.records import arrive, records_in
from services.gateway.sheets.rows import (
    COLUMNS,
    DECIDED,
    DETAILS,
    LAST,
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
from services.gateway.sheets.sheet import Carried, DeskDraft
from services.gateway.vendor_calls import VendorCalls
from services.gateway.vendor_errors import VendorError

log = structlog.get_logger()

T = TypeVar("T")
Parts = Mapping[str, Sequence[Sequence[Cell]]]  # values by range
Cells = Mapping[str, Sequence[Cell]]  # state and address by draft id

HOSTS = ("https://sheets.googleapis.com", "https://www.googleapis.com")
# Google counts them apart.
READING, WRITING = "read", "write"
HOLDS = 50.0  # seconds; whoever looks every minute finds what is new
PLACINGS = 4  # how often a write is repeated whose rows move away under it
ROWS_AHEAD = 500
BATCH = 500  # records carried with one write
EVERYTHING = f"A2:{LAST}"
# Where people may write below the drafts (an empty checkbox may count as written).
BESIDE_CHECKBOXES = ("B2:F", "H2:H", f"J2:{LAST}")


@dataclass(frozen=True)
class SheetPlace:
    key: str
    worksheet: str


@dataclass(frozen=True)
class Prepared:
    """A worksheet that is ready: where people see it, and what had to be done."""

    address: str
    deeds: Sequence[str]


@dataclass
class Opened:
    """A worksheet, and which layout's mark it bears."""

    page: gspread.Worksheet
    mark: str | None


@dataclass(frozen=True)
class Looked:
    """What the rows said when they were read, Unix seconds, in their order."""

    at: float
    rows: Sequence[Row]
    by_id: Mapping[str, Row]


def redirected(base_url: str | None) -> type[HTTPClient]:
    """gspread's HTTP client, with Google's hosts replaced by the base URL."""

    class Redirected(HTTPClient):
        def request(self, method: str, endpoint: str, *args: Any, **how: Any) -> Response:  # noqa: ANN401 - as gspread calls it
            for host in HOSTS if base_url else ():
                if endpoint.startswith(host):
                    endpoint = f"{str(base_url).rstrip('/')}{endpoint.removeprefix(host)}"
            return super().request(method, endpoint, *args, **how)

    return Redirected


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
        self.account, self.place, self.calls, self.base_url = account, place, calls, base_url
        self.holds = holds
        self.ledger = Ledger()
        self.looked: Looked | None = None
        # An outcome silences a row's decisions only where we know that it belongs there.
        self.published: set[str] = set()
        self.session: GoogleSession | None = None
        self.client: gspread.Client | None = None
        self.opened: Opened | None = None
        self.deeds: list[str] = []  # what was done to make the worksheet ready
        # Held by the thread that works on the sheet, even one whose caller has given up: two
        # writers at once might choose the same rows.
        self.one_writer = threading.Lock()

    def close(self) -> None:
        if self.session is not None:
            self.session.close()

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

    async def records(self) -> list[DeskDraft]:
        work = partial(self._alone, partial(self._read, EVERYTHING))
        (rows,) = await self.calls.read(work, READING)
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
        ids, *others = self._read("A2:A", *BESIDE_CHECKBOXES)
        known = {_id_in(cells) for cells in ids}
        rows = {draft.id: new_row(draft) for draft in drafts if draft.id not in known}
        if rows:
            new.update(rows)
            below = 1 + max(map(len, (ids, *others)))
            self._change(google_changes.put_in(self._sheet_id, below, list(rows.values())))

    def _carry(self, records: Sequence[DeskDraft]) -> Carried:
        (rows,) = self._read(EVERYTHING)
        arrival = arrive(records, rows)
        requests = [
            google_changes.written(self._sheet_id, place + 1, first, [cells])
            for place, first, cells in arrival.fillings
        ]
        if arrival.new:
            requests += google_changes.put_in(self._sheet_id, 1 + arrival.height, arrival.new)
        if requests:
            self._change(requests)
        return arrival.carried

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
        return page, unclear

    def _look(self) -> Looked:
        ids, cells = self._read("A2:A", f"{DECIDED[0]}2:{DECIDED[1]}")
        rows = [
            read_row(cell[0] if cell else "", decided)
            for cell, decided in zip_longest(ids, cells, fillvalue=())
        ]
        self.looked = Looked(self.calls.clock(), rows, standing(rows))
        return self.looked

    def _mark_all(self, outcomes: Mapping[str, Outcome]) -> list[str]:
        self._look()
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
        parts = {draft_id: {OUTCOME[0]: values} for draft_id, values in wanted.items()}
        if due:
            ids = self._write_until_right(due, parts, {OUTCOME[0]: ("", "")})
        return [draft_id for draft_id in cells if draft_id not in ids]

    def _forget(self, item_ids: Collection[str]) -> None:
        ids, posts, details = self._read("A2:A", f"{POST}2:{POST}", f"{DETAILS}2:{DETAILS}")
        parts: dict[str, google_changes.Parts] = {}
        due: dict[int, str] = {}
        for place, cells in enumerate(zip_longest(ids, posts, details, fillvalue=())):
            draft_id, post, detail = (cell[0] if cell else "" for cell in cells)
            wiped = "", without_post(detail)
            if is_of(draft_id, item_ids) and (post, detail) != wiped:
                due[place] = text_of(draft_id)
                post, detail = wiped
            parts.setdefault(text_of(draft_id), {POST: [post], DETAILS: [detail]})
        self._write_until_right(due, parts, {POST: [""], DETAILS: [""]})

    def _write_until_right(
        self,
        due: Mapping[int, str],
        wanted: Mapping[str, google_changes.Parts],
        otherwise: google_changes.Parts,
    ) -> Sequence[str]:
        """Write the cells that are wanted of each id into the place where it is due, and again
        where rows moved meanwhile; returns the ids as they stood, by place."""
        ids: Sequence[str] = ()
        for _ in range(PLACINGS):
            if not due:
                break
            ids = self._write_placed({each: wanted.get(due[each], otherwise) for each in due})
            due = google_changes.still_due(due, ids)
        if due:
            raise google_errors.moving()
        return ids

    def _write_placed(self, cells: Mapping[int, google_changes.Parts]) -> list[str]:
        """Write by place, and return the ids as they stood at that moment."""
        page = self._open().page
        self.looked = None
        answer = page.client.request(
            "post",
            SPREADSHEET_BATCH_UPDATE_URL % page.spreadsheet_id,
            params={"fields": google_changes.ANSWERED},
            json=google_changes.placed(page.id, page.title, cells),
        )
        return google_changes.ids_in(answer.json())

    def _prepare(self) -> Prepared:
        self._read()
        deeds, self.deeds = self.deeds, []
        return Prepared(self._open().page.url, deeds)

    def _read(self, *ranges: str) -> list[list[Sequence[Cell]]]:
        """Ranges of the worksheet, whose header is checked with the same request."""
        header, *found = self._get("1:1", *ranges)
        names = header[0] if header else ()
        if not is_right(names):
            self._mend_header(names)
        if self._open().mark != layout.MARK["metadataValue"]:
            self._lay_out()
        return found

    def _get(self, *ranges: str) -> list[list[Sequence[Cell]]]:
        found = self._open().page.batch_get(
            ranges, value_render_option=ValueRenderOption.unformatted
        )
        for asked, values in zip(ranges, found, strict=True):
            if not _is_part(asked, values.range):
                message = f"{values.range} was not asked for"
                raise ValueError(message)
        return [list(values) for values in found]

    def _change(self, requests: list[google_changes.Request]) -> None:
        self.looked = None
        self._open().page.spreadsheet.batch_update({"requests": requests})

    def _write(self, parts: Parts) -> None:
        self.looked = None
        self._open().page.batch_update(
            [{"range": where, "values": values} for where, values in parts.items()],
            value_input_option=ValueInputOption.raw,
        )

    @property
    def _sheet_id(self) -> int:
        return self._open().page.id

    def _open(self) -> Opened:
        if self.opened is None:
            self.opened = self._find()
        return self.opened

    def _find(self) -> Opened:
        spreadsheet = self._client().open_by_key(self.place.key)
        for listed in spreadsheet.fetch_sheet_metadata()["sheets"]:
            properties = listed["properties"]
            if properties["title"] == self.place.worksheet:
                page = gspread.Worksheet(
                    spreadsheet, properties, spreadsheet.id, spreadsheet.client
                )
                found = Opened(page, layout.mark_on(listed))
                # Or our ranges would lie outside of the grid.
                rows = ROWS_AHEAD if page.row_count < 2 else None
                columns = len(COLUMNS) if page.col_count < len(COLUMNS) else None
                if rows or columns:
                    self._refuse_anothers(page)
                    self._grow(found, rows=rows, columns=columns)
                return found
        page = spreadsheet.add_worksheet(self.place.worksheet, ROWS_AHEAD, len(COLUMNS))
        self._did("made the worksheet")
        return Opened(page, mark=None)

    def _refuse_anothers(self, page: gspread.Worksheet) -> None:
        """Raise NotDoneError where a worksheet that is too small holds something else than ours."""
        option = ValueRenderOption.unformatted
        header, *rows = page.get_values(value_render_option=option) or [[]]
        ours = [row[: len(COLUMNS)] for row in rows]
        if not is_right(header) and (fault := fault_in(header, ours)):
            raise google_errors.not_ours(self.place.worksheet, fault)

    def _grow(self, opened: Opened, *, rows: int | None = None, columns: int | None = None) -> None:
        """Make the grid larger; what is not given stays as curators have it."""
        page = opened.page
        page.resize(rows, columns)
        if opened.mark is not None:
            page.spreadsheet.batch_update({"requests": layout.below(page.id)})

    def _client(self) -> gspread.Client:
        if self.client is None:
            try:
                self.session = GoogleSession(self.account, self.calls.timeout)
            except ValueError as error:  # a private key that is none
                raise google_errors.refused_key() from error
            self.client = gspread.Client(
                self.session.key, self.session.signed, redirected(self.base_url)
            )
        return self.client

    def _mend_header(self, header: Sequence[Cell]) -> None:
        """Put the names right where that is safe; raises NotDoneError where it is not."""
        (rows,) = self._get(EVERYTHING)
        if fault := fault_in(header, rows):
            raise google_errors.not_ours(self.place.worksheet, fault)
        self._write({f"A1:{LAST}1": [list(COLUMNS)]})
        self._did("put the header right" if any(header) or rows else "wrote the header")

    def _lay_out(self) -> None:
        opened = self._open()
        self.opened = None  # an answer that is lost leaves open whether it is laid
        page = opened.page
        lay = layout.whole if opened.mark is None else layout.renewed
        page.spreadsheet.batch_update({"requests": lay(page.id)})
        self.opened = opened
        opened.mark = layout.MARK["metadataValue"]
        self._did("laid out boxes, colours and protection")

    def _did(self, deed: str) -> None:
        self.deeds.append(deed)
        log.info("sheet.prepared", worksheet=self.place.worksheet, deed=deed)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Wait for one's turn, for as long as the caller does: nothing may happen after that."""
        if not self.one_writer.acquire(timeout=self.calls.seconds):
            raise self.calls.silent()
        try:
            yield
        finally:
            self.one_writer.release()

    def _alone(self, work: Callable[[], T]) -> T:
        with self._turn(), _typed(self._who()):
            try:
                return self._known(work)
            except APIError as error:
                if not google_errors.is_outside_the_grid(error.response):
                    raise
            return self._known(work)  # a curator made the grid smaller; nothing was written

    def _known(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except APIError:
            self.opened = self.looked = None  # what we know of the sheet may be out of date
            raise

    def _who(self) -> str:
        return str(self.account.get("client_email", "the service account"))


@contextmanager
def _typed(client_email: str) -> Iterator[None]:
    """Whatever gspread and google-auth raise in the block comes out as a VendorError."""
    try:
        yield
    except APIError as error:
        raise google_errors.error_from(error.response, client_email) from error
    except SpreadsheetNotFound as error:
        raise google_errors.no_spreadsheet() from error
    except PermissionError as error:
        response = getattr(error.__cause__, "response", None)
        raise google_errors.not_shared(client_email, response) from error
    except TokenTransportError as error:
        raise google_errors.no_token() from error
    except GoogleAuthError as error:
        raise (
            google_errors.no_token() if error.retryable else google_errors.refused_key()
        ) from error
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise google_errors.unreadable(error) from error


def _is_part(asked: str, answered: str) -> bool:
    """Whether a range is the one asked for, whose open ends lie at the grid's edges."""
    wanted = a1_range_to_grid_range(asked)
    found = a1_range_to_grid_range(answered.rpartition("!")[2])
    return all(found.get(end) == place for end, place in wanted.items())


def _id_in(cells: Sequence[Cell]) -> str:
    return text_of(cells[0]) if cells else ""
