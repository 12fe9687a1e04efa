"""The gateway's REST doors."""

from fastapi import APIRouter, Depends

from services.common.auth import require_key
from services.gateway.routes import drafts, heartbeats, published, songs, timeline

router = APIRouter(prefix="/v1", dependencies=[Depends(require_key)])
for room in (timeline, songs, drafts, published, heartbeats):
    router.include_router(room.router)
