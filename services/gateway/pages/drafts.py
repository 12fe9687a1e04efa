"""What a curator does with drafts on `/curate` beyond choosing one."""

from fastapi import APIRouter, Request, Response

from services.gateway.pages.curate import Id, Known, TheDesk, Words
from services.gateway.pages.preview import rules_of
from services.gateway.pages.views import PageRoute, page
from services.gateway.pages.visitors import FORM_CHECKS

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.post("/curate/preview", dependencies=FORM_CHECKS)
async def preview(
    request: Request, _: Known, desk: TheDesk, *, item_id: Id, text: Words = ""
) -> Response:
    """A part of the page: the post that these words would make."""
    item = await desk.item(item_id)
    rules = await rules_of(request)
    return page(request, "preview_part.html", preview=rules.preview(text, item.song))
