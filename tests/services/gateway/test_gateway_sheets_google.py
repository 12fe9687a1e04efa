"""The Google Sheet through gspread, against the sandbox; a curator works in it meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gspread
import httpx
import pytest
import requests
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from services.common.problems import NotFoundError
from services.gateway.app import create_app
from services.gateway.schemas import Decision, Draft, Outcome, Post, Scores, Song
from services.gateway.settings import GatewaySettings
from services.gateway.sheets.google import HOLDS, GoogleSheet, SheetPlace
from services.gateway.sheets.rows import COLUMNS, cell_text, text_of
from services.gateway.vendor_calls import VendorCalls, VendorMetrics
from services.gateway.vendor_errors import (
    BusyVendorError,
    CredentialsError,
    FailedVendorError,
    RefusedByVendorError,
    SilentVendorError,
    UnreachableError,
    VendorError,
)
from tests.service_account import at_work, service_account

if TYPE_CHECKING:
    from tests.services.gateway.clock import Clock
    from tests.services.gateway.conftest import Sandbox

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
APPROVE, EDITED, REJECT, REASON, STATE, URL = (
    COLUMNS.index(name) + 1
    for name in ("approve", "edited text", "reject", "reason", "state", "url")
)
DRAFT = COLUMNS.index("draft") + 1
WAYS: list[Any] = ["des", "asc"]


@pytest.fixture
def account(sandbox: Sandbox) -> dict[str, str]:
    return service_account(f"{sandbox.base}/google")


@pytest.fixture
def sheet(
    sandbox: Sandbox, account: dict[str, str], metrics: VendorMetrics, clock: Clock
) -> Iterator[GoogleSheet]:
    place = SheetPlace("sandbox-spreadsheet", "gens")
    calls = VendorCalls("google", 3.0, metrics, clock)
    sheet = GoogleSheet(account, place, calls, base_url=f"{sandbox.base}/google", holds=0)
    yield sheet
    sheet.close()


class Curator:
    """Somebody at work in the spreadsheet."""

    def __init__(self, client: gspread.Client) -> None:
        self.client = client

    @cached_property
    def page(self) -> gspread.Worksheet:
        return self.client.open_by_key("sandbox-spreadsheet").worksheet("gens")

    def listed(self) -> dict[str, Any]:
        """The worksheet as the spreadsheet's metadata has it, cells and all."""
        sheets = self.page.spreadsheet.fetch_sheet_metadata({"includeGridData": "true"})["sheets"]
        found: dict[str, Any] = next(s for s in sheets if s["properties"]["title"] == "gens")
        return found

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


@pytest.fixture
def curator(sandbox: Sandbox) -> Iterator[Curator]:
    with at_work(f"{sandbox.base}/google") as client:
        yield Curator(client)


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


async def test_drafts_become_rows_once(sheet: GoogleSheet, curator: Curator) -> None:
    assert await sheet.upsert([a_draft(1), a_draft(2), a_draft(1)]) == 2
    assert await sheet.upsert([a_draft(2), a_draft(3)]) == 1
    assert curator.page.row_values(1) == list(COLUMNS)
    assert curator.page.col_values(1)[1:] == ["x:1:1", "x:2:1", "x:3:1"]
    cells = curator.cells("x:1:1")
    assert cells[:6] == [
        "x:1:1", "a post", "Hurt", "Johnny Cash", "country, folk", "a slow burn, number 1",
    ]  # fmt: skip
    assert (cells[APPROVE - 1], cells[REJECT - 1]) == (False, False)


async def test_both_boxes_ticked_are_a_no(sheet: GoogleSheet, curator: Curator) -> None:
    await sheet.upsert([a_draft()])
    curator.put("x:1:1", APPROVE, True)
    curator.put("x:1:1", REJECT, True)
    assert said((await sheet.decisions(None, 10)).decisions) == [
        ("x:1:1", "rejected", "a slow burn, number 1")
    ]


