"""Developers' marks on rows and columns, and values that are written to wherever one is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gspread
import pytest
from gspread.exceptions import APIError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.services.sandbox.conftest import StartSandbox


@pytest.fixture
def gens(start: StartSandbox) -> gspread.Worksheet:
    spreadsheet = start(google_per_minute=0).sheets().open_by_key("sandbox-spreadsheet")
    page = spreadsheet.add_worksheet("gens", rows=5, cols=4)
    page.update([["id", "words", "state"], ["x:1", "mine", "new"]], "A1", raw=True)
    change(page, createDeveloperMetadata={"developerMetadata": mark(page, 2)})
    return page


def mark(page: gspread.Worksheet, column: int, width: int = 1) -> dict[str, Any]:
    place = of_columns(page, column, width)
    return {
        "metadataKey": "column",
        "metadataValue": "state",
        "location": {"dimensionRange": place},
        "visibility": "DOCUMENT",
    }


def of_columns(page: gspread.Worksheet, start: int, width: int = 1) -> dict[str, Any]:
    place = {"sheetId": page.id, "dimension": "COLUMNS"}
    return place | {"startIndex": start, "endIndex": start + width}


def change(page: gspread.Worksheet, **request: Any) -> None:  # noqa: ANN401 - a request's JSON
    page.spreadsheet.batch_update({"requests": [request]})


def write(
    page: gspread.Worksheet, values: list[list[Any]], *, sheet_id: int | None = None
) -> dict[str, Any]:
    lookup: dict[str, Any] = {"metadataKey": "column", "metadataValue": "state"}
    if sheet_id is not None:
        lookup["metadataLocation"] = {"sheetId": sheet_id}
    data = {
        "dataFilter": {"developerMetadataLookup": lookup},
        "majorDimension": "COLUMNS",
        "values": values,
    }
    url = f"https://sheets.googleapis.com/v4/spreadsheets/{page.spreadsheet_id}/values"
    body = {"valueInputOption": "RAW", "data": [data], "includeValuesInResponse": True}
    answer = page.client.request("post", f"{url}:batchUpdateByDataFilter", json=body)
    found: dict[str, Any] = answer.json()
    return found


def test_values_are_written_to_the_marked_column_and_null_leaves_a_cell(
    gens: gspread.Worksheet,
) -> None:
    (response,) = write(gens, [[None, "published"]])["responses"]
    assert gens.get_values() == [["id", "words", "state"], ["x:1", "mine", "published"]]
    assert response["updatedRange"] == "gens!C1:C2"
    assert response["updatedCells"] == 1
    assert response["updatedData"]["range"] == "gens!C1:C5"
    assert response["updatedData"]["values"] == [["state", "published"]]
    assert response["dataFilter"]["developerMetadataLookup"]["metadataValue"] == "state"


@pytest.mark.parametrize(
    ("deed", "header"),
    [
        (
            lambda page: change(page, insertDimension={"range": of_columns(page, 1)}),
            ["id", "", "words", "published"],
        ),
        (
            lambda page: change(page, deleteDimension={"range": of_columns(page, 0)}),
            ["words", "published"],
        ),
        (
            lambda page: change(
                page, moveDimension={"source": of_columns(page, 2), "destinationIndex": 0}
            ),
            ["published", "id", "words"],
        ),
        (
            lambda page: change(
                page, moveDimension={"source": of_columns(page, 0), "destinationIndex": 3}
            ),
            ["words", "published", "id"],
        ),
    ],
)
def test_a_mark_goes_where_its_column_goes(
    gens: gspread.Worksheet, deed: Callable[[gspread.Worksheet], None], header: list[str]
) -> None:
    deed(gens)
    write(gens, [["published"]])
    assert gens.row_values(1) == header


def test_a_mark_goes_with_its_column(gens: gspread.Worksheet) -> None:
    change(gens, deleteDimension={"range": of_columns(gens, 2)})
    before = gens.get_values()
    assert write(gens, [["published"]])["responses"] == []
    assert gens.get_values() == before


def test_a_copys_mark_is_another(gens: gspread.Worksheet) -> None:
    copy = gens.duplicate(new_sheet_name="archive")
    write(gens, [["published"]], sheet_id=gens.id)
    assert (gens.acell("C1").value, copy.acell("C1").value) == ("published", "state")


def test_more_than_fits_is_refused_and_nothing_written(gens: gspread.Worksheet) -> None:
    before = gens.get_values()
    with pytest.raises(APIError, match="tried writing to row"):
        write(gens, [["x"] * 6])
    assert gens.get_values() == before


def test_one_mark_is_of_one_column(gens: gspread.Worksheet) -> None:
    with pytest.raises(APIError, match="one row or column"):
        change(gens, createDeveloperMetadata={"developerMetadata": mark(gens, 0, 2)})
