"""Curators who do anything to the sheet at any moment, and what must hold all the same.

A sequence is random and comes again from its seed. What the curator typed is remembered here, apart
from the sheet: each text is its own, so that one that is lost, doubled or moved is seen.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count, pairwise
from typing import Any

import gspread
import requests

from services.gateway.schemas import Decision, Outcome
from services.gateway.sheets.google import GoogleSheet
from services.gateway.sheets.rows import COLUMNS
from tests.services.gateway.on_google import WAYS, a_draft

Said = tuple[str, str, str | None]  # verdict, words, reason
Deed = Callable[[], None]

UNFORMATTED = gspread.utils.ValueRenderOption.unformatted
PASTED = 500
# Where people put notes into rows of their own. Not where the bot writes into rows that stand: one
# there may be emptied when rows move under a write (docs/gateway.md).
NOTED = ("song", "draft", "reason")


@dataclass
class Draft:
    """What a curator did to one draft, cell by cell."""

    cells: dict[str, Any]

    @property
    def said(self) -> Said:
        words = self.cells["edited text"] or self.cells["draft"]
        approved = self.cells["approve"] and words
        verdict = "approved" if approved else "undecided"
        return "rejected" if self.cells["reject"] else verdict, words, self.cells["reason"] or None


class Curator:
    """One person, by chance."""

    def __init__(self, page: gspread.Worksheet, chance: random.Random) -> None:
        self.page, self.chance = page, chance
        self.drafts: dict[str, Draft] = {}
        self.ever: defaultdict[str, set[Said]] = defaultdict(set)
        self.deleted: set[str] = set()
        # Everything else: the column and the draft (or none) that a text stands beside.
        self.typed: dict[str, tuple[str, str]] = {}
        self.numbers = count(1)
        self.has_pasted = False

    # What they see.

    def grid(self) -> tuple[list[str], list[list[Any]]]:
        """The names in row 1, and the rows below, all of one length."""
        header, *rows = self.page.get_values(value_render_option=UNFORMATTED)
        width = max(len(header), *(len(row) for row in rows), 0) if rows else len(header)
        padded = [[*row, *[""] * width][:width] for row in rows]
        return [*map(str, header), *[""] * width][:width], padded

    def laid(self, draft_id: str, cells: Mapping[str, Any]) -> None:
        self.drafts[draft_id] = Draft(dict(cells))
        self.ever[draft_id].add(self.drafts[draft_id].said)

    # What they do.

    def deed(self, *, of_columns: bool = True) -> Deed:
        rows = [
            self.tick, self.tick, self.reject, self.edit, self.edit, self.mend, self.note_beside,
            self.sort, self.sort, self.delete_rows, self.insert_row, self.paste,
            self.note_below, self.note_below,
        ]  # fmt: skip
        columns = [self.insert_column, self.move_column, self.move_column, self.delete_column]
        return self.chance.choice([*rows, *columns] if of_columns else rows)

    def tick(self) -> None:
        self._say("approve", lambda old: not old)

    def reject(self) -> None:
        self._say("reject", lambda old: not old)
        self._say("reason", lambda old: "" if old else self._text("because"))

    def edit(self) -> None:
        self._say(
            "edited text", lambda _: self._text("my words") if self.chance.random() < 0.8 else ""
        )

    def mend(self) -> None:
        self._say("draft", lambda _: self._text("mended"))

    def _say(self, name: str, change: Callable[[Any], Any]) -> None:
        header, rows = self.grid()
        found = [(place, row[header.index("id")]) for place, row in enumerate(rows)]
        theirs = [(place, each) for place, each in found if each in self.drafts]
        if not theirs:
            return
        place, draft_id = self.chance.choice(theirs)
        draft = self.drafts[draft_id]
        draft.cells[name] = change(draft.cells[name])
        self._type(place + 1, header.index(name), [[draft.cells[name]]])
        self.ever[draft_id].add(draft.said)

    def note_beside(self) -> None:
        """In a column of their own."""
        header, rows = self.grid()
        own = [place for place, name in enumerate(header) if name and name not in COLUMNS]
        if own and rows:
            column, row = self.chance.choice(own), self.chance.randrange(len(rows))
            self.typed.pop(rows[row][column], None)
            self._note(row + 1, column, header[column], str(rows[row][header.index("id")]))

    def note_below(self) -> None:
        header, rows = self.grid()
        name = self.chance.choice(NOTED)
        self._note(len(rows) + 1, header.index(name), name, "")

    def insert_row(self) -> None:
        header, rows = self.grid()
        row = 1 + self.chance.randint(0, len(rows))
        self._change(insertDimension={"range": self._range("ROWS", row)})
        if self.chance.random() < 0.5:
            self._note(row, header.index("song"), "song", "")

    def delete_rows(self) -> None:
        header, rows = self.grid()
        if not rows:
            return
        first = self.chance.randrange(len(rows))
        gone = rows[first : first + self.chance.randint(1, 3)]
        self._change(deleteDimension={"range": self._range("ROWS", first + 1, len(gone))})
        for row in gone:
            draft_id = row[header.index("id")]
            if self.drafts.pop(draft_id, None):
                self.deleted.add(draft_id)
            for cell in row:
                self.typed.pop(cell, None)

    def sort(self) -> None:
        header, rows = self.grid()
        if rows:
            whole = f"A2:{gspread.utils.rowcol_to_a1(len(rows) + 1, len(header))}"
            order = self.chance.choice(WAYS)
            self.page.sort((self.chance.randint(1, len(header)), order), range=whole)

    def paste(self) -> None:
        """Five hundred rows, once: a second table below, say."""
        if self.has_pasted or self.chance.random() < 0.7:
            return
        self.has_pasted = True
        header, rows = self.grid()
        column = header.index("song")
        texts = [self._text("pasted") for _ in range(PASTED)]
        self._change(
            appendDimension={"sheetId": self.page.id, "dimension": "ROWS", "length": PASTED + 50}
        )
        self._type(len(rows) + 1, column, [[text] for text in texts])
        self.typed |= dict.fromkeys(texts, ("song", ""))

    def insert_column(self) -> None:
        header, _ = self.grid()
        column = self.chance.randint(0, len(header))
        if column == len(header):
            self._change(
                appendDimension={"sheetId": self.page.id, "dimension": "COLUMNS", "length": 1}
            )
        else:
            self._change(insertDimension={"range": self._range("COLUMNS", column)})
        self._type(0, column, [[self._text("own")]])

    def move_column(self) -> None:
        header, _ = self.grid()
        place, to = self.chance.randrange(len(header)), self.chance.randrange(len(header) + 1)
        if to not in {place, place + 1}:
            self._change(
                moveDimension={"source": self._range("COLUMNS", place), "destinationIndex": to}
            )

    def delete_column(self) -> None:
        header, _ = self.grid()
        own = [place for place, name in enumerate(header) if name not in COLUMNS]
        if own:
            column = self.chance.choice(own)
            self._change(deleteDimension={"range": self._range("COLUMNS", column)})
            self.typed = {
                text: where for text, where in self.typed.items() if where[0] != header[column]
            }

    def _note(self, row: int, column: int, name: str, draft_id: str) -> None:
        text = self._text("note")
        self._type(row, column, [[text]])
        self.typed[text] = name, draft_id

    def _text(self, kind: str) -> str:
        return f"{kind} {next(self.numbers)}"

    def _type(self, row: int, column: int, cells: list[list[Any]]) -> None:
        """From a cell on; row 0 is the header."""
        if row + len(cells) > self.page.row_count:
            self.page = self.page.spreadsheet.worksheet(self.page.title)
        if (more := row + len(cells) - self.page.row_count) > 0:
            self.page.add_rows(more)
        where = gspread.utils.rowcol_to_a1(row + 1, column + 1)
        end = gspread.utils.rowcol_to_a1(row + len(cells), column + len(cells[0]))
        self.page.update(cells, f"{where}:{end}", raw=True)

    def _range(self, dimension: str, start: int, length: int = 1) -> dict[str, Any]:
        place = {"sheetId": self.page.id, "dimension": dimension}
        return place | {"startIndex": start, "endIndex": start + length}

    def _change(self, **request: Any) -> None:  # noqa: ANN401 - a request's JSON
        self.page.spreadsheet.batch_update({"requests": [request]})


@dataclass
class Bot:
    """What the worker does with the sheet, and what it was told."""

    sheet: GoogleSheet
    curator: Curator
    chance: random.Random
    told: defaultdict[str, list[Decision]] = field(default_factory=lambda: defaultdict(list))
    shown: dict[str, Outcome] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)
    cursor: str | None = None
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    async def act(self) -> None:
        step = self.chance.choice([self.lay, self.mark, self.mark, self.collect, self.forget])
        if step == self.lay:
            again = [a_draft(int(each.split(":")[1])) for each in self.curator.drafts]
            assert await self.sheet.upsert(again) == 0
        with self.interrupted(of_columns=step != self.lay):
            await step()

    async def lay(self) -> None:
        new = [a_draft(next(self.numbers)) for _ in range(self.chance.randint(1, 4))]
        assert await self.sheet.upsert(new) == len(new)
        for draft in new:
            cells = {"draft": draft.text, "edited text": "", "approve": False, "reject": False}
            self.curator.laid(draft.id, cells | {"reason": ""})

    async def mark(self) -> None:
        ids = [each for each in self.curator.drafts if self.chance.random() < 0.4]
        outcomes = {
            each: Outcome(state="published", url=f"https://x.test/{each}")
            if self.chance.random() < 0.2
            else Outcome(state="failed", detail=f"too long, said {next(self.numbers)}")
            for each in ids
            if each not in self.shown or self.shown[each].state != "published"
        }
        gone = await self.sheet.mark_all(outcomes)
        assert set(gone) <= self.curator.deleted
        self.shown |= outcomes

    async def collect(self) -> None:
        page = await self.sheet.decisions(self.cursor, 1000)
        self.cursor = page.cursor
        for decision in page.decisions:
            self.told[decision.draft_id].append(decision)

    async def forget(self) -> None:
        ids = [each for each in self.curator.drafts if self.chance.random() < 0.1]
        await self.sheet.forget([each.rpartition(":")[0] for each in ids])
        self.forgotten |= set(ids)

    @contextmanager
    def interrupted(self, *, of_columns: bool) -> Iterator[None]:
        """Perhaps the curator does something right before one of the bot's requests."""
        deed = self.curator.deed(of_columns=of_columns) if self.chance.random() < 0.8 else None
        left = self.chance.randint(1, 2)  # few calls need more requests
        session = self.sheet.worksheet.client().http_client.session
        send = session.send
        troubles: list[Exception] = []

        def sending(request: requests.PreparedRequest, **how: Any) -> requests.Response:  # noqa: ANN401 - as requests calls it
            nonlocal left
            left -= 1
            if left == 0 and deed is not None:
                try:
                    deed()
                except Exception as error:  # noqa: BLE001 - told when the bot's call is over
                    troubles.append(error)
            return send(request, **how)

        session.send = sending  # type: ignore[method-assign]  # the wire is the place to come between
        try:
            yield
        finally:
            session.send = send  # type: ignore[method-assign]
            for trouble in troubles:
                raise trouble


