"""`/status`: one page that says whether the bot is well, and what to do where it is not.

Its buttons leave commands for the worker, which fetches them with its next heartbeat.
"""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from services.common.health import Readiness
from services.gateway.adapters import Adapters
from services.gateway.commands import Kind, give, waiting
from services.gateway.pages.decided import Decided, decided
from services.gateway.pages.fields import Id
from services.gateway.pages.report import alike, publications, workers
from services.gateway.pages.views import PageRoute, page
from services.gateway.pages.visitors import FORM_CHECKS, Visitor, may
from services.gateway.people import OPERATE, PUBLISH, Actor
from services.gateway.schemas import Command
from services.gateway.sheets.sheet import Desk, Wanted
from services.gateway.spend import SpendReport

RECENT = 100

log = structlog.get_logger()
router = APIRouter(include_in_schema=False, route_class=PageRoute)
Known = Annotated[Visitor, Depends(may())]
Publisher = Annotated[Visitor, Depends(may(PUBLISH))]
Operator = Annotated[Visitor, Depends(may(OPERATE))]


@router.get("/status")
async def show_status(request: Request, _: Known) -> Response:
    state = request.app.state
    readiness: Readiness = state.readiness
    desk: Desk | None = state.desk
    heard = await asyncio.to_thread(workers, state.engine)
    posts = await asyncio.to_thread(publications, state.engine)
    failed = [] if desk is None else await failures(desk)
    return page(
        request,
        "status.html",
        workers=heard,
        errors=alike(heard[0].heartbeat.errors if heard else (), str),
        publications=posts,
        refused=alike(posts.refused, lambda row: row["detail"] or ""),
        checks=sorted(readiness.checks),
        missing=await readiness.report(),
        counts=None if desk is None else await desk.counts(),
        spend=await asyncio.to_thread(spent, state.adapters),
        billed=state.settings.x_is_real,
        vendors=state.adapters.breakers,
        failed=alike(failed, reason_of),
        asked=Asked(await asyncio.to_thread(waiting, state.engine)),
    )


@router.post("/status/retry", dependencies=FORM_CHECKS)
async def retry(
    request: Request,
    visitor: Operator,
    item_id: Id = "",
) -> Response:
    """Give one parked post another try, or all of them."""
    return await ask(request, visitor.acting(OPERATE), "retry", item_id or None)


@router.post("/status/pause", dependencies=FORM_CHECKS)
async def pause(request: Request, visitor: Publisher) -> Response:
    """Let nothing leave until publishing is resumed."""
    return await ask(request, visitor.acting(PUBLISH), "pause")


@router.post("/status/resume", dependencies=FORM_CHECKS)
async def resume(request: Request, visitor: Publisher) -> Response:
    return await ask(request, visitor.acting(PUBLISH), "resume")


async def ask(request: Request, by: Actor, kind: Kind, item_id: str | None = None) -> Response:
    engine = request.app.state.engine
    await asyncio.to_thread(give, engine, kind, by, item_id)
    log.info("command.given", kind=kind, item_id=item_id, by=by.name)
    return RedirectResponse("/status", 303)


class Asked:
    """What the worker was asked for and has not done yet."""

    def __init__(self, commands: Sequence[Command]) -> None:
        retries = [command.item_id for command in commands if command.kind == "retry"]
        switches = [command.kind for command in commands if command.kind != "retry"]
        self.retries = frozenset(retries)
        self.retry_all = None in retries
        self.switch = switches[-1] if switches else None  # pause, resume


def spent(adapters: Adapters) -> SpendReport | None:
    """What the timeline's platform cost; None for one that costs nothing."""
    return None if adapters.spend is None else adapters.spend.report()


def reason_of(failed: Decided) -> str:
    """Why it could not be published."""
    return failed.outcome.detail or "" if failed.outcome else ""


async def failures(desk: Desk) -> list[Decided]:
    """Approved drafts that could not be published, of the newest posts."""
    failed = await desk.queue(RECENT, wanted=Wanted("failed"))
    return [verdict for item in failed if (verdict := decided(item))]
