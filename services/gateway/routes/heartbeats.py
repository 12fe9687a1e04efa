"""Signs of life from the workers."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Body

from services.gateway.commands import above
from services.gateway.heartbeats import keep_heartbeat
from services.gateway.routes.world import TheEngine
from services.gateway.schemas import Heartbeat, Orders

router = APIRouter(tags=["workers"])

BEAT = {
    "worker": "bot-1:4711",
    "at": "2026-11-22T08:01:00Z",
    "interval": 60.0,
    "cycle": 12,
    "seconds": 3.4,
    "posts": {"drafted": 40},
    "drafts": {"waiting": 200},
    "publications": {"published": 3},
}


@router.put("/heartbeat", operation_id="put_heartbeat", summary="A worker is alive")
async def put_heartbeat(
    heartbeat: Annotated[Heartbeat, Body(examples=[BEAT])], engine: TheEngine
) -> Orders:
    """The last one of each worker is kept, and shown on `/status`. What people ask of the worker
    there comes with every answer to a heartbeat that has `obeyed` less."""
    await asyncio.to_thread(keep_heartbeat, engine, heartbeat)
    return Orders(commands=await asyncio.to_thread(above, engine, heartbeat.obeyed))