async def test_a_changed_mind_is_news(sheet: GoogleSheet, curator: Curator) -> None:
    await sheet.upsert([a_draft(1), a_draft(2), a_draft(3)])
    for draft_id in ("x:1:1", "x:2:1", "x:3:1"):
        curator.put(draft_id, APPROVE, True)
    first = await sheet.decisions(None, 100)
    curator.put("x:1:1", EDITED, "second thoughts")
    curator.put("x:2:1", APPROVE, False)
    curator.page.delete_rows(curator.row("x:3:1"))
    second = await sheet.decisions(first.cursor, 100)
    assert said(second.decisions) == [
        ("x:1:1", "approved", "second thoughts"),
        ("x:2:1", "undecided", "a slow burn, number 2"),
        ("x:3:1", "undecided", "a slow burn, number 3"),
    ]
    versions = {each.version for each in first.decisions + second.decisions}
    assert len(versions) == 6
    assert (await sheet.decisions(second.cursor, 100)).decisions == []


async def test_after_a_restart_open_decisions_come_again_under_the_same_version(
    sheet: GoogleSheet, curator: Curator, metrics: VendorMetrics
) -> None:
    await sheet.upsert([a_draft(1), a_draft(2), a_draft(3)])
    for draft_id in ("x:1:1", "x:2:1", "x:3:1"):
        curator.put(draft_id, APPROVE, True)
    before = await sheet.decisions(None, 10)
    await sheet.mark("x:1:1", Outcome(state="published", url="https://x.test/1"))
    await sheet.mark("x:2:1", Outcome(state="scheduled"))
    curator.put("x:2:1", APPROVE, False)
    calls = VendorCalls("google", 3.0, metrics)
    restarted = GoogleSheet(sheet.account, sheet.place, calls, base_url=sheet.base_url)
    after = await restarted.decisions(before.cursor, 10)
    restarted.close()
    assert said(after.decisions) == [
        ("x:1:1", "approved", "a slow burn, number 1"),
        ("x:2:1", "undecided", "a slow burn, number 2"),
        ("x:3:1", "approved", "a slow burn, number 3"),
    ]
    versions = [each.version for each in before.decisions]
    assert [after.decisions[place].version for place in (0, 2)] == [versions[0], versions[2]]


async def test_rows_are_found_after_the_curator_sorts_and_deletes(
    sheet: GoogleSheet, curator: Curator
) -> None:
    await sheet.upsert([a_draft(n) for n in range(1, 5)])
    curator.page.sort((1, "des"), range="A2:L5")
    curator.page.delete_rows(curator.row("x:3:1"))
    await sheet.mark("x:1:1", Outcome(state="published", url="https://x.test/1"))
    await sheet.mark("x:4:1", Outcome(state="failed", detail="too long"))
    assert await sheet.upsert([a_draft(5)]) == 1
    assert curator.page.col_values(1)[1:] == ["x:4:1", "x:2:1", "x:1:1", "x:5:1"]
    assert curator.cells("x:1:1")[STATE - 1 : URL] == ["published", "https://x.test/1"]
    assert curator.cells("x:4:1")[STATE - 1] == "failed: too long"
    assert curator.cells("x:2:1")[STATE - 1 : URL] == ["", ""]
    with pytest.raises(NotFoundError):
        await sheet.mark("x:3:1", Outcome(state="scheduled"))


async def test_a_curators_words_survive_everything(sheet: GoogleSheet, curator: Curator) -> None:
    await sheet.upsert([a_draft()])
    curator.put("x:1:1", DRAFT, "mended in place")
    curator.put("x:1:1", EDITED, "my own words")
    await sheet.upsert([a_draft(1, text="the machine again"), a_draft(2)])
    await sheet.mark("x:1:1", Outcome(state="scheduled"))
    cells = curator.cells("x:1:1")
    assert (cells[DRAFT - 1], cells[EDITED - 1]) == ("mended in place", "my own words")


async def test_notes_below_the_last_draft_are_not_written_over(
    sheet: GoogleSheet, curator: Curator
) -> None:
    await sheet.upsert([a_draft(1)])
    curator.page.update([["ask Ada about these"]], "H4", raw=True)
    await sheet.upsert([a_draft(2), a_draft(3)])
    assert curator.page.acell("H4").value == "ask Ada about these"
    assert curator.page.col_values(1)[4:] == ["x:2:1", "x:3:1"]


