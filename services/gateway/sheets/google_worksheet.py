"""One worksheet of a Google spreadsheet, by gspread (the only file that knows it).

- It is opened by the first call and kept open; it is made where there is none.
- What makes it ready (names, boxes, colours) is written once, and only under a header that is ours:
  row 1 is checked with every reading, and says where our columns stand now.
- Requests are made one after the other by whoever holds the sheet's turn.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import zip_longest
from typing import Any, TypeVar

import gspread
import structlog
from google.auth.exceptions import GoogleAuthError
from google.auth.exceptions import TransportError as TokenTransportError
from gspread.exceptions import APIError, SpreadsheetNotFound
from gspread.http_client import HTTPClient
from gspread.urls import SPREADSHEET_BATCH_UPDATE_URL, SPREADSHEET_URL
from gspread.utils import (
    ValueInputOption,
    ValueRenderOption,
    a1_range_to_grid_range,
    absolute_range_name,
)
from requests import Response

from services.gateway.patience import Timeout
from services.gateway.sheets import google_changes, google_errors, layout, legend
from services.gateway.sheets.columns import Places, letter, places_in, runs, stand
from services.gateway.sheets.forms import DRAFTS, Form
from services.gateway.sheets.google_session import GoogleSession
from services.gateway.sheets.rows import Cell

log = structlog.get_logger()

T = TypeVar("T")
Parts = Mapping[str, Sequence[Sequence[Cell]]]  # values by range

HOSTS = ("https://sheets.googleapis.com", "https://www.googleapis.com")
VALUES_BY_FILTER_URL = f"{SPREADSHEET_URL}/values:batchUpdateByDataFilter"
ROWS_AHEAD = 500
LOOKS = 6  # how often a reading or a write is repeated whose columns move away under it


@dataclass(frozen=True)
class SheetPlace:
    key: str
    worksheet: str


@dataclass
class Opened:
    """A worksheet: which layout's mark it bears, and which series of tags on its columns; every
    tab's id by its title; where our columns stood last."""

    page: gspread.Worksheet
    mark: str | None
    series: str | None
    tabs: Mapping[str, int]
    places: Places


def redirected(base_url: str | None) -> type[HTTPClient]:
    """gspread's HTTP client, with Google's hosts replaced by the base URL."""

    class Redirected(HTTPClient):
        def request(self, method: str, endpoint: str, *args: Any, **how: Any) -> Response:  # noqa: ANN401 - as gspread calls it
            for host in HOSTS if base_url else ():
                if endpoint.startswith(host):
                    endpoint = f"{str(base_url).rstrip('/')}{endpoint.removeprefix(host)}"
            return super().request(method, endpoint, *args, **how)

    return Redirected


