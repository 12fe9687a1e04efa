"""What the Google Sheet says when Google, or a key, is not as it should be."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from fastapi import FastAPI

from services.gateway.app import create_app
from services.gateway.schemas import Outcome
from services.gateway.settings import GatewaySettings
from services.gateway.sheets.google import GoogleSheet
from services.gateway.sheets.google_worksheet import SheetPlace
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
from tests.services.gateway.on_google import STATE, Curator, a_draft

if TYPE_CHECKING:
    from tests.services.gateway.conftest import Sandbox


FAULTS: list[tuple[dict[str, object], type[VendorError]]] = [
    ({"fault": "status", "status": 429}, BusyVendorError),
    ({"fault": "status", "status": 403}, CredentialsError),
    ({"fault": "status", "status": 404}, CredentialsError),
    ({"fault": "status", "status": 400}, RefusedByVendorError),
    ({"fault": "status", "status": 500}, FailedVendorError),
    ({"fault": "html", "status": 502}, FailedVendorError),
    ({"fault": "reset"}, FailedVendorError),
    ({"fault": "timeout", "seconds": 60}, SilentVendorError),
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


@pytest.mark.parametrize(("fault", "error"), FAULTS)
async def test_every_fault_of_a_write_into_rows_is_a_typed_error_too(
    sheet: GoogleSheet,
    sandbox: Sandbox,
    curator: Curator,
    *,
    fault: dict[str, object],
    error: type[VendorError],
) -> None:
    await sheet.upsert([a_draft(1)])
    sandbox.plan("google", path="batchUpdateByDataFilter", times=2, **fault)  # type: ignore[arg-type]  # a fault as JSON
    with pytest.raises(error):
        await sheet.mark("x:1:1", Outcome(state="scheduled"))
    sandbox.http.delete("/sandbox/faults")
    sandbox.clock.now += 60
    await sheet.mark("x:1:1", Outcome(state="failed"))
    assert curator.cells("x:1:1")[STATE - 1] == "failed"


async def test_tags_that_google_does_not_know_are_made_anew(
    sheet: GoogleSheet, sandbox: Sandbox, curator: Curator
) -> None:
    await sheet.upsert([a_draft(1)])
    sandbox.plan("google", "status", path="batchUpdateByDataFilter", status=400)
    await sheet.mark("x:1:1", Outcome(state="scheduled"))
    assert curator.cells("x:1:1")[STATE - 1] == "scheduled"


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
    lost = GoogleSheet(
        sheet.worksheet.account,
        SheetPlace("nothing", "gens"),
        calls,
        base_url=sheet.worksheet.base_url,
    )
    with pytest.raises(CredentialsError, match="GOOGLE_SHEET_KEY"):
        await lost.decisions(None, 10)
    lost.close()


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