async def test_what_failed_can_be_mended_in_its_row(sheet: GoogleSheet, curator: Curator) -> None:
    await sheet.upsert([a_draft()])
    curator.put("x:1:1", APPROVE, True)
    before = await sheet.decisions(None, 10)
    await sheet.mark("x:1:1", Outcome(state="failed", detail="too long"))
    failed = await sheet.decisions(before.cursor, 10)
    curator.put("x:1:1", EDITED, "shorter")
    mended = await sheet.decisions(failed.cursor, 10)
    assert failed.decisions == []
    assert said(mended.decisions) == [("x:1:1", "approved", "shorter")]


async def test_an_approval_of_nothing_is_no_approval(sheet: GoogleSheet, curator: Curator) -> None:
    await sheet.upsert([a_draft()])
    curator.put("x:1:1", DRAFT, "")
    curator.put("x:1:1", APPROVE, True)
    assert (await sheet.decisions(None, 10)).decisions == []


async def test_the_grid_grows_with_the_drafts(sheet: GoogleSheet, curator: Curator) -> None:
    await sheet.upsert([a_draft(n) for n in range(1, 495)])
    curator.page.add_rows(3)
    assert await sheet.upsert([a_draft(n) for n in range(495, 510)]) == 15
    assert len(curator.page.col_values(1)) == 510
    assert curator.cells("x:509:1")[APPROVE - 1] is False


@pytest.mark.parametrize("rows", [1, 2])
async def test_a_grid_that_a_curator_shrank_grows_again(
    sheet: GoogleSheet, curator: Curator, rows: int
) -> None:
    await sheet.upsert([a_draft(1)])
    curator.page.resize(rows=rows)
    drafts = [a_draft(number) for number in range(2, 300)]
    assert await sheet.upsert(drafts) == 298
    assert len(curator.page.col_values(1)) == rows + 298


async def test_a_huge_post_fits_into_its_cell(sheet: GoogleSheet, curator: Curator) -> None:
    await sheet.upsert([a_draft(1, post="\x00\u202eevil " + "x" * 100_000)])
    assert 1000 < len(curator.cells("x:1:1")[1]) < 50_000


@given(st.text(st.characters(exclude_categories=["C"])))
def test_cells_give_back_what_was_put_in(text: str) -> None:
    assert text_of(cell_text(text)) == text
    assert not cell_text(text).startswith(("=", "+", "-", "@"))


async def test_a_call_costs_one_read_and_one_write(sheet: GoogleSheet) -> None:
    await sheet.upsert([a_draft()])
    seen: list[str] = []
    session = sheet._client().http_client.session
    session.hooks["response"].append(lambda response, **_: seen.append(response.request.method))
    await sheet.upsert([a_draft(2), a_draft(3)])
    await sheet.decisions(None, 10)
    await sheet.mark("x:2:1", Outcome(state="scheduled"))
    assert seen == ["GET", "POST", "GET", "GET", "POST"]


FAULTS: list[tuple[dict[str, object], type[VendorError]]] = [
    ({"fault": "status", "status": 429}, BusyVendorError),
    ({"fault": "status", "status": 403}, CredentialsError),
    ({"fault": "status", "status": 404}, CredentialsError),
    ({"fault": "status", "status": 400}, RefusedByVendorError),
    ({"fault": "status", "status": 500}, FailedVendorError),
    ({"fault": "html", "status": 502}, FailedVendorError),
    ({"fault": "reset"}, FailedVendorError),
    ({"fault": "timeout", "seconds": 5}, SilentVendorError),
]


@pytest.mark.parametrize(("fault", "error"), FAULTS)
@pytest.mark.parametrize("path", ["values:batchGet", "sandbox-spreadsheet:batchUpdate"])
async def test_every_fault_is_a_typed_error_and_the_next_call_mends_it(
    sheet: GoogleSheet,
    sandbox: Sandbox,
    curator: Curator,
    *,
    fault: dict[str, object],
    error: type[VendorError],
    path: str,
) -> None:
    await sheet.upsert([a_draft(1)])
    sandbox.plan("google", path=path, times=2, **fault)  # type: ignore[arg-type]  # a fault as JSON
    with pytest.raises(error):
        await sheet.upsert([a_draft(2)])
    sandbox.http.delete("/sandbox/faults")
    sandbox.clock.now += 60  # the minute whose quota is used up
    await sheet.upsert([a_draft(2), a_draft(3)])
    assert curator.page.col_values(1)[1:] == ["x:1:1", "x:2:1", "x:3:1"]


