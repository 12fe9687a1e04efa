"""What tests see of publications: in the store, and as the curator is told."""

from typing import Any

from sqlalchemy import select

from services.common.database import reading
from tests.worker.worker_world import World
from worker.store import Store
from worker.tables import publication


def publications(store: Store) -> dict[str, Any]:
    with reading(store.engine) as connection:
        return {row.item_id: row for row in connection.execute(select(publication))}


def state_of(store: Store, item_id: str = "x:1") -> str:
    return str(publications(store)[item_id].state)


def told(world: World, draft_id: str) -> list[str]:
    return [outcome.state for outcome in world.outcomes[draft_id]]
