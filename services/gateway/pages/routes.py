"""All pages under one router, and the files that they need."""

from fastapi import APIRouter, FastAPI, Response
from fastapi.responses import RedirectResponse
from starlette.staticfiles import StaticFiles

from services.gateway.pages import curate, login, status
from services.gateway.pages.playground import routes as playground
from services.gateway.pages.views import STATIC, PageRoute

router = APIRouter(include_in_schema=False, route_class=PageRoute)
ROOMS = (curate.router, login.router, playground.router, status.router)
for room in ROOMS:
    router.include_router(room)


@router.get("/")
async def root() -> Response:
    return RedirectResponse("/curate")


def install_pages(app: FastAPI) -> None:
    """Add the pages; `app.state` has `settings`, `engine` and `desk` by the time one is asked."""
    app.include_router(router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
