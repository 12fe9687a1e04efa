"""A Google Sheet as the curator's desk, by gspread (the only file that knows it).

Rows are found by the id in column A at every call, never by position: curators sort, filter and
delete. A call costs one read and at most one write of Google's sixty a minute; writes are RAW and
go to explicit ranges, so that repeating one does no harm and no text is ever run as a formula.
What makes a worksheet ready (names, boxes, colours) is written once, and only under a header
that is ours.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
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
from gspread.utils import ValueInputOption, ValueRenderOption
from requests import Response

from services.common.problems import NotFoundError
from services.gateway.schemas import DecisionPage, Draft, Outcome
from services.gateway.sheets import google_errors, layout
from services.gateway.sheets.google_session import GoogleSession
from services.gateway.sheets.header import fault_in, is_right
from services.gateway.sheets.ledger import Ledger
from services.gateway.sheets.records import arrive, records_in
from services.gateway.sheets.rows import (
    COLUMNS,
    DECIDED,
    LAST,
    OUTCOME,
    Cell,
    Row,
    new_row,
    outcome_cells,
    read_row,
    text_of,
)
from services.gateway.sheets.sheet import Carried, DeskDraft
from services.gateway.vendor_calls import VendorCalls

log = structlog.get_logger()

T = TypeVar("T")
Parts = Mapping[str, Sequence[Sequence[Cell]]]  # values by range

HOSTS = ("https://sheets.googleapis.com", "https://www.googleapis.com")
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
    """A worksheet, and whether it bears the layout's mark."""

    page: gspread.Worksheet
    laid: bool


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
    """Drafts in one worksheet. It is opened by the first call and kept open."""

    def __init__(
        self,
        account: Mapping[str, Any],
        place: SheetPlace,
        calls: VendorCalls,
        *,
        base_url: str | None = None,
    ) -> None:
        self.account, self.place, self.calls, self.base_url = account, place, calls, base_url
        self.ledger = Ledger()
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
        await self.calls.read(partial(self._alone, partial(self._upsert, drafts, new)))
        return len(new)

    async def decisions(self, since: str | None, limit: int) -> DecisionPage:
        rows = await self.calls.read(partial(self._alone, self._rows))
        return self.ledger.page(rows, since, limit, datetime.now(UTC))

    async def mark(self, draft_id: str, outcome: Outcome) -> None:
        await self.calls.read(partial(self._alone, partial(self._mark, draft_id, outcome)))

    async def records(self) -> list[DeskDraft]:
        (rows,) = await self.calls.read(partial(self._alone, partial(self._read, EVERYTHING)))
        return list(records_in(rows, datetime.now(UTC)))

    async def carry(self, records: Sequence[DeskDraft]) -> Carried:
        """As `Movable` says. Nobody else may write rows meanwhile: the bot must be stopped."""
        carried = Carried()
        for first in range(0, len(records), BATCH):
            batch = records[first : first + BATCH]
            carry = partial(self._alone, partial(self._carry, batch))
            # Once: what a lost answer had written would be counted as found there.
            carried += await self.calls.once(carry)
        return carried

    async def prepare(self) -> Prepared:
        """Make the worksheet ready for curators; the same again does nothing."""
        return await self.calls.read(partial(self._alone, self._prepare))

    def _upsert(self, drafts: Sequence[Draft], new: set[str]) -> None:
        """New drafts go below the last row, notes included; what stands in the sheet stays.

        `new` collects their ids over all attempts: one whose answer was lost may have written.
        """
        ids, *others = self._read("A2:A", *BESIDE_CHECKBOXES)
        known = {_id_in(cells) for cells in ids}
        rows = {draft.id: new_row(draft) for draft in drafts if draft.id not in known}
        if rows:
            new.update(rows)
            self._write(self._below(max(map(len, (ids, *others))), list(rows.values())))

    def _carry(self, records: Sequence[DeskDraft]) -> Carried:
        (rows,) = self._read(EVERYTHING)
        arrival = arrive(records, rows)
        parts: dict[str, Sequence[Sequence[Cell]]] = {**arrival.fillings}
        if arrival.new:
            parts.update(self._below(arrival.height, arrival.new))
        if parts:
            self._write(parts)
        return arrival.carried

    def _rows(self) -> dict[str, Row]:
        """Every row that has an id, by its id."""
        ids, cells = self._read("A2:A", f"{DECIDED[0]}2:{DECIDED[1]}")
        rows = (
            read_row(cell[0], decided)
            for cell, decided in zip_longest(ids, cells, fillvalue=())
            if cell and cell[0] != ""
        )
        return {row.draft_id: row for row in rows}

    def _mark(self, draft_id: str, outcome: Outcome) -> None:
        ids = self._ids()
        if draft_id not in ids:
            raise NotFoundError(f"There is no draft {draft_id!r} in the sheet.")
        row = ids.index(draft_id) + 2
        self._write({f"{OUTCOME[0]}{row}:{OUTCOME[1]}{row}": [outcome_cells(outcome)]})

    def _prepare(self) -> Prepared:
        self._read()
        deeds, self.deeds = self.deeds, []
        return Prepared(self._open().page.url, deeds)

    def _ids(self) -> list[str]:
        """Column A below the header; an empty text where a row has no id."""
        (ids,) = self._read("A2:A")
        return [_id_in(cells) for cells in ids]

    def _read(self, *ranges: str) -> list[list[Sequence[Cell]]]:
        """Ranges of the worksheet, whose header is checked with the same request."""
        header, *found = self._get("1:1", *ranges)
        names = header[0] if header else ()
        if not is_right(names):
            self._mend_header(names)
        if not self._open().laid:
            self._lay_out()
        return found

    def _get(self, *ranges: str) -> list[list[Sequence[Cell]]]:
        found = self._open().page.batch_get(
            ranges, value_render_option=ValueRenderOption.unformatted
        )
        return [list(values) for values in found]

    def _write(self, parts: Parts) -> None:
        self._open().page.batch_update(
            [{"range": where, "values": values} for where, values in parts.items()],
            value_input_option=ValueInputOption.raw,
        )

    def _below(self, height: int, rows: list[list[Cell]]) -> Parts:
        """The rows below so many others, with room made for them."""
        first, last = height + 2, height + 1 + len(rows)
        self._make_room(last)
        return {f"A{first}:{LAST}{last}": rows}

    def _make_room(self, last: int) -> None:
        """Add rows where the grid ends above the last one to be written."""
        if last <= self._open().page.row_count:
            return
        self.opened = None  # curators add rows too
        opened = self._open()
        if last > opened.page.row_count:
            self._grow(opened, rows=last + ROWS_AHEAD)

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
                found = Opened(page, layout.is_laid(listed))
                # Or our ranges would lie outside of the grid.
                rows = ROWS_AHEAD if page.row_count < 2 else None
                columns = len(COLUMNS) if page.col_count < len(COLUMNS) else None
                if rows or columns:
                    self._grow(found, rows=rows, columns=columns)
                return found
        page = spreadsheet.add_worksheet(self.place.worksheet, ROWS_AHEAD, len(COLUMNS))
        self._did("made the worksheet")
        return Opened(page, laid=False)

    def _grow(self, opened: Opened, *, rows: int | None = None, columns: int | None = None) -> None:
        """Make the grid larger; what is not given stays as curators have it."""
        page = opened.page
        page.resize(rows, columns)
        if opened.laid:
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
        page.spreadsheet.batch_update({"requests": layout.whole(page.id)})
        self.opened = opened
        opened.laid = True
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
        with self._turn():
            try:
                return work()
            except APIError as error:
                self.opened = None  # what we know of the sheet may be out of date
                raise google_errors.error_from(error.response, self._who()) from error
            except SpreadsheetNotFound as error:
                raise google_errors.no_spreadsheet() from error
            except PermissionError as error:
                raise google_errors.not_shared(self._who()) from error
            except TokenTransportError as error:
                raise google_errors.no_token() from error
            except GoogleAuthError as error:
                raise google_errors.refused_key() from error
            except (AttributeError, IndexError, KeyError, TypeError) as error:
                raise google_errors.unreadable(error) from error

    def _who(self) -> str:
        return str(self.account.get("client_email", "the service account"))


def _id_in(cells: Sequence[Cell]) -> str:
    return text_of(cells[0]) if cells else ""
