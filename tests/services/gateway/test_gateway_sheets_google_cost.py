"""How little the bot asks of Google, whose quota is counted by the minute."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from services.gateway.schemas import Outcome
from services.gateway.sheets.google import HOLDS, GoogleSheet
from services.gateway.vendor_errors import BusyVendorError
from tests.services.gateway.on_google import APPROVE, STATE, Curator, a_draft

if TYPE_CHECKING:
    from tests.services.gateway.clock import Clock
    from tests.services.gateway.conftest import Sandbox


async def test_a_call_costs_one_read_and_one_write(sheet: GoogleSheet) -> None:
    await sheet.upsert([a_draft()])
    seen = requests_of(sheet)
    await sheet.upsert([a_draft(2), a_draft(3)])
    await sheet.decisions(None, 10)
    await sheet.mark("x:2:1", Outcome(state="scheduled"))
    assert seen == ["GET", "POST", "GET", "GET", "POST"]


def requests_of(sheet: GoogleSheet) -> list[str]:
    """The methods of all requests from now on: a GET reads, a POST writes."""
    seen: list[str] = []
    session = sheet.worksheet.client().http_client.session
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
