"""`/curate/ahead`: the items to come, which the page's script holds ready.

After a decision the script shows the next item at once and asks here what really stands there by
now. It says which items it has, and by which marks: of these only the names come back.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import StringConstraints

from services.gateway.pages.curate import Place, around, in_focus, pulse_of
from services.gateway.pages.fields import AskedId, Known, TheDesk
from services.gateway.pages.look import AskedLook
from services.gateway.pages.views import PageRoute, page

AHEAD = 5  # a curator who knows at once what to do is not kept waiting by a slow answer

# The mark and the id of an item.
Held = Annotated[
    str, StringConstraints(pattern=r"^[0-9]{1,9}\.[0-9]{1,4} [^\x00-\x1f\x7f]{1,230}$")
]

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/curate/ahead")
async def show_ahead(
    request: Request,
    visitor: Known,
    desk: TheDesk,
    look: AskedLook,
    *,
    after: AskedId = None,
    head: AskedId = None,
    held: Annotated[list[Held] | None, Query(max_length=4 * AHEAD)] = None,
) -> Response:
    """The queue and the items below `after`; `held` are those that the page has already."""
    pulse = await pulse_of(request, visitor, look, head or None)
    below = await desk.queue(AHEAD + 1, after, look.wanted)
    known = {item.item_id for item in below if f"{item.mark} {item.item_id}" in (held or ())}
    new = [Place(look, pulse["head"], item) for item in below if item.item_id not in known]
    shown = {focus["item"].item_id: focus for focus in await in_focus(request, new, {})}
    return page(
        request,
        "ahead.html",
        below=[(item, shown.get(item.item_id)) for item in below],
        said=None,
        problem=None,
        gone=None,
        **around(look),
        **pulse,
    )
