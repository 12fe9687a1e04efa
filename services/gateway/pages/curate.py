"""`/curate`: one post at a time, its drafts ranked, one key to decide.

A form carries the version of the item that the curator saw. When somebody else was faster, the
answer is the same page with status 409: it says what they decided and still holds the words that
were typed. `head` is the newest item at the start of the pass; what stands above it is new.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import structlog
from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import AfterValidator

from services.common.problems import (
    BadRequestError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    ProblemError,
    UnavailableError,
)
from services.gateway.pages.decided import decided
from services.gateway.pages.look import AskedLook, Look, SentLook
from services.gateway.pages.preview import rules_of
from services.gateway.pages.report import last_worker
from services.gateway.pages.sessions import set_cookie
from services.gateway.pages.views import PageRoute, page
from services.gateway.pages.visitors import CURATOR, CURATOR_SECONDS, FORM_CHECKS, Visitor, may
from services.gateway.people import CURATE, MAX_NAME
from services.gateway.sheets.sheet import Desk, DeskItem, Wanted

RECENT = 6
REASONS = ("Wrong song", "Not true", "Off tone", "Seen before", "Not worth a post")
SpanName = Literal["hour", "day", "week"]
SPANS: dict[SpanName, timedelta] = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
SAID = {
    **{
        f"snoozed-{span}": f"Put away; it comes back in {in_words}."
        for span, in_words in (("hour", "an hour"), ("day", "a day"), ("week", "a week"))
    },
    "approved": "Approved.",
    "rejected": "Rejected.",
    "undone": "Taken back. Decide again.",
    "named": "Your decisions now carry this name.",
}

log = structlog.get_logger()
router = APIRouter(include_in_schema=False, route_class=PageRoute)


def unix_lines(text: str) -> str:
    """Forms send CRLF for every line break; the curator typed one line feed."""
    return text.replace("\r\n", "\n")


Words = Annotated[str, AfterValidator(unix_lines), Form()]
# PostgreSQL stores no NUL, and no id holds a control character.
PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
Id = Annotated[str, Form(max_length=230, pattern=PRINTABLE)]
AskedId = Annotated[str | None, Query(max_length=230, pattern=PRINTABLE)]
Span = Annotated[SpanName, Form()]
Version = Annotated[int, Form(ge=1, le=2**31 - 1)]
Known = Annotated[Visitor, Depends(may(CURATE))]


def the_desk(request: Request) -> Desk:
    desk: Desk | None = request.app.state.desk
    if desk is None:
        raise UnavailableError("Drafts are curated in the Google Sheet (SHEET=google).")
    return desk


TheDesk = Annotated[Desk, Depends(the_desk)]


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
) -> Response:
    if request.app.state.desk is None:
        return page(request, "google_sheet.html", key=request.app.state.settings.google_sheet_key)
    place = await find_place(the_desk(request), look, item, after, head)
    return await desk_page(request, visitor, place, said=SAID.get(said or ""))


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
) -> Response:
    """The desk with `place` in focus; `typed` are words, by draft, that were not accepted, and
    `gone` is the item that they were for, if it is no longer there."""
    rules = await rules_of(request)
    return page(
        request,
        "curate.html",
        status,
        place=place,
        item=place.item,
        verdict=decided(place.item) if place.item else None,
        away=place.item is not None and place.item.is_away(datetime.now(UTC)),
        said=said,
        problem=problem,
        typed=typed or {},
        gone=gone,
        previews=rules.previews(place.item, words_on(place.item, typed)) if place.item else {},
        reasons=REASONS,
        spans=SPANS,
        searching="/curate",
        cleared=Look(Wanted(place.look.wanted.view)).focus(),
        **await pulse_of(request, visitor, place.look, place.head),
    )


def words_on(item: DeskItem, typed: Mapping[str, str] | None) -> dict[str, str]:
    """The words that a curator sees, by draft: typed ones, those approved once, the writer's."""
    standing = {
        laid.draft.id: laid.decision.text if laid.decision else laid.draft.text
        for laid in item.drafts
    }
    return standing | dict(typed or {})


async def pulse_of(
    request: Request, visitor: Visitor, look: Look, head: str | None
) -> dict[str, Any]:
    """What changes while a curator thinks: counts, what is new, what became of decisions."""
    desk = the_desk(request)
    counts = await desk.counts()
    now = datetime.now(UTC)
    recent = [done for item in await desk.recent(RECENT) if (done := decided(item, now))]
    own = (v for v in recent if v.can_undo and v.curator == visitor.curator)
    return {
        "head": head,
        "look": look,
        "counts": counts,
        "new": await desk.above(head, look.wanted) if head else counts.waiting,
        "recent": recent,
        "undo_first": next(own, None),
        "worker": await asyncio.to_thread(last_worker, request.app.state.engine),
    }


