"""`/status`: one page that says whether the bot is well, and what to do where it is not."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from services.common.health import Readiness
from services.gateway.adapters import Adapters
from services.gateway.pages.decided import Decided, decided
from services.gateway.pages.report import publications, workers
from services.gateway.pages.views import PageRoute, page
from services.gateway.pages.visitors import Visitor, admit
from services.gateway.sheets.sheet import Desk
from services.gateway.spend import SpendReport

RECENT = 100

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/status")
async def show_status(request: Request, _: Annotated[Visitor, Depends(admit)]) -> Response:
    state = request.app.state
    readiness: Readiness = state.readiness
    desk: Desk | None = state.desk
    return page(
        request,
        "status.html",
        workers=await asyncio.to_thread(workers, state.engine),
        publications=await asyncio.to_thread(publications, state.engine),
        checks=sorted(readiness.checks),
        missing=await readiness.report(),
        counts=None if desk is None else await desk.counts(),
        spend=await asyncio.to_thread(spent, state.adapters),
        billed=state.settings.x_is_real,
        vendors=state.adapters.breakers,
        failed=[] if desk is None else await failures(desk),
    )


def spent(adapters: Adapters) -> SpendReport | None:
    """What the timeline's platform cost; None for one that costs nothing."""
    return None if adapters.spend is None else adapters.spend.report()


async def failures(desk: Desk) -> list[Decided]:
    """Approved drafts among the last decisions that could not be published."""
    recent = [verdict for item in await desk.recent(RECENT) if (verdict := decided(item))]
    return [v for v in recent if v.outcome is not None and v.outcome.state == "failed"]