@pytest.mark.parametrize("fault", ["reset", "half"])
async def test_a_write_whose_answer_was_lost_leaves_no_second_row(
    sheet: GoogleSheet, sandbox: Sandbox, curator: Curator, fault: str
) -> None:
    await sheet.upsert([a_draft(1)])
    sandbox.plan("google", fault, path="sandbox-spreadsheet:batchUpdate", after_commit=True)
    assert await sheet.upsert([a_draft(2)]) == 1
    assert curator.page.col_values(1)[1:] == ["x:1:1", "x:2:1"]


async def test_a_caller_who_gave_up_waiting_does_nothing_later(
    sheet: GoogleSheet, curator: Curator
) -> None:
    await sheet.upsert([a_draft(1)])
    with sheet.one_writer, pytest.raises(SilentVendorError):
        await sheet.mark("x:1:1", Outcome(state="scheduled"))
    await sheet.decisions(None, 10)  # takes its turn behind whoever still waits
    assert curator.cells("x:1:1")[STATE - 1] == ""


async def test_a_refused_token_names_the_key_file(sheet: GoogleSheet, sandbox: Sandbox) -> None:
    sandbox.plan("google", "status", path="/token", status=400, times=20)
    with pytest.raises((CredentialsError, UnreachableError), match="google"):
        await sheet.decisions(None, 10)


async def test_a_wrong_spreadsheet_key_is_named(sheet: GoogleSheet, metrics: VendorMetrics) -> None:
    calls = VendorCalls("google", 3.0, metrics)
    lost = GoogleSheet(sheet.account, SheetPlace("nothing", "gens"), calls, base_url=sheet.base_url)
    with pytest.raises(CredentialsError, match="GOOGLE_SHEET_KEY"):
        await lost.decisions(None, 10)
    lost.close()


async def test_the_gateway_opens_the_sheet_that_its_settings_name(
    sandbox: Sandbox,
    account: dict[str, str],
    tmp_path: Path,
    settings: Callable[..., GatewaySettings],
    open_app: Callable[[FastAPI], AbstractAsyncContextManager[httpx.AsyncClient]],
) -> None:
    key_file = tmp_path / "account.json"
    key_file.write_text(json.dumps(account))
    app = create_app(
        settings(
            sandbox.base,
            sheet="google",
            google_base_url=f"{sandbox.base}/google",
            google_service_account_file=key_file,
            google_sheet_key="sandbox-spreadsheet",
        )
    )
    async with open_app(app) as client:
        body = {"drafts": [a_draft().model_dump(mode="json")]}
        assert (await client.put("/v1/drafts", json=body)).json() == {"stored": 1}
        assert (await client.put("/v1/drafts", json=body)).json() == {"stored": 0}
        assert app.state.desk is None


@pytest.mark.parametrize("content", [None, "no json", "{}", "[]"])
async def test_a_key_file_that_cannot_be_used_is_named(
    tmp_path: Path,
    settings: Callable[..., GatewaySettings],
    open_app: Callable[[FastAPI], AbstractAsyncContextManager[httpx.AsyncClient]],
    content: str | None,
) -> None:
    key_file = tmp_path / "account.json"
    if content is not None:
        key_file.write_text(content)
    app = create_app(
        settings(sheet="google", google_service_account_file=key_file, google_sheet_key="key")
    )
    async with open_app(app) as client:
        missing = (await client.get("/readyz")).json()["missing"]
        assert "GOOGLE_SERVICE_ACCOUNT_FILE" in missing["sheet"]
        assert (await client.get("/v1/drafts")).status_code == 503


def before_the_write(sheet: GoogleSheet, *deeds: Callable[[], object]) -> None:
    """Let a curator do something right before each of our next writes reaches Google."""
    left = list(deeds)
    session = sheet._client().http_client.session
    send = session.send

    def sending(request: requests.PreparedRequest, **how: Any) -> requests.Response:  # noqa: ANN401 - as requests calls it
        if left and str(request.path_url).split("?")[0].endswith(":batchUpdate"):
            left.pop(0)()
        return send(request, **how)

    session.send = sending  # type: ignore[method-assign]  # the wire is the place to come between


