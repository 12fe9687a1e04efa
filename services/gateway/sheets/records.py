"""Rows of a worksheet as records (draft, decision, outcome) and back: what moves between sheets."""

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, get_args

from pydantic import ValidationError

from services.gateway.schemas import Decision, Draft, Outcome, Post, Scores, Song
from services.gateway.sheets.rows import (
    COLUMNS,
    OUTCOME,
    WORDS,
    Cell,
    cell_text,
    new_row,
    outcome_cells,
    read_details,
    read_row,
    text_of,
)
from services.gateway.sheets.sheet import LAST_RANK_OF_WORKER, Carried, DeskDraft

PLACES = {name: place for place, name in enumerate(COLUMNS)}
DRAFT, STATE, URL, DETAILS = (PLACES[name] for name in ("draft", "state", "url", "details"))
WORDS_PLACES = slice(PLACES["approve"], PLACES["state"])
STATES = get_args(Outcome.model_fields["state"].annotation)
ID = re.compile(r"(?P<item>(?P<origin>[^:]+):(?P<post>.+)):(?P<rank>[1-9]\d{0,5})", re.DOTALL)

Filling = Mapping[tuple[str, ...], list[Cell]]  # by columns


def made_at_desk(draft_id: str) -> bool:
    """Whether it was made at the built-in desk, by its rank."""
    parts = ID.fullmatch(draft_id)
    return parts is not None and int(parts["rank"]) > LAST_RANK_OF_WORKER


def padded(cells: Sequence[Cell]) -> list[Cell]:
    """A row with the empty cells that Google leaves out at its end."""
    return [*cells, *[""] * len(COLUMNS)][: len(COLUMNS)]


def draft_in(row: Sequence[Cell], found: Mapping[str, Any] | None) -> Draft | None:
    """The draft that a row was written from; None when its details are gone or broken."""
    if found is None:
        return None
    post = {"text": text_of(row[PLACES["post"]]), **found["post"]}
    try:
        return Draft.model_validate({**found, "post": post})
    except ValidationError:
        return None


def records_in(rows: Sequence[Sequence[Cell]], now: datetime) -> Iterator[DeskDraft]:
    """Every row that has an id and words. Details are found by the id that they name: whoever
    sorts the columns that show may leave the hidden one as it was."""
    whole = [padded(cells) for cells in rows]
    details = {
        str(found.get("id")): found for row in whole if (found := read_details(row[DETAILS]))
    }
    firsts: dict[str, list[Cell]] = {}
    for row in whole:
        firsts.setdefault(text_of(row[0]), row)
    for draft_id, row in firsts.items():
        draft = draft_in(row, details.get(draft_id)) or shown_draft(row, now)
        if draft is not None:
            yield DeskDraft(draft=draft, decision=_decision(row, draft, now), outcome=_outcome(row))


def shown_draft(row: Sequence[Cell], now: datetime) -> Draft | None:
    """A draft from what shows of it; what does not show is left plain."""
    draft_id, post, song, artists, genres, text = (text_of(cell) for cell in row[: DRAFT + 1])
    parts = ID.fullmatch(draft_id)
    try:
        return Draft(
            id=draft_id,
            item_id=parts["item"] if parts else draft_id,
            rank=int(parts["rank"]) if parts else 1,
            text=text,
            scores=Scores(score=0, log_prob=0, topic=0, novelty=0),
            post=Post(
                origin=parts["origin"] if parts else "sheet",
                id=parts["post"] if parts else draft_id,
                text=post,
                author_id="",
                created_at=now,
            ),
            song=Song(
                title=song,
                artists=artists.split(", "),
                genres=[genre for genre in genres.split(", ") if genre],
                score=0,
            ),
            created_at=now,
        )
    except ValidationError:
        return None


def _decision(row: Sequence[Cell], draft: Draft, now: datetime) -> Decision | None:
    read = read_row(row[0], row[DRAFT : URL + 1])
    mended = read.text not in {"", text_of(cell_text(draft.text))}
    if read.verdict == "undecided" and not mended and read.reason is None:
        return None
    return read.decision(now).model_copy(update={"edited": mended})


