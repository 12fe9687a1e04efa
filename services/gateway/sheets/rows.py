"""A draft as a row that a curator reads and ticks, and the decision read back from it.

The machine writes a row once and later only its state and address; what stands in the columns
between belongs to the curator. The last column, hidden, is the whole draft for machines.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Literal

from pydantic import ValidationError

from services.gateway.schemas import Decision, Draft, Outcome, Post

Cell = str | int | float | bool

COLUMNS = (
    "id",
    "post",
    "song",
    "artists",
    "genres",
    "draft",
    "approve",
    "edited text",
    "reject",
    "reason",
    "state",
    "url",
    "details",
)
CHECKBOXES = ("approve", "reject")
DECIDED = COLUMNS[5:12]  # from the draft to the address: what `read_row` takes
WORDS = ("approve", "edited text", "reject", "reason")  # the curator's
OUTCOME = ("state", "url")
# What the author of the post wrote stands in both.
POST, DETAILS = "post", "details"
# Google refuses cells of more than 50,000 UTF-16 units.
LONGEST_CELL = 40_000
TICKS = {"true", "x", "yes", "y", "1", "\N{CHECK MARK}"}

# Shown as the state of a row whose decision cannot be taken, with what is wrong with it.
UNCLEAR = "unclear"
NO_WORDS = "{} holds a number, a date or an error and no words; type them again"
COPIED = "rows of one id say different things; delete all but one of them"
ERROR = re.compile(r"#(ERROR!|NAME\?|REF!|VALUE!|DIV/0!|NUM!|NULL!|N/A)")

# What a spreadsheet may take for a formula when the sheet is exported and opened elsewhere.
FORMULA = re.compile("'*[=+\\-@\t\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}]")
# Controls, surrogates and marks that reorder or hide text; emoji and Persian need the joiners.
UNSHOWN = {"Cc", "Cf", "Cs"}
SHOWN_ALL_THE_SAME = "\n\t\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"


def cell_text(text: str) -> str:
    """Text that shows as it is, and is never run."""
    shown = "".join(
        mark
        for mark in text
        if mark in SHOWN_ALL_THE_SAME or unicodedata.category(mark) not in UNSHOWN
    )
    fitting = shown.encode("utf-16-le")[: 2 * LONGEST_CELL].decode("utf-16-le", "ignore")
    return f"'{fitting}" if FORMULA.match(fitting) else fitting


def text_of(cell: Cell) -> str:
    """The text that `cell_text` made a cell from."""
    text = str(cell)
    return text[1:] if text.startswith("'") and FORMULA.match(text) else text


def new_row(draft: Draft) -> list[Cell]:
    texts = (
        draft.id,
        draft.post.text,
        draft.song.title,
        ", ".join(draft.song.artists),
        ", ".join(draft.song.genres),
        draft.text,
    )
    return [*(cell_text(text) for text in texts), False, "", False, "", "", "", details(draft)]


def details(draft: Draft) -> str:
    """The draft in ASCII JSON; without the post's text where that is too long for a cell."""
    whole = draft.model_dump(mode="json")
    if len(written := json.dumps(whole)) <= LONGEST_CELL:
        return written
    whole["post"].pop("text")
    written = json.dumps(whole)
    return written if len(written) <= LONGEST_CELL else ""


def read_details(cell: Cell) -> Mapping[str, Any] | None:
    """What `details` wrote; None when a cell holds something else."""
    try:
        found = json.loads(str(cell))
    except ValueError:
        return None
    return found if isinstance(found, dict) and isinstance(found.get("post"), dict) else None


def is_of(draft_id: Cell, item_ids: Collection[str]) -> bool:
    """Whether a draft belongs to one of these items, by their ids."""
    return text_of(draft_id).rpartition(":")[0] in item_ids


def without_post(details_cell: Cell) -> str:
    """The details, without what the post's author wrote; nothing where that cannot be told."""
    whole = read_details(details_cell)
    if whole is None:
        return ""
    try:
        post = Post.model_validate({"text": "", **whole["post"]})
    except ValidationError:
        return ""
    return json.dumps({**whole, "post": post.forgotten().model_dump(mode="json")})


def outcome_cells(outcome: Outcome) -> list[Cell]:
    state = f"{outcome.state}: {outcome.detail}" if outcome.detail else outcome.state
    return [cell_text(state), cell_text(outcome.url or "")]


@dataclass(frozen=True)
class Row:
    """What a row says now."""

    draft_id: str
    verdict: Literal["approved", "rejected", "undecided"]
    text: str
    edited: bool
    reason: str | None
    state: str
    shown: tuple[Cell, Cell] = ("", "")  # the state and the address, as they stand
    fault: str | None = None  # why what it says cannot be taken for a decision

    @cached_property
    def version(self) -> str:
        said = "\0".join((self.verdict, self.text, self.reason or ""))
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def decision(self, decided_at: datetime) -> Decision:
        return Decision(
            draft_id=self.draft_id,
            verdict=self.verdict,
            text=self.text,
            edited=self.edited,
            reason=self.reason,
            decided_at=decided_at,
            version=self.version,
        )


def read_row(draft_id: Cell, cells: Sequence[Cell]) -> Row:
    """Read the cells from the draft to the address; Google leaves out empty ones at the end."""
    draft, approve, edited, reject, reason, state, url = [*cells, *[""] * 7][:7]
    words = text_of(edited).strip() if _is_words(edited) else ""
    text = words or text_of(draft)
    fault = _fault(draft, edited)
    # There must be something to approve.
    approved = _ticked(approve) and text != "" and fault is None
    return Row(
        draft_id=text_of(draft_id),
        verdict=_verdict(approved=approved, rejected=_ticked(reject)),
        text=text,
        edited=bool(words),
        reason=text_of(reason).strip() or None,
        state=str(state).partition(":")[0],
        shown=(state, url),
        fault=fault,
    )


def standing(rows: Iterable[Row]) -> dict[str, Row]:
    """Rows by id; of rows that were copied the first, and no decision where they disagree."""
    firsts: dict[str, Row] = {}
    copied: dict[str, Row] = {}
    for row in rows:
        first = firsts.setdefault(row.draft_id, row)
        if first.version != row.version:
            copied[row.draft_id] = replace(first, verdict="undecided", fault=COPIED)
    firsts.pop("", None)
    return {draft_id: copied.get(draft_id, row) for draft_id, row in firsts.items()}


def explained(row: Row) -> list[Cell] | None:
    """The state and address that tell a curator what is unclear; None where they do already."""
    told, url = text_of(row.shown[0]), row.shown[1]
    wanted = f"{UNCLEAR}: {row.fault}" if row.fault else ""
    if told == wanted or row.state in {"scheduled", "published"}:
        return None
    return [wanted, url] if wanted or row.state == UNCLEAR else None


def _verdict(*, approved: bool, rejected: bool) -> Literal["approved", "rejected", "undecided"]:
    """Both boxes ticked is a no: nothing leaves that is not clearly approved."""
    if rejected:
        return "rejected"
    return "approved" if approved else "undecided"


def _is_words(cell: Cell) -> bool:
    """A date or a smile that a spreadsheet took for more than text is none that was meant."""
    return isinstance(cell, str) and not ERROR.match(cell)


def _fault(draft: Cell, edited: Cell) -> str | None:
    if not _is_words(edited):
        return NO_WORDS.format("the edited text")
    if edited.strip() == "" and not _is_words(draft):  # type: ignore[union-attr]  # words are text
        return NO_WORDS.format("the draft")
    return None


def _ticked(cell: Cell) -> bool:
    return cell is True or str(cell).strip().casefold() in TICKS
