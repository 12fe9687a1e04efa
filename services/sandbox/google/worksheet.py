"""One worksheet: a grid of cells with a fixed size, and what is laid over it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.sandbox.google.a1 import Box, grid_range
from services.sandbox.google.cells import Cell, from_json, is_empty, sort_key, to_json

Document = dict[str, Any]
MARKS = "dimensionMetadata"  # developers' marks on rows and columns


@dataclass
class Worksheet:
    """`properties` is the SheetProperties object, the grid's size in it; `overlays` holds
    protected ranges, conditional formats, validations, cell formats, widths, developers' marks
    and the basic filter."""

    properties: Document
    rows: list[list[Cell]] = field(default_factory=list)
    overlays: dict[str, list[Document]] = field(default_factory=dict)

    @classmethod
    def empty(cls, sheet_id: int, title: str, index: int, rows: int, columns: int) -> "Worksheet":
        return cls(
            {
                "sheetId": sheet_id,
                "title": title,
                "index": index,
                "sheetType": "GRID",
                "gridProperties": {"rowCount": rows, "columnCount": columns},
            }
        )

    @property
    def title(self) -> str:
        return str(self.properties["title"])

    @property
    def grid(self) -> Document:
        grid: Document = self.properties["gridProperties"]
        return grid

    @property
    def row_count(self) -> int:
        return int(self.grid["rowCount"])

    @property
    def column_count(self) -> int:
        return int(self.grid["columnCount"])

    def whole(self, box: Box) -> Box:
        """The box with its open ends closed at the grid's edges."""
        return box.within(self.row_count, self.column_count)

    def holds(self, box: Box) -> bool:
        _, _, bottom, right = box.edges()
        return bottom <= self.row_count and right <= self.column_count

    def cell(self, row: int, column: int) -> Cell:
        if row < len(self.rows) and column < len(self.rows[row]):
            return self.rows[row][column]
        return None

    def put(self, row: int, column: int, cell: Cell) -> None:
        self.rows.extend([] for _ in range(row + 1 - len(self.rows)))
        cells = self.rows[row]
        cells.extend([None] * (column + 1 - len(cells)))
        cells[column] = None if cell == "" else cell

    def is_text(self, row: int, column: int) -> bool:
        """Whether the cell's number format is TEXT; the format laid last counts."""
        kind = None
        for each in self.overlays.get("formats", []):
            top, left, bottom, right = self.whole(grid_range(each["range"])).edges()
            if "numberFormat" in each["fields"] and top <= row < bottom and left <= column < right:
                form = each["cell"].get("userEnteredFormat", {}).get("numberFormat", {})
                kind = form.get("type")
        return kind == "TEXT"

    def read(self, box: Box) -> list[list[Cell]]:
        """The cells of a box, without the empty rows and cells at its ends."""
        top, left, bottom, right = self.whole(box).edges()
        rows = [self._trimmed(row[left:right]) for row in self.rows[top:bottom]]
        while rows and not rows[-1]:
            rows.pop()
        return rows

    @staticmethod
    def _trimmed(cells: Sequence[Cell]) -> list[Cell]:
        kept = list(cells)
        while kept and is_empty(kept[-1]):
            kept.pop()
        return kept

    def clear(self, box: Box) -> None:
        top, left, bottom, right = self.whole(box).edges()
        for row in self.rows[top:bottom]:
            row[left:right] = [None] * len(row[left:right])

    def table(self, box: Box) -> Box | None:
        """The table that a box touches: the last filled cell in it and all that adjoins it."""
        top, left, bottom, right = self.whole(box).edges()
        seeds = [
            (row, column)
            for row in range(top, min(bottom, len(self.rows)))
            for column in range(left, min(right, len(self.rows[row])))
            if not is_empty(self.rows[row][column])
        ]
        return self._region(seeds[-1]) if seeds else None

    def _region(self, seed: tuple[int, int]) -> Box:
        """The smallest box around a cell whose border is empty all around."""
        top, left = seed
        bottom, right = top + 1, left + 1
        while True:
            around = [
                (row, column)
                for row in range(max(0, top - 1), bottom + 1)
                for column in range(max(0, left - 1), right + 1)
                if not (top <= row < bottom and left <= column < right)
                and not is_empty(self.cell(row, column))
            ]
            if not around:
                return Box(top, left, bottom, right)
            rows, columns = zip(*around, strict=True)
            top, bottom = min(top, *rows), max(bottom, *(row + 1 for row in rows))
            left, right = min(left, *columns), max(right, *(column + 1 for column in columns))

    def insert(self, dimension: str, start: int, count: int) -> None:
        """Insert empty rows or columns before `start`; the grid grows."""
        if dimension == "ROWS":
            if start < len(self.rows):
                self.rows[start:start] = [[] for _ in range(count)]
            self.grid["rowCount"] += count
        else:
            for row in self.rows:
                if start < len(row):
                    row[start:start] = [None] * count
            self.grid["columnCount"] += count
        for place in self._marked(dimension):
            if place["startIndex"] >= start:
                _put_at(place, place["startIndex"] + count)

    def delete(self, dimension: str, start: int, end: int) -> None:
        if dimension == "ROWS":
            del self.rows[start:end]
            self.grid["rowCount"] -= end - start
        else:
            for row in self.rows:
                del row[start:end]
            self.grid["columnCount"] -= end - start
        for place in self._marked(dimension):
            if start <= place["startIndex"] < end:
                marks = self.overlays[MARKS]
                marks[:] = [each for each in marks if _place_of(each) is not place]
            elif place["startIndex"] >= end:
                _put_at(place, place["startIndex"] - (end - start))

    def crop(self) -> None:
        """Forget what a smaller grid no longer holds."""
        del self.rows[self.row_count :]
        for row in self.rows:
            del row[self.column_count :]

    def move(self, dimension: str, start: int, end: int, to: int) -> None:
        """Move rows or columns before the one that stood at `to`."""
        size = self.row_count if dimension == "ROWS" else self.column_count
        order = [place for place in range(size) if not start <= place < end]
        at = to if to <= start else to - (end - start)
        order[at:at] = range(start, end)
        for place in self._marked(dimension):
            _put_at(place, order.index(place["startIndex"]))
        if dimension == "ROWS":
            self.rows = [self.rows[row] if row < len(self.rows) else [] for row in order]
        else:
            self.rows = [
                [self.cell(row, column) for column in order] for row in range(len(self.rows))
            ]

    def _marked(self, dimension: str) -> list[Document]:
        """The places of marks on rows or columns."""
        places = [_place_of(mark) for mark in self.overlays.get(MARKS, [])]
        return [place for place in places if place["dimension"] == dimension]

    def sort(self, box: Box, orders: Iterable[tuple[int, bool]]) -> None:
        """Sort the rows of a box by (column, descending), first the most important; empty
        cells come last either way."""
        top, left, bottom, right = self.whole(box).edges()
        rows = [
            [self.cell(row, column) for column in range(left, right)]
            for row in range(top, min(bottom, len(self.rows)))
        ]
        for column, descending in reversed(list(orders)):
            place = column - left
            filled = [row for row in rows if not is_empty(row[place])]
            filled.sort(key=lambda row: sort_key(row[place]), reverse=descending)
            rows = filled + [row for row in rows if is_empty(row[place])]
        for offset, cells in enumerate(rows):
            for place, cell in enumerate(cells):
                self.put(top + offset, left + place, cell)

    def to_json(self) -> Document:
        cells = [[to_json(cell) for cell in row] for row in self.rows]
        return {"properties": self.properties, "rows": cells, "overlays": self.overlays}

    @classmethod
    def from_json(cls, document: Document) -> "Worksheet":
        rows = [[from_json(cell) for cell in row] for row in document["rows"]]
        return cls(document["properties"], rows, document["overlays"])


def _place_of(mark: Document) -> Document:
    place: Document = mark["location"]["dimensionRange"]
    return place


def _put_at(place: Document, index: int) -> None:
    place |= {"startIndex": index, "endIndex": index + 1}
