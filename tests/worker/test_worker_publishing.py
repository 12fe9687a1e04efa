"""What the platform says to a publication, and what comes of it."""

import pytest

from services.gateway.schemas import Outcome
from tests.worker.outbox import publications, state_of, told
from tests.worker.worker_world import Clock, World
from worker.bot import Bot
from worker.store import Store


async def test_what_the_platform_refuses_fails_and_says_why(
    delivered: Bot, world: World, store: Store
) -> None:
    world.faults["publish"] = [422]
    world.decide("x:1:1")
    summary = await delivered.look_at_desk()
    assert (summary.published, summary.failed) == (0, 1)
    assert state_of(store) == "failed"
    assert world.outcomes["x:1:1"][-1] == Outcome(
        state="failed", detail="the publish door says 422"
    )


async def test_a_refusal_costs_one_draft_a_look(delivered: Bot, world: World) -> None:
    world.faults["publish"] = [422, 422]
    world.decide("x:1:1")
    world.decide("x:2:1")
    summary = await delivered.look_at_desk()
    assert (summary.published, summary.failed) == (0, 1)
    assert world.faults["publish"] == [422]


async def test_what_failed_may_be_approved_again(delivered: Bot, world: World) -> None:
    world.faults["publish"] = [422]
    world.decide("x:1:1")
    await delivered.look_at_desk()
    world.decide("x:1:1", "undecided")
    world.decide("x:1:1", text="Milder words.")
    await delivered.look_at_desk()
    assert world.out == ["Milder words. — “Harbour Lights 1” by The Lanterns"]
    assert told(world, "x:1:1")[-1] == "published"


@pytest.mark.parametrize("fault", [400, 401, 403, 404])
async def test_a_refusal_that_is_not_about_the_text_fails_no_draft(
    delivered: Bot, world: World, store: Store, clock: Clock, fault: int
) -> None:
    world.faults["publish"] = [fault]
    world.decide("x:1:1")
    await delivered.look_at_desk()
    assert state_of(store) == "ready"
    clock.pass_by(60)
    await delivered.look_at_desk()
    assert len(world.out) == 1


async def test_what_never_reached_the_gateway_can_be_taken_back(
    delivered: Bot, world: World, store: Store, clock: Clock
) -> None:
    world.faults["publish"] = ["dead"]
    world.decide("x:1:1")
    await delivered.look_at_desk()
    assert state_of(store) == "ready"
    world.decide("x:1:1", "undecided")
    clock.pass_by(60)
    await delivered.look_at_desk()
    assert state_of(store) == "cancelled"
    assert world.out == []


async def test_a_busy_platform_is_asked_again_when_it_says(
    delivered: Bot, world: World, store: Store, clock: Clock
) -> None:
    world.faults["publish"] = [429]
    world.retry_after["publish"] = "120"
    world.decide("x:1:1")
    await delivered.look_at_desk()
    assert state_of(store) == "ready"
    clock.pass_by(119)
    await delivered.look_at_desk()
    assert world.calls["publish"] == 1
    clock.pass_by(1)
    await delivered.look_at_desk()
    assert len(world.out) == 1


@pytest.mark.parametrize("fault", [500, 502, 504, 409])
async def test_an_unclear_answer_is_unknown_and_asked_again_with_the_same_key(
    delivered: Bot, world: World, store: Store, clock: Clock, fault: int
) -> None:
    world.faults["publish"] = [fault]
    world.decide("x:1:1")
    await delivered.look_at_desk()
    before = publications(store)["x:1"]
    assert before.state == "unknown"
    clock.pass_by(20)
    await delivered.look_at_desk()
    after = publications(store)["x:1"]
    assert (after.state, after.attempts) == ("published", 2)
    assert list(world.published) == [before.idempotency_key] == [after.idempotency_key]


async def test_a_time_out_after_acceptance_publishes_once(
    delivered: Bot, world: World, store: Store, clock: Clock
) -> None:
    world.faults["publish"] = ["lost"]
    world.decide("x:1:1")
    await delivered.look_at_desk()
    assert state_of(store) == "unknown"
    clock.pass_by(20)
    await delivered.look_at_desk()
    row = publications(store)["x:1"]
    assert (row.state, row.reconciled, len(world.out)) == ("published", True, 1)
    assert told(world, "x:1:1") == ["scheduled", "published"]


async def test_busy_after_a_time_out_is_still_unknown(
    delivered: Bot, world: World, store: Store, clock: Clock
) -> None:
    """ "Not sent" speaks of the last attempt; the one before may have been accepted."""
    world.faults["publish"] = ["lost", 503]
    world.decide("x:1:1")
    await delivered.look_at_desk()
    clock.pass_by(20)
    await delivered.look_at_desk()
    assert state_of(store) == "unknown"
    world.decide("x:1:1", "undecided")
    world.decide("x:1:1", text="Quite other words.")
    clock.pass_by(60)
    await delivered.look_at_desk()
    assert state_of(store) == "published"
    assert len(world.out) == 1