class GoogleWorksheet:
    """Every method raises what gspread and google-auth do; see `during`."""

    def __init__(
        self,
        account: Mapping[str, Any],
        place: SheetPlace,
        timeout: Timeout,
        base_url: str | None,
        form: Form = DRAFTS,
    ) -> None:
        self.account, self.place, self.form = account, place, form
        self.timeout, self.base_url = timeout, base_url
        self.session: GoogleSession | None = None
        self.known_client: gspread.Client | None = None
        self.opened: Opened | None = None
        self.deeds: list[str] = []

    def close(self) -> None:
        if self.session is not None:
            self.session.close()

    @property
    def id(self) -> int:
        return self.open().page.id

    @property
    def address(self) -> str:
        """Where people see it."""
        return self.open().page.url

    def deeds_done(self) -> list[str]:
        """What was done to make it ready, since this was asked last."""
        deeds, self.deeds = self.deeds, []
        return deeds

    def during(self, work: Callable[[], T]) -> T:
        """Do what uses this worksheet; what goes wrong at Google comes out as a VendorError."""
        with _typed(self._who()):
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
            self.opened = None  # what we know of the sheet may be out of date
            raise

    def _who(self) -> str:
        return str(self.account.get("client_email", "the service account"))

    def read(self, *names: str) -> list[list[Cell]]:
        """The cells of our columns, row by row below the header, which is checked with the same
        request; columns that were moved are looked for again."""
        for _ in range(LOOKS):
            places = self.open().places
            ranges = [
                f"{letter(places[run[0]])}2:{letter(places[run[-1]])}"
                for run in runs(places, names)
            ]
            header, *found = self.values("1:1", *ranges)
            self._find_columns(header[0] if header else ())
            if self.open().places == places and self._is_ready():
                widths = [len(run) for run in runs(places, names)]
                return [_joined(parts, widths) for parts in zip_longest(*found, fillvalue=())]
        raise google_errors.moving()

    def _is_ready(self) -> bool:
        """Make it so, under the header just read; false where columns moved meanwhile."""
        if self.open().mark != layout.MARK["metadataValue"]:
            self._lay_out()
        return self.open().series is not None or self._tag()

    def _find_columns(self, header: Sequence[Cell]) -> None:
        """Where our columns stand now; raises NotDoneError where row 1 does not say it."""
        opened = self.open()
        if stand(header, opened.places):
            return
        if (places := places_in(header, self.form.made)) is None:
            self._mend_header(header)
            places = self.form.made
        self.open().places = places

    def values(self, *ranges: str) -> list[list[Sequence[Cell]]]:
        found = self.open().page.batch_get(
            ranges, value_render_option=ValueRenderOption.unformatted
        )
        for asked, values in zip(ranges, found, strict=True):
            if not _is_part(asked, values.range):
                message = f"{values.range} was not asked for"
                raise ValueError(message)
        return [list(values) for values in found]

    def put_in(self, row: int, rows: Sequence[Sequence[Cell]]) -> bool:
        """New rows above the one at `row`, as read last; false where a column was moved meanwhile,
        which leaves the new cells in wrong columns (and no other cell)."""
        opened = self.open()
        sheet_id, places = opened.page.id, opened.places
        looks = self.form.below(sheet_id, places, top=row, bottom=row + len(rows))
        requests = google_changes.put_in(sheet_id, row, places, rows, looks)
        return stand(self._change(requests), opened.places)

    def write_placed(self, cells: Mapping[int, google_changes.Parts]) -> list[str]:
        """Write by place and column, and return the ids as they stood at that moment."""
        for attempt in range(LOOKS):
            opened = self.open()
            if opened.series is None:
                self.read("id")
                continue
            try:
                found = self._write_tagged(opened.page, opened.series, cells)
            except APIError as error:
                if attempt > 0 or not google_errors.may_be_of_a_filter(error.response):
                    raise
                found = {}
            named = {name for name, column in found.items() if column[:1] == [name]}
            if {"id"}.union(*cells.values()) <= named:
                return google_changes.ids_of(found["id"][1:])
            # A tag is gone, or stands on another column: somebody pasted one over the other.
            opened.series = None
        raise google_errors.moving()

    def _write_tagged(
        self, page: gspread.Worksheet, series: str, cells: Mapping[int, google_changes.Parts]
    ) -> dict[str, list[Cell]]:
        answer = page.client.request(
            "post",
            VALUES_BY_FILTER_URL % page.spreadsheet_id,
            params={"fields": google_changes.COLUMNS_SHOWN},
            json=google_changes.placed(page.id, series, cells),
        )
        return google_changes.columns_in(answer.json())

    def _tag(self) -> bool:
        """Tag our columns where they stand, and say so once it is sure that they stood there."""
        opened = self.open()
        series = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
        tags = google_changes.tags(opened.page.id, series, opened.places)
        if not stand(self._change(tags), opened.places):
            return False
        self._change([google_changes.tagged(opened.page.id, series)])
        opened.series = series
        return True

    def _change(self, requests: Sequence[google_changes.Request]) -> list[Cell]:
        """Returns row 1 as it stood when all was done."""
        page = self.open().page
        answer = page.client.request(
            "post",
            SPREADSHEET_BATCH_UPDATE_URL % page.spreadsheet_id,
            params={"fields": google_changes.HEADER_SHOWN},
            json=google_changes.showing_header(page.title, requests),
        )
        return google_changes.header_in(answer.json())

    def write(self, parts: Parts) -> None:
        self.open().page.batch_update(
            [{"range": where, "values": values} for where, values in parts.items()],
            value_input_option=ValueInputOption.raw,
        )

    def open(self) -> Opened:
        if self.opened is None:
            self.opened = self._find()
        return self.opened

    def _find(self) -> Opened:
        spreadsheet = self.client().open_by_key(self.place.key)
        sheets = spreadsheet.fetch_sheet_metadata()["sheets"]
        tabs = {each["properties"]["title"]: each["properties"]["sheetId"] for each in sheets}
        for listed in sheets:
            properties = listed["properties"]
            if properties["title"] == self.place.worksheet:
                page = gspread.Worksheet(
                    spreadsheet, properties, spreadsheet.id, spreadsheet.client
                )
                series = layout.mark_on(listed, google_changes.TAGGED)
                found = Opened(page, layout.mark_on(listed), series, tabs, self.form.made)
                # Or our ranges would lie outside of the grid.
                rows = ROWS_AHEAD if page.row_count < 2 else None
                columns = len(self.form.made) if page.col_count < len(self.form.made) else None
                if rows or columns:
                    found.places = self._places_on(page)
                    self._grow(found, rows=rows, columns=columns)
                return found
        page = spreadsheet.add_worksheet(self.place.worksheet, ROWS_AHEAD, len(self.form.made))
        self._did("made the worksheet")
        return Opened(page, None, None, {**tabs, page.title: page.id}, self.form.made)

    def _places_on(self, page: gspread.Worksheet) -> Places:
        """Where our columns stand on a worksheet that is too small; raises NotDoneError where it
        holds something else than ours."""
        option = ValueRenderOption.unformatted
        header, *rows = page.get_values(value_render_option=option) or [[]]
        ours = [row[: len(self.form.made)] for row in rows]
        places = places_in(header, self.form.made)
        if places is None and (fault := self.form.fault_in(header, ours)):
            raise google_errors.not_ours(self.place.worksheet, fault, self.form.otherwise)
        return places or self.form.made

    def _grow(self, opened: Opened, *, rows: int | None = None, columns: int | None = None) -> None:
        """Make the grid larger; what is not given stays as curators have it."""
        page = opened.page
        page.resize(rows, columns)
        if opened.mark is not None:
            requests = self.form.below(page.id, opened.places)
            page.spreadsheet.batch_update({"requests": requests})

    def client(self) -> gspread.Client:
        if self.known_client is None:
            try:
                self.session = GoogleSession(self.account, self.timeout)
            except ValueError as error:  # a private key that is none
                raise google_errors.refused_key() from error
            self.known_client = gspread.Client(
                self.session.key, self.session.signed, redirected(self.base_url)
            )
        return self.known_client

    def _mend_header(self, header: Sequence[Cell]) -> None:
        """Put the names right where that is safe; raises NotDoneError where it is not."""
        last = letter(len(self.form.made) - 1)
        (rows,) = self.values(f"A2:{last}")
        if fault := self.form.fault_in(header, rows):
            raise google_errors.not_ours(self.place.worksheet, fault, self.form.otherwise)
        self.write({f"A1:{last}1": [list(self.form.made)]})
        self._did("put the header right" if any(header) or rows else "wrote the header")

    def _lay_out(self) -> None:
        opened = self.open()
        self.opened = None  # an answer that is lost leaves open whether it is laid
        page = opened.page
        requests = [*self._looks(opened), *self._legend(opened), layout.marked(page.id)]
        page.spreadsheet.batch_update({"requests": requests})
        self.opened = opened
        opened.mark = layout.MARK["metadataValue"]
        self._did("laid out boxes, colours and protection")

    def _looks(self, opened: Opened) -> list[google_changes.Request]:
        if opened.mark is None:
            return self.form.whole(opened.page.id, opened.places)
        return self.form.renewed(opened.page.id, opened.mark, opened.places)

    def _legend(self, opened: Opened) -> list[google_changes.Request]:
        """The legend's tab, and its drop-down where curators have no rule of their own."""
        title = legend.free_title(opened.tabs) if self.form.has_legend else None
        if title is None:
            return []
        taken = set(opened.tabs.values())
        legend_id = next(free for free in range(1, len(taken) + 2) if free not in taken)
        requests = legend.made(legend_id, title)
        if opened.mark is None or not self._has_rules("reason"):
            requests.append(legend.reasons(opened.page.id, title, opened.places))
        return requests

    def _has_rules(self, name: str) -> bool:
        """Whether a curator laid a rule over a column."""
        page, place = self.open().page, letter(self.open().places[name])
        answer = page.spreadsheet.fetch_sheet_metadata(
            {
                "includeGridData": "true",
                "ranges": absolute_range_name(page.title, f"{place}2:{place}"),
                "fields": "sheets.data.rowData.values.dataValidation",
            }
        )
        rows = [row for sheet in answer["sheets"] for row in sheet["data"][0].get("rowData", [])]
        return any("dataValidation" in cell for row in rows for cell in row.get("values", []))

    def _did(self, deed: str) -> None:
        self.deeds.append(deed)
        log.info("sheet.prepared", worksheet=self.place.worksheet, deed=deed)


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


def _joined(parts: Sequence[Sequence[Cell]], widths: Sequence[int]) -> list[Cell]:
    """One row of several ranges, with the empty cells that Google leaves out."""
    return [
        cell
        for part, width in zip(parts, widths, strict=True)
        for cell in [*part, *[""] * width][:width]
    ]


def _is_part(asked: str, answered: str) -> bool:
    """Whether a range is the one asked for, whose open ends lie at the grid's edges."""
    wanted = a1_range_to_grid_range(asked)
    found = a1_range_to_grid_range(answered.rpartition("!")[2])
    return all(found.get(end) == place for end, place in wanted.items())