async def test_an_outcome_follows_its_row_that_moves_under_the_write(
    sheet: GoogleSheet, curator: Curator
) -> None:
    await sheet.upsert([a_draft(n) for n in range(1, 5)])
    curator.put("x:4:1", APPROVE, True)
    await sheet.mark("x:4:1", Outcome(state="failed", detail="too long"))
    before_the_write(
        sheet,
        lambda: curator.page.sort((1, "des"), range="A2:M5"),
        lambda: curator.page.insert_row(["my note"], 2),
    )
    await sheet.mark("x:1:1", Outcome(state="published", url="https://x.test/1"))
    states = {row[0]: row[STATE - 1 : URL] for row in curator.page.get_values()[1:]}
    assert states == {
        "my note": ["", ""],
        "x:1:1": ["published", "https://x.test/1"],
        "x:2:1": ["", ""],
        "x:3:1": ["", ""],
        "x:4:1": ["failed: too long", ""],
    }
    assert [each.draft_id for each in (await sheet.decisions(None, 10)).decisions] == ["x:4:1"]


async def test_an_outcome_of_a_row_that_is_deleted_under_the_write_lands_nowhere(
    sheet: GoogleSheet, curator: Curator
) -> None:
    await sheet.upsert([a_draft(n) for n in range(1, 4)])
    before_the_write(sheet, lambda: curator.page.delete_rows(2))
    with pytest.raises(NotFoundError):
        await sheet.mark("x:1:1", Outcome(state="published", url="https://x.test/1"))
    assert [row[STATE - 1 : URL] for row in curator.page.get_values()[1:]] == [["", ""]] * 2


async def test_what_is_forgotten_is_found_though_its_row_moves_under_the_write(
    sheet: GoogleSheet, curator: Curator
) -> None:
    await sheet.upsert([a_draft(n) for n in range(1, 5)])
    before = {row[0]: (row[1], row[-1]) for row in curator.page.get_values()[1:]}
    before_the_write(sheet, lambda: curator.page.sort((1, "des"), range="A2:M5"))
    await sheet.forget(["x:1"])
    after = {row[0]: (row[1], row[-1]) for row in curator.page.get_values()[1:]}
    post, details = after.pop("x:1:1")
    assert post == json.loads(details)["post"]["text"] == ""
    before.pop("x:1:1")
    assert after == before


async def test_rows_that_move_without_end_are_a_typed_error(
    sheet: GoogleSheet, curator: Curator
) -> None:
    await sheet.upsert([a_draft(n) for n in range(1, 5)])
    before_the_write(
        sheet, *(partial(curator.page.sort, (1, order), range="A2:M5") for order in WAYS * 9)
    )
    with pytest.raises(FailedVendorError, match="rows are moved"):
        await sheet.mark("x:1:1", Outcome(state="scheduled"))


async def test_an_outcome_that_we_did_not_write_silences_no_decision(
    sheet: GoogleSheet, curator: Curator
) -> None:
    await sheet.upsert([a_draft()])
    curator.put("x:1:1", STATE, "published")
    curator.put("x:1:1", APPROVE, True)
    page = await sheet.decisions(None, 10)
    assert said(page.decisions) == [("x:1:1", "approved", "a slow burn, number 1")]


async def test_what_we_published_stays_as_it_was_decided(
    sheet: GoogleSheet, curator: Curator
) -> None:
    await sheet.upsert([a_draft()])
    curator.put("x:1:1", APPROVE, True)
    page = await sheet.decisions(None, 10)
    await sheet.mark("x:1:1", Outcome(state="published", url="https://x.test/1"))
    curator.put("x:1:1", APPROVE, False)
    assert (await sheet.decisions(page.cursor, 10)).decisions == []


async def test_a_note_that_is_typed_under_the_write_moves_down(
    sheet: GoogleSheet, curator: Curator
) -> None:
    await sheet.upsert([a_draft(1)])
    before_the_write(sheet, lambda: curator.page.update([["", "ask Ada"]], "A3", raw=True))
    await sheet.upsert([a_draft(2)])
    assert curator.page.col_values(2)[2:] == ["a post", "ask Ada"]
    assert curator.page.col_values(1)[1:] == ["x:1:1", "x:2:1"]


