"""Recorded bytes of Google, served again as they came, to gspread and to our sheet.

The recordings are read from `../shared/recordings` and are no part of the repository.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

import gspread
import pytest
from gspread.exceptions import APIError, SpreadsheetNotFound

from services.gateway.sheets.google import GoogleSheet
from services.gateway.sheets.google_worksheet import SheetPlace
from services.gateway.vendor_calls import VendorCalls, VendorMetrics
from services.gateway.vendor_errors import CredentialsError
from tests.service_account import at_work, service_account
from tests.services.recorded import NEEDS_RECORDINGS, RECORDINGS

pytestmark = NEEDS_RECORDINGS

# Texts, which are all that was recorded, come the same with it as without.
UNFORMATTED = ("valueRenderOption", "UNFORMATTED_VALUE")
TOKEN = b'{"access_token": "a", "expires_in": 3599, "token_type": "Bearer"}'
ANOTHERS = "1jIKzPs8LsiZZdLdeMEP-5ZIHw6RkjiOmj1LrJN706Yc"


class Exchange(NamedTuple):
    method: str
    path: str
    body: str | None
    status: int
    answer: bytes


class Asked(NamedTuple):
    method: str
    path: str
    body: bytes


class Replay:
    """Google as it was recorded: every request gets the first answer left to its like."""

    def __init__(self, base: str, left: list[Exchange]) -> None:
        self.base, self.left = base, left
        self.asked: list[Asked] = []

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        if path == "/token":
            return 200, TOKEN
        self.asked.append(Asked(method, path, body))
        for exchange in self.left:
            if (exchange.method, meaning(exchange.path)) == (method, meaning(path)):
                self.left.remove(exchange)
                return exchange.status, exchange.answer
        return 501, b"this was not recorded"

    @property
    def key(self) -> str:
        """The spreadsheet that the recording was made of, in its second run."""
        made = [each for each in self.left if each.path.startswith("/drive/v3/files?")]
        return str(json.loads(made[-1].answer)["id"])

    def sent(self, ending: str) -> object:
        """What was sent to a path that ends so, last; a null is as good as nothing to Google."""
        asked = next(each for each in reversed(self.asked) if each.path.endswith(ending))
        return {key: value for key, value in json.loads(asked.body).items() if value is not None}

    def recorded(self, ending: str) -> object:
        found = next(each for each in self.left if each.path.endswith(ending))
        return json.loads(found.body or "null")


def meaning(path: str) -> tuple[str, list[tuple[str, str]]]:
    """A path and its query, however they are escaped."""
    url = urlsplit(path)
    query = parse_qsl(url.query, keep_blank_values=True)
    return unquote(url.path), [each for each in query if each != UNFORMATTED]


def exchanges(name: str) -> list[Exchange]:
    recording = json.loads((RECORDINGS / "google_sheets" / name).read_text(encoding="utf-8"))
    found = []
    for each in recording["interactions"]:
        asked, answer = each["request"], each["response"]
        url = urlsplit(asked["uri"])
        path = f"{url.path}?{url.query}" if url.query else url.path
        body = answer["body"]["string"].encode()
        found.append(Exchange(asked["method"], path, asked["body"], answer["status"]["code"], body))
    return found


@contextmanager
def replayed(name: str) -> Iterator[Replay]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            status, answer = replaying.answer(self.command, self.path, body)
            self.send_response(status)
            self.send_header("content-type", "application/json; charset=UTF-8")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - as the base class calls them

        def log_message(self, *_: object) -> None:
            """Nothing is logged."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    replaying = Replay(f"http://127.0.0.1:{server.server_address[1]}", exchanges(name))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield replaying
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()


@pytest.fixture
def replay(request: pytest.FixtureRequest) -> Iterator[Replay]:
    with replayed(request.param) as replaying:
        yield replaying


@pytest.fixture
def client(replay: Replay) -> Iterator[gspread.Client]:
    with at_work(replay.base) as client:
        yield client


@pytest.fixture
def open_sheet(replay: Replay, metrics: VendorMetrics) -> Iterator[Callable[[str], GoogleSheet]]:
    """Our sheet on a recorded spreadsheet, of which we know the one worksheet."""
    opened: list[GoogleSheet] = []

    def open_sheet(key: str) -> GoogleSheet:
        calls = VendorCalls("google", 5.0, metrics)
        account = service_account(replay.base)
        place = SheetPlace(key, "Sheet1")
        opened.append(GoogleSheet(account, place, calls, base_url=replay.base))
        return opened[-1]

    yield open_sheet
    for sheet in opened:
        sheet.close()


