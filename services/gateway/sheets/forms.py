"""The tabs that the bot writes: which columns each has, and how it is made and laid out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from services.gateway.sheets import columns, header, layout, published
from services.gateway.sheets.columns import Places
from services.gateway.sheets.rows import Cell

Request = dict[str, Any]


class Below(Protocol):
    def __call__(
        self, sheet_id: int, places: Places, *, top: int = 1, bottom: int | None = None
    ) -> list[Request]: ...


@dataclass(frozen=True)
class Form:
    made: Places  # where its columns are made
    # Why our names may not be written over a header (with the rows below it); None if they may.
    fault_in: Callable[[Sequence[Cell], Sequence[Sequence[Cell]]], str | None]
    whole: Callable[[int, Places], list[Request]]
    renewed: Callable[[int, str, Places], list[Request]]
    below: Below
    otherwise: str  # what else a person may do where a tab is not as it must be
    has_legend: bool = False


DRAFTS = Form(
    columns.AS_MADE,
    header.fault_in,
    layout.whole,
    layout.renewed,
    layout.below,
    "Or name another in GOOGLE_WORKSHEET.",
    has_legend=True,
)
PUBLISHED = Form(
    published.AS_MADE,
    published.fault_in,
    published.whole,
    published.renewed,
    published.below,
    "Or give that tab another name, and the bot makes one.",
)
