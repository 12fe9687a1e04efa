"""A curator at work in the sandbox's spreadsheet, for tests of the Google Sheet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import gspread
import requests

from services.gateway.schemas import Decision, Draft, Post, Scores, Song
from services.gateway.sheets.google import GoogleSheet
from services.gateway.sheets.google_worksheet import GoogleWorksheet
from services.gateway.sheets.rows import COLUMNS

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
KEY = "sandbox-spreadsheet"

APPROVE, EDITED, REJECT, REASON, STATE, URL = (
    COLUMNS.index(name) + 1
    for name in ("approve", "edited text", "reject", "reason", "state", "url")
)

DRAFT = COLUMNS.index("draft") + 1

WAYS: list[Any] = ["des", "asc"]


class Curator:
    """Somebody at work in the spreadsheet."""

    def __init__(self, client: gspread.Client) -> None:
        self.client = client

    @cached_property
    def page(self) -> gspread.Worksheet:
        return self.client.open_by_key(KEY).worksheet("gens")

    def listed(self) -> dict[str, Any]:
        return listed(self.page.spreadsheet)

    def row(self, draft_id: str) -> int:
        return self.page.col_values(1).index(draft_id) + 1

    def put(self, draft_id: str, column: int, value: str | bool) -> None:
        where = gspread.utils.rowcol_to_a1(self.row(draft_id), column)
        self.page.update([[value]], where, raw=True)

    def type(self, draft_id: str, column: int, text: str) -> None:
        """As `put`, by hand: the spreadsheet makes of it what it takes it for."""
        where = gspread.utils.rowcol_to_a1(self.row(draft_id), column)
        self.page.update([[text]], where, raw=False)

    def cells(self, draft_id: str) -> list[Any]:
        option = gspread.utils.ValueRenderOption.unformatted
        rows = self.page.get_values(value_render_option=option)
        return next(row for row in rows if row[0] == draft_id)


def listed(spreadsheet: gspread.Spreadsheet) -> dict[str, Any]:
    """The worksheet as the spreadsheet's metadata has it, cells and all."""
    sheets = spreadsheet.fetch_sheet_metadata({"includeGridData": "true"})["sheets"]
    found: dict[str, Any] = next(s for s in sheets if s["properties"]["title"] == "gens")
    return found


def everything(spreadsheet: gspread.Spreadsheet) -> list[list[Any]]:
    option = gspread.utils.ValueRenderOption.unformatted
    values: list[list[Any]] = spreadsheet.worksheet("gens").get_values(value_render_option=option)
    return values


def place(name: str) -> int:
    return COLUMNS.index(name)


def a_draft(number: int = 1, text: str | None = None, post: str = "a post") -> Draft:
    return Draft(
        id=f"x:{number}:1",
        item_id=f"x:{number}",
        rank=1,
        text=text or f"a slow burn, number {number}",
        scores=Scores(score=0.5, log_prob=-1.0, topic=0.5, novelty=0.5),
        post=Post(
            origin="x",
            id=str(number),
            text=post,
            author_id="7",
            created_at=NOW,
            url="https://x.test",
        ),
        song=Song(title="Hurt", artists=["Johnny Cash"], genres=["country", "folk"], score=1.0),
        created_at=NOW + timedelta(seconds=number),
    )


def said(decisions: list[Decision]) -> list[tuple[str, str, str]]:
    return [(each.draft_id, each.verdict, each.text) for each in decisions]


def before_the_write(sheet: GoogleSheet | GoogleWorksheet, *deeds: Callable[[], object]) -> None:
    """Let a curator do something right before each of our next writes reaches Google."""
    left = list(deeds)
    tab = sheet.worksheet if isinstance(sheet, GoogleSheet) else sheet
    session = tab.client().http_client.session
    send = session.send

    def sending(request: requests.PreparedRequest, **how: Any) -> requests.Response:  # noqa: ANN401 - as requests calls it
        if left and ":batchUpdate" in str(request.path_url):
            left.pop(0)()
        return send(request, **how)

    session.send = sending  # type: ignore[method-assign]  # the wire is the place to come between
