"""Rows that move, cells that change and ids that double while the bot reads and writes."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import gspread
import pytest

from services.common.problems import NotFoundError
from services.gateway.schemas import Outcome
from services.gateway.sheets.google import GoogleSheet
from services.gateway.sheets.rows import COLUMNS
from services.gateway.sheets.sheet import DeskDraft
from services.gateway.vendor_errors import FailedVendorError
from tests.services.gateway.on_google import (
    APPROVE,
    EDITED,
    REASON,
    REJECT,
    STATE,
    URL,
    WAYS,
    Curator,
    a_draft,
    before_the_write,
    said,
)

UNFORMATTED = gspread.utils.ValueRenderOption.unformatted


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


MOVES: dict[str, Callable[[gspread.Worksheet], object]] = {
    "a column is put in": lambda page: page.insert_cols([["mine", "ask Ada"]], 8),
    "a column is moved": lambda page: page.spreadsheet.batch_update(
        {
            "requests": [
                {
                    "moveDimension": {
                        "source": {
                            "sheetId": page.id,
                            "dimension": "COLUMNS",
                            "startIndex": COLUMNS.index("edited text"),
                            "endIndex": COLUMNS.index("edited text") + 1,
                        },
                        "destinationIndex": len(COLUMNS),
                    }
                }
            ]
        }
    ),
}


def by_name(curator: Curator) -> dict[str, dict[str, Any]]:
    """Rows by id, cells by the name of their column."""
    found = curator.page.get_all_records(value_render_option=UNFORMATTED)
    return {str(row["id"]): row for row in found}


@pytest.mark.parametrize("move", MOVES)
async def test_what_is_written_goes_where_its_column_goes(
    sheet: GoogleSheet, curator: Curator, move: str
) -> None:
    await sheet.upsert([a_draft(1), a_draft(2)])
    curator.put("x:1:1", EDITED, "my own words")
    before_the_write(sheet, lambda: MOVES[move](curator.page))
    await sheet.mark("x:1:1", Outcome(state="published", url="https://x.test/1"))
    before_the_write(sheet, lambda: curator.page.insert_cols([["more"]], 1))
    await sheet.forget(["x:1"])
    rows = by_name(curator)
    assert (rows["x:1:1"]["state"], rows["x:1:1"]["url"]) == ("published", "https://x.test/1")
    assert (rows["x:1:1"]["edited text"], rows["x:1:1"]["post"]) == ("my own words", "")
    assert rows["x:1:1"].get("mine", "ask Ada") == "ask Ada"
    assert (rows["x:2:1"]["post"], rows["x:2:1"]["state"]) == ("a post", "")


async def test_drafts_whose_columns_move_as_they_come_are_laid_again(
    sheet: GoogleSheet, curator: Curator
) -> None:
    await sheet.upsert([a_draft(1)])
    curator.put("x:1:1", EDITED, "my own words")
    before_the_write(sheet, lambda: curator.page.insert_cols([["mine", "ask Ada"]], 1))
    assert await sheet.upsert([a_draft(2)]) == 1
    header, first, misplaced, second = curator.page.get_values()
    assert first[:3] == ["ask Ada", "x:1:1", "a post"]
    assert first[header.index("edited text")] == "my own words"
    assert misplaced[:2] == ["x:2:1", "a post"]  # for people to delete
    assert (second[0], by_name(curator)["x:2:1"]["draft"]) == ("", "a slow burn, number 2")
    assert await sheet.upsert([a_draft(2)]) == 0


async def test_columns_that_move_under_their_tags_are_tagged_again(
    sheet: GoogleSheet, curator: Curator
) -> None:
    await sheet.upsert([a_draft(1)])
    sheet.worksheet.open().series = None  # as on a worksheet of before there were tags
    before_the_write(sheet, lambda: curator.page.insert_cols([["mine", "ask Ada"]], 1))
    await sheet.mark("x:1:1", Outcome(state="scheduled"))
    (row,) = by_name(curator).values()
    assert (row["mine"], row["state"]) == ("ask Ada", "scheduled")


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


async def test_a_note_of_a_row_that_was_deleted_does_not_come_back_in_another(
    sheet: GoogleSheet, curator: Curator
) -> None:
    await sheet.upsert([a_draft(1), a_draft(2)])
    curator.page.update([["", "ask Ada"]], "A4", raw=True)

    def another_note() -> None:
        curator.page.delete_rows(4)
        curator.page.insert_row(["", "", "ask Bob"], 3)

    before_the_write(sheet, another_note)
    await sheet.forget(["x:2"])
    rows = [row[:3] for row in curator.page.get_values()[1:]]
    assert rows == [["x:1:1", "a post", "Hurt"], ["", "", "ask Bob"], ["x:2:1", "", "Hurt"]]


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


async def test_a_draft_that_was_made_at_the_built_in_desk_comes_with_its_decision(
    sheet: GoogleSheet, curator: Curator
) -> None:
    own = a_draft().model_copy(
        update={"id": "x:1:65", "rank": 65, "made_by": "curator", "scores": None}
    )
    await sheet.carry([DeskDraft(draft=a_draft()), DeskDraft(draft=own)])
    assert [record.draft for record in await sheet.records()] == [a_draft(), own]
    curator.put("x:1:1", REJECT, True)
    curator.put("x:1:65", APPROVE, True)
    decisions = (await sheet.decisions(None, 10)).decisions
    assert {each.draft_id: each.made for each in decisions} == {"x:1:1": None, "x:1:65": own}