@pytest.mark.parametrize("words", ["11/22/2026", "=) love this", "50%", "1999", "TRUE", "+1"])
async def test_what_is_typed_as_words_stays_words(
    sheet: GoogleSheet, curator: Curator, words: str
) -> None:
    await sheet.upsert([a_draft(1)])
    curator.type("x:1:1", EDITED, words)
    curator.type("x:1:1", REASON, words)
    curator.put("x:1:1", APPROVE, True)
    (decision,) = (await sheet.decisions(None, 10)).decisions
    assert (decision.text, decision.reason) == (words, words)


@pytest.mark.parametrize("words", ["11/22/2026", "=) love this", "50%"])
async def test_words_that_became_something_else_are_not_approved_until_typed_again(
    sheet: GoogleSheet, curator: Curator, words: str
) -> None:
    await sheet.upsert([a_draft(1)])
    curator.page.format("H2:H9", {"numberFormat": {"type": "NUMBER"}})
    curator.type("x:1:1", EDITED, words)
    curator.put("x:1:1", APPROVE, True)
    first = await sheet.decisions(None, 10)
    assert first.decisions == []
    assert curator.cells("x:1:1")[STATE - 1] == (
        "unclear: the edited text holds a number, a date or an error and no words; type them again"
    )
    curator.put("x:1:1", EDITED, "my own words")
    second = await sheet.decisions(first.cursor, 10)
    assert said(second.decisions) == [("x:1:1", "approved", "my own words")]
    assert curator.cells("x:1:1")[STATE - 1] == ""


async def test_rows_of_one_id_that_disagree_are_no_decision(
    sheet: GoogleSheet, curator: Curator
) -> None:
    await sheet.upsert([a_draft(1), a_draft(2)])
    curator.page.update([curator.cells("x:1:1")], "A9", raw=True)
    curator.put("x:1:1", APPROVE, True)
    page = await sheet.decisions(None, 10)
    assert page.decisions == []
    assert curator.cells("x:1:1")[STATE - 1].startswith("unclear: rows of one id")
    curator.page.delete_rows(9)
    decisions = (await sheet.decisions(page.cursor, 10)).decisions
    assert [each.verdict for each in decisions] == ["approved"]


