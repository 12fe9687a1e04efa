"""The workers' heartbeats: the last one of each worker, for `/status`."""

from sqlalchemy import Engine, delete, insert, select

from services.common.database import reading, writing
from services.gateway.schemas import Heartbeat
from services.gateway.tables import heartbeat


def keep_heartbeat(engine: Engine, beat: Heartbeat) -> None:
    with writing(engine) as connection:
        connection.execute(delete(heartbeat).where(heartbeat.c.worker == beat.worker))
        body = beat.model_dump(mode="json")
        connection.execute(insert(heartbeat).values(worker=beat.worker, at=beat.at, body=body))


def heartbeats(engine: Engine) -> list[Heartbeat]:
    """The newest first."""
    with reading(engine) as connection:
        rows = connection.execute(select(heartbeat.c.body).order_by(heartbeat.c.at.desc()))
        return [Heartbeat.model_validate(row.body) for row in rows]