def check(bot: Bot) -> None:
    """Nothing is lost, nothing is doubled, nothing stands where nobody put it."""
    curator = bot.curator
    header, rows = curator.grid()
    at = {name: header.index(name) for name in COLUMNS}
    ids = [row[at["id"]] for row in rows if row[at["id"]]]
    assert sorted(ids) == sorted(curator.drafts), "each draft that was not deleted, once"
    for row in rows:
        draft = curator.drafts.get(row[at["id"]])
        if draft is not None:
            assert {name: row[at[name]] for name in draft.cells} == draft.cells
            check_machines(bot, row, at)
    assert found_in(header, rows, at["id"]) == curator.typed


def check_machines(bot: Bot, row: Sequence[Any], at: Mapping[str, int]) -> None:
    draft_id = row[at["id"]]
    post = "" if draft_id in bot.forgotten else "a post"
    assert (row[at["post"]], row[at["song"]]) == (post, "Hurt")
    outcome = bot.shown.get(draft_id)
    words = f"{outcome.state}: {outcome.detail}" if outcome and outcome.detail else ""
    expected = (words or (outcome.state if outcome else ""), (outcome and outcome.url) or "")
    assert (row[at["state"]], row[at["url"]]) == expected
    assert f'"{draft_id}"' in row[at["details"]]


