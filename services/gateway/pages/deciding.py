"""The forms of `/curate`: what a curator says of the item in focus.

Each carries the version of the item that the curator saw; whoever was too late gets the page with
what stands now, and their own words.
"""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import PlainTextResponse, RedirectResponse

from services.common.problems import (
    BadRequestError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    ProblemError,
)
from services.gateway.pages.curate import SAID, Place, desk_page, find_place
from services.gateway.pages.fields import SPANS, DraftId, Id, Known, Span, TheDesk, Version, Words
from services.gateway.pages.look import Look, SentLook
from services.gateway.pages.manner import AS_USUAL, Manner
from services.gateway.pages.preview import rules_of
from services.gateway.pages.sessions import set_cookie
from services.gateway.pages.views import PageRoute
from services.gateway.pages.visitors import (
    CURATOR,
    CURATOR_SECONDS,
    FORM_CHECKS,
    Visitor,
    is_taken,
)
from services.gateway.people import CURATE, MAX_NAME, Actor
from services.gateway.sheets.sheet import Desk

LITTLE = "return=minimal"  # RFC 7240

log = structlog.get_logger()
router = APIRouter(include_in_schema=False, route_class=PageRoute)


@dataclass(frozen=True)
class Sent:
    """What every form about an item carries, and whose it is."""

    request: Request
    visitor: Visitor
    desk: Desk
    look: Look
    item_id: str
    version: int
    head: str

    @property
    def curator(self) -> Actor:
        return self.visitor.acting(CURATE)


async def sent(
    request: Request,
    visitor: Known,
    desk: TheDesk,
    look: SentLook,
    *,
    item_id: Id,
    version: Version,
    head: Id = "",
) -> Sent:
    return Sent(request, visitor, desk, look, item_id, version, head)


SentItem = Annotated[Sent, Depends(sent)]


@router.post("/curate/approve", dependencies=FORM_CHECKS)
async def approve(form: SentItem, *, draft_id: DraftId, text: Words = "") -> Response:
    return await answer(form, _approve(form, draft_id, text), "approved", typed={draft_id: text})


async def _approve(form: Sent, draft_id: str, words: str) -> None:
    await refuse_unfit(form, words)
    await form.desk.approve(draft_id, text=words, version=form.version, curator=form.curator)


async def refuse_unfit(form: Sent, words: str) -> None:
    """Raise BadRequestError for words that would not be posted, unless somebody was faster."""
    item = await form.desk.item(form.item_id)
    if item.version == form.version:  # else that is told first
        (await rules_of(form.request)).refuse_unfit(words, item.song)


@router.post("/curate/reject", dependencies=FORM_CHECKS)
async def reject(form: SentItem, *, reason: Words = "") -> Response:
    work = form.desk.reject(form.item_id, reason=reason, version=form.version, curator=form.curator)
    return await answer(form, work, "rejected")


@router.post("/curate/undo", dependencies=FORM_CHECKS)
async def undo(form: SentItem) -> Response:
    work = form.desk.undo(form.item_id, version=form.version, curator=form.curator)
    return await answer(form, work, "undone", goes_on=False)


@router.post("/curate/snooze", dependencies=FORM_CHECKS)
async def snooze(form: SentItem, *, span: Span) -> Response:
    until = datetime.now(UTC) + SPANS[span]
    work = form.desk.snooze(form.item_id, until=until, version=form.version, curator=form.curator)
    return await answer(form, work, f"snoozed-{span}")


async def answer(
    form: Sent,
    work: Awaitable[object],
    said: str,
    *,
    typed: Mapping[str, str] | None = None,
    goes_on: bool = True,
) -> Response:
    """Do it, and go on to the next item or stay at this one; `typed` are words by draft."""
    try:
        await work
    except (ConflictError, BadRequestError, NotFoundError) as error:
        return await refused(form, error, typed)
    log.info("item.decided", item_id=form.item_id, what=said, curator=form.visitor.curator)
    if goes_on and wants_little(form.request):
        return PlainTextResponse(SAID[said], headers={"Preference-Applied": LITTLE})
    place = {"after" if goes_on else "item": form.item_id}
    return RedirectResponse(form.look.focus(**place, head=form.head, said=said), 303)


def wants_little(request: Request) -> bool:
    """Whether the page has gone on by itself, and asks only what became of the decision."""
    return request.headers.get("prefer") == LITTLE


async def refused(
    form: Sent,
    error: ProblemError,
    typed: Mapping[str, str] | None = None,
    manner: Manner = AS_USUAL,
) -> Response:
    """The item as it now is, why the form was not accepted, and what was typed and chosen."""
    gone = None
    try:
        place = await find_place(form.desk, form.look, form.item_id, None, form.head or None)
    except NotFoundError:
        place, gone = Place(form.look, None, None), form.item_id
    return await desk_page(
        form.request,
        form.visitor,
        place,
        status=error.status,
        problem=error.detail,
        typed=typed,
        gone=gone,
        manner=manner,
    )


@router.post("/curate/name", dependencies=FORM_CHECKS)
async def name_curator(
    request: Request,
    visitor: Known,
    look: SentLook,
    *,
    name: Annotated[str, Form()] = "",
    item_id: Id = "",
    head: Id = "",
) -> Response:
    """Remember under which name this browser's decisions are kept; blank for the usual one."""
    if visitor.named_by_key:
        raise ForbiddenError(f"Your key says who you are: {visitor.curator}.")
    if is_taken(request.app.state.settings, name.strip()):
        raise ForbiddenError(f"{name.strip()} has a key of their own: log in with it.")
    response = RedirectResponse(look.focus(item=item_id, head=head, said="named"), 303)
    set_cookie(request, response, CURATOR, name.strip()[:MAX_NAME], CURATOR_SECONDS)
    return response