async def test_of_rows_of_one_id_that_agree_the_first_counts(
    sheet: GoogleSheet, curator: Curator
) -> None:
    await sheet.upsert([a_draft(1)])
    curator.put("x:1:1", APPROVE, True)
    curator.page.update([curator.cells("x:1:1")], "A9", raw=True)
    assert len((await sheet.decisions(None, 10)).decisions) == 1
    await sheet.mark("x:1:1", Outcome(state="scheduled"))
    assert [row[STATE - 1] for row in curator.page.get_values()[1:] if row[0]] == ["scheduled", ""]
    assert len(await sheet.records()) == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "html", "status": 503},
        {"fault": "status", "status": 500},
        {"fault": "status", "status": 429},
    ],
)
async def test_a_token_endpoint_that_is_unwell_is_no_wrong_key(
    sheet: GoogleSheet,
    sandbox: Sandbox,
    fault: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("google.auth._exponential_backoff.time.sleep", lambda _: None)
    sandbox.plan("google", path="/token", times=20, **fault)
    with pytest.raises(UnreachableError, match="gives no token now"):
        await sheet.decisions(None, 10)


@pytest.mark.parametrize("fault", ["duplicate", "shuffle"])
@pytest.mark.parametrize("method", ["upsert", "decisions", "mark", "records"])
async def test_ranges_that_were_not_asked_for_are_a_typed_error(
    sheet: GoogleSheet, sandbox: Sandbox, curator: Curator, fault: str, method: str
) -> None:
    await sheet.upsert([a_draft(1)])
    calls: dict[str, Callable[[], Any]] = {
        "upsert": lambda: sheet.upsert([a_draft(2)]),
        "decisions": lambda: sheet.decisions(None, 10),
        "mark": lambda: sheet.mark("x:1:1", Outcome(state="scheduled")),
        "records": sheet.records,
    }
    before = curator.page.get_values()
    sandbox.plan("google", fault, path="values:batchGet", times=2)
    with pytest.raises(FailedVendorError, match="cannot be read"):
        await calls[method]()
    assert curator.page.get_values() == before


async def test_an_api_that_is_not_enabled_is_said_in_googles_words(
    sheet: GoogleSheet, sandbox: Sandbox
) -> None:
    said = "Sheets is disabled in project 7."
    body = json.dumps({"error": {"code": 403, "message": said, "status": "PERMISSION_DENIED"}})
    sandbox.plan("google", "status", path="/v4/", status=403, body=body, times=2)
    with pytest.raises(CredentialsError, match=said):
        await sheet.decisions(None, 10)


def requests_of(sheet: GoogleSheet) -> list[str]:
    """The methods of all requests from now on: a GET reads, a POST writes."""
    seen: list[str] = []
    session = sheet._client().http_client.session
    session.hooks["response"].append(lambda response, **_: seen.append(response.request.method))
    return seen


async def test_a_cycle_costs_few_requests(
    sheet: GoogleSheet, curator: Curator, clock: Clock
) -> None:
    sheet.holds = HOLDS
    await sheet.upsert([a_draft(0)])
    seen = requests_of(sheet)
    await sheet.upsert([a_draft(number) for number in range(1, 31)])
    for _ in range(5):
        await sheet.decisions(None, 10)
        clock.now += 9
    failed = Outcome(state="failed", detail="another draft of this post is published")
    missing = await sheet.mark_all({f"x:{number}:1": failed for number in range(1, 32)})
    assert missing == ["x:31:1"]
    assert seen == ["GET", "POST", "GET", "GET", "POST"]
    assert [row[STATE - 1] for row in curator.page.get_values()[2:]] == [
        "failed: another draft of this post is published"
    ] * 30


async def test_pages_come_from_the_rows_just_read(sheet: GoogleSheet, curator: Curator) -> None:
    sheet.holds = HOLDS
    await sheet.upsert([a_draft(number) for number in range(25)])
    curator.page.batch_update([{"range": "G2:G26", "values": [[True]] * 25}])
    seen = requests_of(sheet)
    cursor, told = None, 0
    for _ in range(3):
        page = await sheet.decisions(cursor, 10)
        cursor, told = page.cursor, told + len(page.decisions)
    assert (told, seen) == (25, ["GET"])


async def test_a_decision_is_seen_when_the_last_read_is_old_or_it_must_be_fresh(
    sheet: GoogleSheet, curator: Curator, clock: Clock
) -> None:
    sheet.holds = HOLDS
    await sheet.upsert([a_draft(1)])
    await sheet.decisions(None, 10)
    curator.put("x:1:1", APPROVE, True)
    assert (await sheet.decisions(None, 10)).decisions == []
    assert len((await sheet.decisions(None, 10, fresh=True)).decisions) == 1
    curator.put("x:1:1", APPROVE, False)
    clock.now += HOLDS
    assert (await sheet.decisions(None, 10)).decisions == []


async def test_a_decision_is_seen_after_anything_was_written(
    sheet: GoogleSheet, curator: Curator
) -> None:
    sheet.holds = HOLDS
    await sheet.upsert([a_draft(1)])
    curator.put("x:1:1", APPROVE, True)
    page = await sheet.decisions(None, 10)
    curator.put("x:1:1", APPROVE, False)
    await sheet.mark("x:1:1", Outcome(state="scheduled"))
    (decision,) = (await sheet.decisions(page.cursor, 10)).decisions
    assert decision.verdict == "undecided"


async def test_a_used_up_quota_of_writes_does_not_stop_reading(
    sheet: GoogleSheet, sandbox: Sandbox
) -> None:
    await sheet.upsert([a_draft(1)])
    sandbox.plan("google", "status", path=":batchUpdate", status=429)
    with pytest.raises(BusyVendorError):
        await sheet.mark("x:1:1", Outcome(state="scheduled"))
    with pytest.raises(BusyVendorError):
        await sheet.mark("x:1:1", Outcome(state="scheduled"))
    assert (await sheet.decisions(None, 10)).decisions == []
