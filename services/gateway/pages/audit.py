"""`/audit`: who did what and when, newest first; all of it as a file."""

import asyncio
from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from services.gateway.audit import Entry, Filter, every, newest
from services.gateway.pages.audit_export import as_csv, as_json_lines
from services.gateway.pages.fields import PRINTABLE
from services.gateway.pages.views import PageRoute, page
from services.gateway.pages.visitors import may
from services.gateway.people import OPERATE
from services.gateway.schemas import Song
from services.gateway.sheets.sheet import Desk

ON_A_PAGE = 50
# Where the log's own word does not say that a draft was approved.
DEEDS = {"edited": "approved, edited", "wrote": "approved, own words"}

router = APIRouter(
    include_in_schema=False, route_class=PageRoute, dependencies=[Depends(may(OPERATE))]
)
Asked = Annotated[str, Query(max_length=230, pattern=PRINTABLE)]


async def wanted_of(who: Asked = "", item: Asked = "") -> Filter:
    """What a visitor filters by; blank fields of the form filter nothing."""
    return Filter(who.strip() or None, item.strip() or None)


WantedHere = Annotated[Filter, Depends(wanted_of)]


@router.get("/audit")
async def show_audit(
    request: Request,
    wanted: WantedHere,
    below: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> Response:
    # One more than is shown tells whether there are others.
    found = await asyncio.to_thread(newest, request.app.state.engine, wanted, ON_A_PAGE + 1, below)
    shown = found[:ON_A_PAGE]
    older = address(wanted, below=shown[-1].number) if len(found) > ON_A_PAGE else None
    return page(
        request,
        "audit.html",
        entries=shown,
        deeds=DEEDS,
        songs=await songs_of(request.app.state.desk, shown),
        wanted=wanted,
        older=older,
        files={
            "CSV": address(wanted, "/audit.csv"),
            "JSON Lines": address(wanted, "/audit.jsonl"),
        },
    )


async def songs_of(desk: Desk | None, entries: Sequence[Entry]) -> dict[str, Song]:
    """By item, of those that are on the desk."""
    item_ids = {entry.item_id for entry in entries if entry.item_id is not None}
    found = await desk.items(sorted(item_ids)) if desk is not None else []
    return {item.item_id: item.song for item in found}


@router.get("/audit.csv")
async def export_csv(request: Request, wanted: WantedHere) -> Response:
    lines = as_csv(every(request.app.state.engine, wanted))
    return StreamingResponse(lines, media_type="text/csv", headers=attached("audit.csv"))


@router.get("/audit.jsonl")
async def export_json_lines(request: Request, wanted: WantedHere) -> Response:
    lines = as_json_lines(every(request.app.state.engine, wanted))
    kind = "application/x-ndjson"
    return StreamingResponse(lines, media_type=kind, headers=attached("audit.jsonl"))


def attached(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def address(wanted: Filter, path: str = "/audit", *, below: int | None = None) -> str:
    query = {"who": wanted.who, "item": wanted.item_id, "below": below}
    given = urlencode({name: value for name, value in query.items() if value is not None})
    return f"{path}?{given}" if given else path
