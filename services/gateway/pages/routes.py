"""All pages under one router, and the files that they need."""

from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Response
from fastapi.responses import RedirectResponse
from starlette.staticfiles import StaticFiles

from services.gateway.pages import ahead, audit, bulk, curate, deciding, login, making, status
from services.gateway.pages.playground import routes as playground
from services.gateway.pages.throttle import WrongKeys
from services.gateway.pages.views import STATIC, PageRoute
from services.gateway.pages.visitors import Visitor, may
from services.gateway.people import CURATE

router = APIRouter(include_in_schema=False, route_class=PageRoute)
ROOMS = (
    ahead.router,
    audit.router,
    bulk.router,
    curate.router,
    deciding.router,
    login.router,
    making.router,
    playground.router,
    status.router,
)
for room in ROOMS:
    router.include_router(room)


@router.get("/")
async def root(visitor: Annotated[Visitor, Depends(may())]) -> Response:
    """The first page that the visitor may have."""
    return RedirectResponse("/curate" if visitor.may(CURATE) else "/status")


def install_pages(app: FastAPI) -> None:
    """Add the pages; `app.state` has `settings`, `engine` and `desk` by the time one is asked."""
    app.state.wrong_keys = WrongKeys()
    app.include_router(router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
