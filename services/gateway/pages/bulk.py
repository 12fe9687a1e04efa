"""`/curate/list`: a view of the desk as lines, and many waiting posts decided in one go.

A tick carries the version that the curator saw. What somebody else decided meanwhile is not
touched: the answer then is the list with status 409, which says what became of it. A batch can
be taken back as long as nothing else happened to its posts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import StringConstraints

from services.common.problems import BadRequestError
from services.gateway.pages.decided import decided
from services.gateway.pages.fields import (
    REASONS,
    SPANS,
    AskedId,
    Id,
    Known,
    Span,
    TheDesk,
    Words,
    the_desk,
)
from services.gateway.pages.look import AskedLook, Look, SentLook
from services.gateway.pages.preview import rules_of
from services.gateway.pages.views import PageRoute, page
from services.gateway.pages.visitors import FORM_CHECKS, Visitor
from services.gateway.people import CURATE
from services.gateway.sheets.sheet import Batch, Desk, DeskItem, Tick, Wanted

ON_A_PAGE = 50
BATCH = r"^[0-9a-f]{0,40}$"
# A version and the id of a draft, as the boxes of the page say them.
TICK = r"^[1-9][0-9]{0,8} [^\x00-\x1f\x7f]{1,240}$"

log = structlog.get_logger()
router = APIRouter(include_in_schema=False, route_class=PageRoute)

BatchName = Annotated[str, Form(pattern=BATCH)]


@dataclass(frozen=True)
class Shown:
    """Which lines are on the screen: those of a view, below an item."""

    look: Look
    after: str | None = None

    def address(self, **more: str | None) -> str:
        return self.look.listed(after=self.after, **more)


@dataclass(frozen=True)
class Sent:
    """What a form of the list carries whatever its button does."""

    shown: Shown
    boxes: Sequence[str]

    @property
    def ticks(self) -> list[Tick]:
        """Raises BadRequestError when nothing is ticked."""
        if not self.boxes:
            raise BadRequestError("Nothing is ticked: tick the posts to decide first.")
        parted = (box.split(" ", 1) for box in dict.fromkeys(self.boxes))
        return [Tick(draft_id, int(version)) for version, draft_id in parted]


async def sent(
    look: SentLook,
    after: Id = "",
    tick: Annotated[
        list[Annotated[str, StringConstraints(pattern=TICK)]] | None, Form(max_length=ON_A_PAGE)
    ] = None,
) -> Sent:
    return Sent(Shown(look, after or None), tick or [])


SentHere = Annotated[Sent, Depends(sent)]


@router.get("/curate/list")
async def show_list(
    request: Request,
    visitor: Known,
    desk: TheDesk,
    look: AskedLook,
    *,
    after: AskedId = None,
    batch: Annotated[str, Query(pattern=BATCH)] = "",
    undone: bool = False,
) -> Response:
    del visitor  # they are a curator
    said = "Taken back. Decide again." if undone else None
    return await list_page(request, desk, Shown(look, after or None), batch=batch, said=said)


@router.post("/curate/list", dependencies=FORM_CHECKS)
async def keep_ticks(
    request: Request, visitor: Known, desk: TheDesk, sent: SentHere, *, reason: Words = ""
) -> Response:
    """What Enter sends: it says not what to do, so nothing is done, and nothing is lost."""
    del visitor  # they are a curator
    said = "Nothing was decided: press the button of what you want."
    return await list_page(request, desk, sent.shown, said=said, ticked=sent.boxes, reason=reason)


@router.post("/curate/list/approve", dependencies=FORM_CHECKS)
async def approve_ticked(
    request: Request, visitor: Known, desk: TheDesk, sent: SentHere
) -> Response:
    fits = (await rules_of(request)).refuse_unfit
    try:
        batch = await desk.approve_all(sent.ticks, fits=fits, curator=visitor.acting(CURATE))
    except BadRequestError as error:
        return await not_done(request, desk, sent, error)
    return await became(request, visitor, sent, batch, "approved")


@router.post("/curate/list/reject", dependencies=FORM_CHECKS)
async def reject_ticked(
    request: Request, visitor: Known, desk: TheDesk, sent: SentHere, *, reason: Words = ""
) -> Response:
    try:
        batch = await desk.reject_all(sent.ticks, reason=reason, curator=visitor.acting(CURATE))
    except BadRequestError as error:
        return await not_done(request, desk, sent, error, reason)
    return await became(request, visitor, sent, batch, "rejected")


@router.post("/curate/list/snooze", dependencies=FORM_CHECKS)
async def snooze_ticked(
    request: Request, visitor: Known, desk: TheDesk, sent: SentHere, *, span: Span
) -> Response:
    until = datetime.now(UTC) + SPANS[span]
    try:
        batch = await desk.snooze_all(sent.ticks, until=until, curator=visitor.acting(CURATE))
    except BadRequestError as error:
        return await not_done(request, desk, sent, error)
    return await became(request, visitor, sent, batch, "snoozed")


@router.post("/curate/list/undo", dependencies=FORM_CHECKS)
async def undo_batch(
    request: Request, visitor: Known, desk: TheDesk, sent: SentHere, *, batch: BatchName
) -> Response:
    left = await desk.undo_all(batch, curator=visitor.acting(CURATE))
    log.info("batch.undone", batch=batch, curator=visitor.curator, done=len(left.done))
    if not (left.done or left.refused):
        gone = "Nothing was taken back: something else has happened to these posts since."
        return await list_page(request, desk, sent.shown, 409, problem=gone)
    if left.refused:
        refused = await with_items(desk, left.refused)
        return await list_page(request, desk, sent.shown, 409, batch=batch, refused=refused)
    return RedirectResponse(sent.shown.address(undone="true"), 303)


async def became(
    request: Request, visitor: Visitor, sent: Sent, batch: Batch, what: str
) -> Response:
    """The list after a batch; it lists what could not be done."""
    counted = {"done": len(batch.done), "refused": len(batch.refused)}
    log.info("batch.decided", what=what, batch=batch.name, curator=visitor.curator, **counted)
    if not batch.refused:
        return RedirectResponse(sent.shown.address(batch=batch.name), 303)
    desk = the_desk(request)
    refused = await with_items(desk, batch.refused)
    return await list_page(request, desk, sent.shown, 409, batch=batch.name, refused=refused)


async def not_done(
    request: Request, desk: Desk, sent: Sent, error: BadRequestError, reason: str = ""
) -> Response:
    """The list with its ticks and the reason as they were sent."""
    return await list_page(
        request,
        desk,
        sent.shown,
        error.status,
        problem=error.detail,
        ticked=sent.boxes,
        reason=reason,
    )


async def with_items(
    desk: Desk, refused: Mapping[str, str]
) -> list[tuple[str, DeskItem | None, str]]:
    """What was refused and why, with the items of those that are still on the desk."""
    found = {item.item_id: item for item in await desk.items(list(refused))}
    return [(item_id, found.get(item_id), why) for item_id, why in refused.items()]


async def list_page(
    request: Request,
    desk: Desk,
    shown: Shown,
    status: int = 200,
    *,
    batch: str = "",
    refused: Sequence[tuple[str, DeskItem | None, str]] = (),
    said: str | None = None,
    problem: str | None = None,
    ticked: Sequence[str] = (),
    reason: str = "",
) -> Response:
    wanted = shown.look.wanted
    # One more than is shown tells whether there are others.
    found = await desk.queue(ON_A_PAGE + 1, shown.after, wanted)
    lines, more = found[:ON_A_PAGE], len(found) > ON_A_PAGE
    now = datetime.now(UTC)
    older = Shown(shown.look, lines[-1].item_id).address() if more else None
    # A search through all posts is not done twice where the lines are all there is.
    elsewhere = wanted.narrowed and (more or shown.after)
    count = await desk.found(wanted) if elsewhere else len(lines)
    return page(
        request,
        "bulk.html",
        status,
        shown=shown,
        look=shown.look,
        lines=[(item, decided(item, now)) for item in lines],
        older=older,
        counts=await desk.counts(),
        found=count if wanted.narrowed else None,
        batch=batch,
        done=await desk.batch(batch) if batch else [],
        refused=refused,
        said=said,
        problem=problem,
        ticked=ticked,
        reason=reason,
        reasons=REASONS,
        spans=SPANS,
        searching="/curate/list",
        cleared=Look(Wanted(wanted.view)).listed(),
    )
