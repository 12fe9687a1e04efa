"""A Google Sheet as the curator's desk, by gspread (the only file that knows it).

Rows are found by the id in column A at every call, never by position: curators sort, filter and
delete. A call costs one read and at most one write of Google's sixty a minute; writes are RAW and
go to explicit ranges, so that repeating one does no harm and no text is ever run as a formula.
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
from google.auth.exceptions import GoogleAuthError
from google.auth.exceptions import TransportError as TokenTransportError
from gspread.exceptions import APIError, SpreadsheetNotFound, WorksheetNotFound
from gspread.http_client import HTTPClient
from gspread.utils import ValidationConditionType, ValueInputOption, ValueRenderOption
from requests import Response

from services.common.problems import NotFoundError
from services.gateway.schemas import DecisionPage, Draft, Outcome
from services.gateway.sheets.ledger import Ledger
from services.gateway.sheets.rows import (
    CHECKBOXES,
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
from services.gateway.vendor_calls import VendorCalls
from services.gateway.vendor_errors import (
    BusyVendorError,
    CredentialsError,
    FailedVendorError,
    NotDoneError,
    RefusedByVendorError,
    UnreachableError,
    VendorError,
)

T = TypeVar("T")

VENDOR = "google"
SCOPES = ("https://www.googleapis.com/auth/spreadsheets",)
HOSTS = ("https://sheets.googleapis.com", "https://www.googleapis.com")
ROWS_AHEAD = 500
QUOTA_SECONDS = 60.0
# Where people may write below the drafts (an empty checkbox may count as written).
BESIDE_CHECKBOXES = ("B2:F", "H2:H", "J2:L")


@dataclass(frozen=True)
class SheetPlace:
    key: str
    worksheet: str


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
        self.client: gspread.Client | None = None
        self.opened: gspread.Worksheet | None = None
        # Held by the thread that works on the sheet, even one whose caller has given up: two
        # writers at once might choose the same rows.
        self.one_writer = threading.Lock()

    def close(self) -> None:
        if self.client is not None:
            self.client.http_client.session.close()

    async def upsert(self, drafts: Sequence[Draft]) -> int:
        new: set[str] = set()
        await self.calls.read(partial(self._alone, partial(self._upsert, drafts, new)))
        return len(new)

    async def decisions(self, since: str | None, limit: int) -> DecisionPage:
        rows = await self.calls.read(partial(self._alone, self._rows))
        return self.ledger.page(rows, since, limit, datetime.now(UTC))

    async def mark(self, draft_id: str, outcome: Outcome) -> None:
        await self.calls.read(partial(self._alone, partial(self._mark, draft_id, outcome)))

    def _upsert(self, drafts: Sequence[Draft], new: set[str]) -> None:
        """New drafts go below the last row, notes included; what stands in the sheet stays.

        `new` collects their ids over all attempts: one whose answer was lost may have written.
        """
        ids, *others = self._read("A2:A", *BESIDE_CHECKBOXES)
        known = {_id_in(cells) for cells in ids}
        rows = {draft.id: new_row(draft) for draft in drafts if draft.id not in known}
        if not rows:
            return
        new.update(rows)
        first = max(map(len, (ids, *others))) + 2
        last = first + len(rows) - 1
        self._make_room(last)
        self._write(f"A{first}:{LAST}{last}", list(rows.values()))

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
        self._write(f"{OUTCOME[0]}{row}:{OUTCOME[1]}{row}", [outcome_cells(outcome)])

    def _ids(self) -> list[str]:
        """Column A below the header; an empty text where a row has no id."""
        (ids,) = self._read("A2:A")
        return [_id_in(cells) for cells in ids]

    def _read(self, *ranges: str) -> list[list[Sequence[Cell]]]:
        """Ranges of the worksheet, whose header is checked with the same request."""
        worksheet = self._worksheet()
        header, *found = worksheet.batch_get(
            [f"A1:{LAST}1", *ranges], value_render_option=ValueRenderOption.unformatted
        )
        self._check_header([str(cell) for cell in header[0]] if header else [])
        return [list(values) for values in found]

    def _write(self, where: str, values: list[list[Cell]]) -> None:
        self._worksheet().batch_update(
            [{"range": where, "values": values}], value_input_option=ValueInputOption.raw
        )

    def _make_room(self, last: int) -> None:
        """Add rows where the grid ends above the last one to be written."""
        worksheet = self._worksheet()
        if last <= worksheet.row_count:
            return
        worksheet = self._worksheet(again=True)  # curators add rows too
        if last > worksheet.row_count:
            worksheet.add_rows(last - worksheet.row_count + ROWS_AHEAD)
            self._add_checkboxes(worksheet)

    def _worksheet(self, *, again: bool = False) -> gspread.Worksheet:
        if self.opened is None or again:
            self.opened = self._open()
        return self.opened

    def _open(self) -> gspread.Worksheet:
        spreadsheet = self._client().open_by_key(self.place.key)
        try:
            return spreadsheet.worksheet(self.place.worksheet)
        except WorksheetNotFound:
            return spreadsheet.add_worksheet(self.place.worksheet, ROWS_AHEAD, len(COLUMNS))

    def _client(self) -> gspread.Client:
        if self.client is None:
            self.client = gspread.service_account_from_dict(
                self.account, scopes=SCOPES, http_client=redirected(self.base_url)
            )
            self.client.set_timeout(self.calls.timeout)
        return self.client

    def _check_header(self, header: list[str]) -> None:
        if header == list(COLUMNS):
            return
        if any(header):
            detail = (
                f"row 1 of the worksheet {self.place.worksheet!r} is {', '.join(header)}; it must "
                f"be {', '.join(COLUMNS)}. Put it back, or name another in GOOGLE_WORKSHEET."
            )
            raise NotDoneError(VENDOR, detail, retry_after=60)
        worksheet = self._worksheet()
        self._write(f"A1:{LAST}1", [list(COLUMNS)])
        self._add_checkboxes(worksheet)
        worksheet.freeze(rows=1)

    def _add_checkboxes(self, worksheet: gspread.Worksheet) -> None:
        for column in CHECKBOXES:
            worksheet.add_validation(
                f"{column}2:{column}",
                ValidationConditionType.boolean,
                [],
                strict=True,
                showCustomUi=True,
            )

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
                raise self._error_from(error.response) from error
            except SpreadsheetNotFound as error:
                detail = "GOOGLE_SHEET_KEY names no spreadsheet."
                raise CredentialsError(VENDOR, detail, retry_after=600) from error
            except PermissionError as error:
                raise self._not_shared() from error
            except TokenTransportError as error:
                raise UnreachableError(VENDOR, "it gives no token now.", retry_after=30) from error
            except GoogleAuthError as error:
                detail = "it refuses the key in GOOGLE_SERVICE_ACCOUNT_FILE."
                raise CredentialsError(VENDOR, detail, retry_after=600) from error
            except (AttributeError, IndexError, KeyError, TypeError) as error:
                detail = f"its answer cannot be read ({type(error).__name__})."
                raise FailedVendorError(VENDOR, detail, retry_after=5) from error

    def _error_from(self, response: Response) -> VendorError:
        status = response.status_code
        if status in {401, 403}:
            return self._not_shared()
        if status == 404:
            detail = "GOOGLE_SHEET_KEY names no spreadsheet."
            return CredentialsError(VENDOR, detail, retry_after=600)
        if status == 429:
            detail = "the quota of this minute is used up."
            return BusyVendorError(VENDOR, detail, retry_after=QUOTA_SECONDS)
        if status >= 500:
            return FailedVendorError(VENDOR, f"it is unwell (status {status}).", retry_after=10)
        return RefusedByVendorError(VENDOR, f"it refuses (status {status}): {_said(response)}")

    def _not_shared(self) -> CredentialsError:
        who = self.account.get("client_email", "the service account")
        detail = f"the spreadsheet is not open to {who}; share it with that address as Editor."
        return CredentialsError(VENDOR, detail, retry_after=600)


def _id_in(cells: Sequence[Cell]) -> str:
    return text_of(cells[0]) if cells else ""


def _said(response: Response) -> str:
    try:
        return str(response.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return "no reason given"