def _outcome(row: Sequence[Cell]) -> Outcome | None:
    state, _, detail = text_of(row[STATE]).partition(": ")
    if state not in STATES:
        return None
    url = text_of(row[URL]) or None
    return Outcome.model_validate({"state": state, "url": url, "detail": detail[:500] or None})


def words_cells(decision: Decision) -> list[Cell]:
    """The curator's four cells that say what a decision says."""
    return [
        decision.verdict == "approved",
        cell_text(decision.text) if decision.edited else "",
        decision.verdict == "rejected",
        cell_text(decision.reason or ""),
    ]


def row_of(record: DeskDraft) -> list[Cell]:
    """The row of a record that is new in the sheet."""
    row = new_row(record.draft)
    if record.decision is not None:
        row[WORDS_PLACES] = words_cells(record.decision)
    if record.outcome is not None:
        row[STATE : URL + 1] = outcome_cells(record.outcome)
    return row


def is_open(row: Sequence[Cell], record: DeskDraft) -> bool:
    """Nobody has words in the row that a decision from elsewhere would replace."""
    said = read_row(row[0], row[DRAFT : URL + 1])
    as_drafted = text_of(cell_text(record.draft.text))
    words = {as_drafted, record.decision.text if record.decision is not None else as_drafted}
    unsaid = said.verdict == "undecided" and said.reason is None and said.fault is None
    return unsaid and said.text in words


@dataclass
class Arrival:
    """What carrying records into a worksheet comes to: cells to fill, by place (0 is the row below
    the header) and columns, and new rows."""

    height: int  # rows down to the last that holds more than empty boxes
    fillings: dict[int, dict[str, Cell]] = field(default_factory=dict)
    new: list[list[Cell]] = field(default_factory=list)
    carried: Carried = field(default_factory=Carried)


def arrive(records: Sequence[DeskDraft], rows: Sequence[Sequence[Cell]]) -> Arrival:
    """Records among the rows of a worksheet, which begin at its row 2."""
    standing: dict[str, int] = {}
    for place, cells in enumerate(rows):
        standing.setdefault(text_of(cells[0]) if cells else "", place)
    filled = (place for place, cells in enumerate(rows, 1) if any(cells))
    arrival = Arrival(max(filled, default=0))
    for record in {record.draft.id: record for record in records}.values():
        found = standing.get(record.draft.id)
        if found is None:
            arrival.new.append(row_of(record))
            arrival.carried += Carried(new=1) + _counted(record, {WORDS, OUTCOME})
            continue
        row = padded(rows[found])
        filling = filled_by(record, row)
        for names, values in filling.items():
            arrival.fillings.setdefault(found, {}).update(zip(names, values, strict=True))
        arrival.carried += _counted(record, filling.keys()) + Carried(
            kept=_is_kept(record, row, filling)
        )
    return arrival


def filled_by(record: DeskDraft, row: Sequence[Cell]) -> Filling:
    """What a record may add to the row that stands there. A curator's words are never replaced;
    that something is published always counts, since nothing may be published twice."""
    cells: dict[tuple[str, ...], list[Cell]] = {}
    open_ = is_open(row, record)
    if record.decision is not None and open_ and _says_other(record.decision, row):
        cells[WORDS] = words_cells(record.decision)
    standing, outcome = _outcome(row), record.outcome
    final = standing is not None and standing.state == "published"
    if outcome is not None and not final:
        published = outcome.state == "published"
        if published or (open_ and standing is None):
            cells[OUTCOME] = outcome_cells(outcome)
    return cells


def _says_other(decision: Decision, row: Sequence[Cell]) -> bool:
    return words_cells(decision) != list(row[WORDS_PLACES])


def _is_kept(record: DeskDraft, row: Sequence[Cell], filling: Filling) -> bool:
    decision = record.decision
    return decision is not None and WORDS not in filling and _says_other(decision, row)


def _counted(record: DeskDraft, written: Set[tuple[str, ...]]) -> Carried:
    decided = WORDS in written and record.decision is not None
    published = record.outcome is not None and record.outcome.state == "published"
    return Carried(decided=decided, published=OUTCOME in written and published)
