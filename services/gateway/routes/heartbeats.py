"""Signs of life from the workers."""

import asyncio

from fastapi import APIRouter

from services.gateway.heartbeats import keep_heartbeat
from services.gateway.routes.world import TheEngine
from services.gateway.schemas import Heartbeat, Received

router = APIRouter(tags=["workers"])


@router.put("/heartbeat", operation_id="put_heartbeat", summary="A worker is alive")
async def put_heartbeat(heartbeat: Heartbeat, engine: TheEngine) -> Received:
    """The last one of each worker is kept, and shown on `/status`."""
    await asyncio.to_thread(keep_heartbeat, engine, heartbeat)
    return Received()
