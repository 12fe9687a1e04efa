"""`/curate`: one post at a time, its drafts ranked, one key to decide.

A form carries the version of the item that the curator saw. When somebody else was faster, the
answer is the same page with status 409: it says what they decided and still holds the words that
were typed. `head` is the newest item at the start of the pass; what stands above it is new.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from services.common.problems import NotFoundError
from services.gateway.pages.decided import decided
from services.gateway.pages.fields import (
    REASONS,
    SPANS,
    AskedId,
    Id,
    Known,
    TheDesk,
    Words,
    the_desk,
)
from services.gateway.pages.look import AskedLook, Look
from services.gateway.pages.manner import AS_USUAL, AskedManner, Manner
from services.gateway.pages.preview import Preview, Rules, rules_to_show
from services.gateway.pages.report import last_worker
from services.gateway.pages.views import PageRoute, page
from services.gateway.pages.visitors import FORM_CHECKS, Visitor
from services.gateway.schemas import Draft
from services.gateway.sheets.desk_making import MOST_DRAFTS
from services.gateway.sheets.sheet import Desk, DeskItem, Wanted

RECENT = 6
OWN = "own"  # stands for a draft's id with words that are nobody's draft yet
SAID = {
    **{
        f"snoozed-{span}": f"Put away; it comes back in {in_words}."
        for span, in_words in (("hour", "an hour"), ("day", "a day"), ("week", "a week"))
    },
    "approved": "Approved.",
    "rejected": "Rejected.",
    "undone": "Taken back. Decide again.",
    "named": "Your decisions now carry this name.",
    "others": "The writer wrote others; they stand below the rest.",
    "nothing-new": "The writer said nothing that is not here already. Move a slider and ask again.",
}

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@dataclass(frozen=True)
class Place:
    """Where a pass through a view is: its newest item, and the item to look at."""

    look: Look
    head: str | None
    item: DeskItem | None
    wrapped: bool = False

    @property
    def here(self) -> str:
        return self.look.focus(item=self.item.item_id if self.item else None, head=self.head)

    @property
    def next(self) -> str:
        return self.look.focus(after=self.item.item_id if self.item else None, head=self.head)


@router.get("/curate")
async def show_desk(
    request: Request,
    visitor: Known,
    look: AskedLook,
    *,
    item: AskedId = None,
    after: AskedId = None,
    head: AskedId = None,
    said: str | None = None,
    new: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    manner: AskedManner,
) -> Response:
    if request.app.state.desk is None:
        return page(request, "google_sheet.html", key=request.app.state.settings.google_sheet_key)
    place = await find_place(the_desk(request), look, item, after, head)
    told = SAID.get(said or "")
    return await desk_page(request, visitor, place, said=told, new=new, manner=manner)


async def find_place(
    desk: Desk, look: Look, item: str | None, after: str | None, head: str | None
) -> Place:
    if item is not None:
        return Place(look, head or await top_of(desk, look), await desk.item(item))
    if after is not None and (below := await desk.queue(1, after, look.wanted)):
        return Place(look, head or await top_of(desk, look), below[0])
    top = await desk.queue(1, wanted=look.wanted)
    if not top:
        return Place(look, None, None)
    return Place(look, top[0].item_id, top[0], wrapped=after is not None)


async def top_of(desk: Desk, look: Look) -> str | None:
    top = await desk.queue(1, wanted=look.wanted)
    return top[0].item_id if top else None


async def desk_page(
    request: Request,
    visitor: Visitor,
    place: Place,
    *,
    status: int = 200,
    said: str | None = None,
    problem: str | None = None,
    typed: Mapping[str, str] | None = None,
    gone: str | None = None,
    new: int | None = None,
    manner: Manner = AS_USUAL,
) -> Response:
    """The desk with `place` in focus; `typed` are words, by draft, that were not accepted, and
    `gone` is the item that they were for, if it is no longer there. Drafts from the rank `new` on
    are marked as such; others would be written in this `manner`."""
    (focus,) = await in_focus(request, [place], typed or {})
    return page(
        request,
        "curate.html",
        status,
        said=said,
        problem=problem,
        gone=gone,
        **focus,
        **around(place.look, new, manner),
        **await pulse_of(request, visitor, place.look, place.head),
    )


async def in_focus(
    request: Request, places: Sequence[Place], typed: Mapping[str, str]
) -> list[dict[str, Any]]:
    """What the page shows of the item of each place."""
    now = datetime.now(UTC)
    verdicts = [decided(place.item) if place.item else None for place in places]
    open_ = [p.item for p, verdict in zip(places, verdicts, strict=True) if p.item and not verdict]
    rules = await rules_to_show(request) if open_ else Rules()

    def preview_all() -> dict[str, dict[str, Preview]]:
        return {item.item_id: rules.previews(item.song, words_on(item, typed)) for item in open_}

    def twins_of_all() -> dict[str, int]:
        return {k: n for item in open_ for k, n in rules.twins(drafts_of(item)).items()}

    previews = await asyncio.to_thread(preview_all)
    twins = await asyncio.to_thread(twins_of_all)
    return [
        {
            "place": place,
            "item": place.item,
            "verdict": verdict,
            "away": place.item is not None and place.item.is_away(now),
            "typed": typed,
            "previews": previews.get(place.item.item_id, {}) if place.item else {},
            "twins": twins,
            "full": place.item is not None and len(place.item.drafts) >= MOST_DRAFTS,
        }
        for place, verdict in zip(places, verdicts, strict=True)
    ]


def around(look: Look, new: int | None = None, manner: Manner = AS_USUAL) -> dict[str, Any]:
    """What stands around an item, whichever it is."""
    return {
        "own": OWN,
        "new_from": new,
        "manner": manner.fields,
        "reasons": REASONS,
        "spans": SPANS,
        "searching": "/curate",
        "cleared": Look(Wanted(look.wanted.view)).focus(),
    }


def drafts_of(item: DeskItem) -> list[Draft]:
    return [laid.draft for laid in item.drafts]


def words_on(item: DeskItem, typed: Mapping[str, str] | None) -> dict[str, str]:
    """The words that a curator sees, by draft: typed ones, those approved once, the draft's own."""
    return {OWN: ""} | {laid.draft.id: laid.words for laid in item.drafts} | dict(typed or {})


