"""The workers' heartbeats: the last one of each worker, for `/status`."""

from datetime import timedelta

import structlog
from pydantic import ValidationError
from sqlalchemy import Engine, delete, insert, or_, select

from services.common.database import reading, writing
from services.gateway.commands import note_obeyed
from services.gateway.schemas import Heartbeat
from services.gateway.tables import heartbeat

log = structlog.get_logger()

# A worker that was not heard for so long before another one was is gone for good.
FORGOTTEN_AFTER = timedelta(days=1)


def keep_heartbeat(engine: Engine, beat: Heartbeat) -> None:
    """Keep it, and what it says of commands."""
    mine_or_old = or_(heartbeat.c.worker == beat.worker, heartbeat.c.at < beat.at - FORGOTTEN_AFTER)
    with writing(engine) as connection:
        connection.execute(delete(heartbeat).where(mine_or_old))
        body = beat.model_dump(mode="json")
        connection.execute(insert(heartbeat).values(worker=beat.worker, at=beat.at, body=body))
        if beat.obeyed:
            note_obeyed(connection, beat.obeyed)


def heartbeats(engine: Engine) -> list[Heartbeat]:
    """The newest first; what a worker of another version says otherwise is passed over."""
    with reading(engine) as connection:
        rows = connection.execute(select(heartbeat).order_by(heartbeat.c.at.desc())).all()
    beats = []
    for row in rows:
        try:
            beats.append(Heartbeat.model_validate(row.body))
        except ValidationError:
            log.warning("heartbeat.unreadable", worker=row.worker)
    return beats