def recording(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("replay", [f"{name}.json"], indirect=True)


@recording("SpreadsheetTest.test_worksheets")
def test_gspread_lists_the_recorded_worksheets(replay: Replay, client: gspread.Client) -> None:
    spreadsheet = client.open_by_key(replay.key)
    assert spreadsheet.title == "Test SpreadsheetTest test_worksheets"
    assert [worksheet.title for worksheet in spreadsheet.worksheets()] == ["Sheet1"]
    spreadsheet.add_worksheet("finances", 100, 100)
    titles = [(each.title, each.row_count) for each in spreadsheet.worksheets()]
    assert titles == [("Sheet1", 1000), ("finances", 100)]


@recording("WorksheetTest.test_append_row")
def test_gspread_appends_as_recorded(replay: Replay, client: gspread.Client) -> None:
    values = [f"test_append_row {number}" for number in range(1, 11)]
    worksheet = client.open_by_key(replay.key).sheet1
    recorded = replay.recorded(
        f"{replay.key}/values/%27Sheet1%27:append?valueInputOption=RAW&includeValuesInResponse=False"
    )
    answer = worksheet.append_row(values)
    assert answer["updates"]["updatedRange"] == "Sheet1!A1:J1"
    assert replay.sent(":append?valueInputOption=RAW&includeValuesInResponse=False") == recorded
    assert worksheet.row_values(1) == values


@recording("WorksheetTest.test_batch_get")
def test_gspread_reads_the_recorded_ranges(replay: Replay, client: gspread.Client) -> None:
    worksheet = client.open_by_key(replay.key).sheet1
    assert worksheet.batch_get(["A1:B1", "B4:D4"]) == [[["A1", "B1"]], [["B4", "", "D4"]]]


@recording("WorksheetTest.test_batch_get")
def test_our_sheet_reads_the_recorded_ranges(
    replay: Replay, open_sheet: Callable[[str], GoogleSheet]
) -> None:
    sheet = open_sheet(replay.key)
    read = sheet._alone(partial(sheet.worksheet.values, "A1:B1", "B4:D4"))
    assert read == [[["A1", "B1"]], [["B4", "", "D4"]]]


@recording("WorksheetTest.test_batch_update")
def test_our_sheet_writes_as_recorded(
    replay: Replay, open_sheet: Callable[[str], GoogleSheet]
) -> None:
    sheet = open_sheet(replay.key)
    recorded = replay.recorded("/values:batchUpdate")
    parts = {"A1:D1": [["A1", "B1", "", "D1"]], "A4:D4": [["A4", "B4", "", "D4"]]}
    sheet._alone(partial(sheet.worksheet.write, parts))
    assert replay.sent("/values:batchUpdate") == recorded


@recording("ClientTest.test_access_private_spreadsheet")
def test_gspread_is_refused_as_recorded(client: gspread.Client) -> None:
    with pytest.raises(PermissionError) as refusal:
        client.open_by_key(ANOTHERS)
    assert isinstance(refusal.value.__cause__, APIError)


@recording("ClientTest.test_access_private_spreadsheet")
async def test_a_recorded_403_names_the_address_to_share_with(
    open_sheet: Callable[[str], GoogleSheet],
) -> None:
    with pytest.raises(CredentialsError, match="share it with that address") as refusal:
        await open_sheet(ANOTHERS).decisions(None, 10)
    assert "bot@example.org" in refusal.value.detail


@recording("ClientTest.test_access_non_existing_spreadsheet")
def test_gspread_does_not_find_as_recorded(client: gspread.Client) -> None:
    with pytest.raises(SpreadsheetNotFound):
        client.open_by_key("test")


@recording("ClientTest.test_access_non_existing_spreadsheet")
async def test_a_recorded_404_names_the_setting(
    open_sheet: Callable[[str], GoogleSheet],
) -> None:
    with pytest.raises(CredentialsError, match="GOOGLE_SHEET_KEY names no spreadsheet"):
        await open_sheet("test").decisions(None, 10)