async def pulse_of(
    request: Request, visitor: Visitor, look: Look, head: str | None
) -> dict[str, Any]:
    """What changes while a curator thinks: counts, what is new, what became of decisions."""
    desk = the_desk(request)
    counts = await desk.counts()
    now = datetime.now(UTC)
    recent = [done for item in await desk.recent(RECENT) if (done := decided(item, now))]
    own = (v for v in recent if v.can_undo and v.curator == visitor.curator)
    head, new = await newer(desk, look, head)
    return {
        "head": head,
        "look": look,
        "counts": counts,
        "new": new,
        "recent": recent,
        "undo_first": next(own, None),
        "worker": await asyncio.to_thread(last_worker, request.app.state.engine),
    }


async def newer(desk: Desk, look: Look, head: str | None) -> tuple[str | None, int]:
    """The head of the pass and how many items came above it; one that is gone is replaced."""
    if head is None:
        return None, 0
    try:
        return head, await desk.above(head, look.wanted)
    except NotFoundError:
        return await top_of(desk, look), 0


@router.get("/curate/pulse")
async def show_pulse(
    request: Request, visitor: Known, look: AskedLook, head: AskedId = None
) -> Response:
    return page(request, "pulse.html", **await pulse_of(request, visitor, look, head or None))


@router.post("/curate/preview", dependencies=FORM_CHECKS)
async def show_preview(
    request: Request, _: Known, desk: TheDesk, *, item_id: Id, text: Words = ""
) -> Response:
    """A part of the page: the post that these words would make."""
    item = await desk.item(item_id)
    rules = await rules_to_show(request)
    preview = await asyncio.to_thread(rules.preview, text, item.song)
    return page(request, "preview_part.html", preview=preview)