@router.get("/curate/pulse")
async def show_pulse(
    request: Request, visitor: Known, look: AskedLook, head: AskedId = None
) -> Response:
    return page(request, "pulse.html", **await pulse_of(request, visitor, look, head or None))


@router.post("/curate/approve", dependencies=FORM_CHECKS)
async def approve(
    request: Request,
    visitor: Known,
    desk: TheDesk,
    look: SentLook,
    *,
    item_id: Id,
    draft_id: Id,
    version: Version,
    text: Words = "",
    head: Id = "",
) -> Response:
    try:
        await refuse_unfit(request, item_id, version, text)
        item = await desk.approve(
            draft_id, text=text, version=version, curator=visitor.acting(CURATE)
        )
    except (ConflictError, BadRequestError, NotFoundError) as error:
        return await refused(
            request, visitor, look, error, item_id=item_id, head=head, typed={draft_id: text}
        )
    log.info("draft.approved", draft_id=draft_id, curator=visitor.curator)
    return RedirectResponse(look.focus(after=item.item_id, head=head, said="approved"), 303)


async def refuse_unfit(request: Request, item_id: str, version: int, words: str) -> None:
    """Raise BadRequestError for words that would not be posted, unless somebody was faster."""
    item = await the_desk(request).item(item_id)
    if item.version == version:
        (await rules_of(request)).refuse_unfit(words, item.song)


@router.post("/curate/reject", dependencies=FORM_CHECKS)
async def reject(
    request: Request,
    visitor: Known,
    desk: TheDesk,
    look: SentLook,
    *,
    item_id: Id,
    version: Version,
    reason: Words = "",
    head: Id = "",
) -> Response:
    try:
        await desk.reject(item_id, reason=reason, version=version, curator=visitor.acting(CURATE))
    except (ConflictError, BadRequestError, NotFoundError) as error:
        return await refused(request, visitor, look, error, item_id=item_id, head=head)
    log.info("item.rejected", item_id=item_id, curator=visitor.curator)
    return RedirectResponse(look.focus(after=item_id, head=head, said="rejected"), 303)


@router.post("/curate/undo", dependencies=FORM_CHECKS)
async def undo(
    request: Request,
    visitor: Known,
    desk: TheDesk,
    look: SentLook,
    *,
    item_id: Id,
    version: Version,
    head: Id = "",
) -> Response:
    try:
        await desk.undo(item_id, version=version, curator=visitor.acting(CURATE))
    except (ConflictError, NotFoundError) as error:
        return await refused(request, visitor, look, error, item_id=item_id, head=head)
    log.info("decision.undone", item_id=item_id, curator=visitor.curator)
    return RedirectResponse(look.focus(item=item_id, head=head, said="undone"), 303)


@router.post("/curate/snooze", dependencies=FORM_CHECKS)
async def snooze(
    request: Request,
    visitor: Known,
    desk: TheDesk,
    look: SentLook,
    *,
    item_id: Id,
    version: Version,
    span: Span,
    head: Id = "",
) -> Response:
    until = datetime.now(UTC) + SPANS[span]
    try:
        await desk.snooze(item_id, until=until, version=version, curator=visitor.acting(CURATE))
    except (ConflictError, NotFoundError) as error:
        return await refused(request, visitor, look, error, item_id=item_id, head=head)
    log.info("item.snoozed", item_id=item_id, curator=visitor.curator, span=span)
    return RedirectResponse(look.focus(after=item_id, head=head, said=f"snoozed-{span}"), 303)


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
    response = RedirectResponse(look.focus(item=item_id, head=head, said="named"), 303)
    set_cookie(request, response, CURATOR, name.strip()[:MAX_NAME], CURATOR_SECONDS)
    return response


async def refused(
    request: Request,
    visitor: Visitor,
    look: Look,
    error: ProblemError,
    *,
    item_id: str,
    head: str,
    typed: Mapping[str, str] | None = None,
) -> Response:
    """The item as it now is, why the form was not accepted, and the words that were typed."""
    gone = None
    try:
        place = await find_place(the_desk(request), look, item_id, None, head or None)
    except NotFoundError:
        place, gone = Place(look, None, None), item_id
    return await desk_page(
        request, visitor, place, status=error.status, problem=error.detail, typed=typed, gone=gone
    )
