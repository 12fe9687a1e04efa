"""Drafts that were made at the desk: the worker has them from the desk, with their decision."""

from datetime import timedelta
from typing import Any, Literal

from services.gateway.schemas import Draft, Scores, Written
from tests.worker.worker_world import START, World


def made(
    world: World, rank: int = 65, made_by: Literal["desk", "curator"] = "desk", like: str = "x:1:1"
) -> Draft:
    """Another draft of the post that one on the desk is of, as the desk hands it over."""
    beside = world.drafts[like]
    by_writer: dict[str, Any] = {
        "scores": Scores(score=4.2, log_prob=-1.5, topic=0.8, novelty=0.9),
        "written": Written(model="tiny", model_revision="r2", seed=77, latent=[1.5]),
    }
    return Draft(
        id=f"{beside.item_id}:{rank}",
        item_id=beside.item_id,
        rank=rank,
        text=f"Made at the desk, {rank}.",
        made_by=made_by,
        post=beside.post,
        song=beside.song,
        created_at=START + timedelta(minutes=5),
        **(by_writer if made_by == "desk" else {}),
    )