def found_in(
    header: Sequence[str], rows: Sequence[Sequence[Any]], id_at: int
) -> dict[str, tuple[str, str]]:
    """Texts in rows that are no drafts, and in columns that are not ours."""
    found = [
        (cell, (name, row[id_at]))
        for row in rows
        for name, cell in zip(header, row, strict=True)
        if cell != "" and (not row[id_at] or name not in COLUMNS)
    ]
    assert len(dict(found)) == len(found), "a text stands there twice"
    return dict(found)


def check_told(bot: Bot) -> None:
    """The bot knows what stands, was told nothing twice, and nothing that never stood."""
    for draft_id, told in bot.told.items():
        versions = [each.version for each in told]
        assert all(one != other for one, other in pairwise(versions)), "told twice"
        for each in told:
            gone = draft_id in bot.curator.deleted and each.verdict == "undecided"
            said = each.verdict, each.text, each.reason
            assert gone or said in bot.curator.ever[draft_id]
    for draft_id, draft in bot.curator.drafts.items():
        if draft_id in bot.shown and bot.shown[draft_id].state == "published":
            continue  # what is said of it then is no decision any more
        known = bot.told.get(draft_id, [])
        if not known:
            assert draft.said[0] == "undecided"
        elif draft.said != (known[-1].verdict, known[-1].text, known[-1].reason):
            raise AssertionError((draft_id, draft.said, known[-1]))
    for draft_id in bot.curator.deleted:
        known = bot.told.get(draft_id, [])
        published = draft_id in bot.shown and bot.shown[draft_id].state == "published"
        assert published or not known or known[-1].verdict == "undecided"


async def play(sheet: GoogleSheet, client: gspread.Client, key: str, seed: int) -> None:
    """One sequence: the bot and the curator in turn, and the curator within the bot's turns too."""
    chance = random.Random(seed)
    await sheet.prepare()
    curator = Curator(client.open_by_key(key).worksheet("gens"), chance)
    bot = Bot(sheet, curator, chance)
    await bot.lay()
    for _ in range(12):
        if chance.random() < 0.5:
            await bot.act()
        else:
            curator.deed()()
        check(bot)
    await bot.collect()
    check(bot)
    check_told(bot)
