"""The frame of one vendor's sub-application: routes, and every error in the vendor's words."""

from collections.abc import Sequence

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from services.sandbox.answers import Answer, VendorError
from services.sandbox.vendors import Failure

log = structlog.get_logger()


def on_the_page(post_id: int | None) -> Response:
    """To where a person sees a post: the sandbox's own page, the top of it without a post."""
    where = "/sandbox/" if post_id is None else f"/sandbox/?at={post_id}#post-{post_id}"
    return RedirectResponse(where, 302)


def vendor_app(routes: Sequence[Route], failure: Failure) -> Starlette:
    """A sub-application that answers unknown paths, and defects of its own, by `failure`."""

    async def refused(_: Request, error: Exception) -> Response:
        assert isinstance(error, VendorError)
        return error.answer.response()

    async def unknown(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        answer: Answer = failure(error.status_code)
        return answer.response()

    return Starlette(
        routes=list(routes), exception_handlers={VendorError: refused, HTTPException: unknown}
    )
