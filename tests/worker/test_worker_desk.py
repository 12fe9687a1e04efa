"""From decisions to publications."""

import asyncio
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from services.common.database import reading
from services.gateway.schemas import DecisionPage, Outcome
from services.gateway.wording import compose
from tests.worker.conftest import OpenBot
from tests.worker.outbox import publications, state_of, told
from tests.worker.worker_world import PLATFORM, START, Clock, World, song_post
from worker.bot import Bot
from worker.policy import BlockedWords
from worker.store import Store
from worker.summaries import DeskSummary
from worker.tables import decision, draft, post


async def test_an_approved_draft_is_published_and_the_curator_told(
    delivered: Bot, world: World, store: Store
) -> None:
    world.decide("x:1:2")
    summary = await delivered.look_at_desk()
    assert (summary.decisions, summary.published, summary.failed) == (1, 1, 0)
    text = world.drafts["x:1:2"].text
    assert world.out == [f"{text} — “Harbour Lights 1” by The Lanterns"]
    assert world.outcomes["x:1:2"] == [
        Outcome(state="scheduled"),
        Outcome(state="published", url="https://example.org/out-1"),
    ]
    assert state_of(store) == "published"
    with reading(store.engine) as connection:
        assert connection.scalar(select(post.c.state).where(post.c.item_id == "x:1")) == "decided"


async def test_a_second_look_waits_for_the_first(delivered: Bot, world: World) -> None:
    looks: list[asyncio.Task[DeskSummary]] = []

    async def look_again() -> None:
        looks.append(asyncio.create_task(delivered.look_at_desk()))
        await asyncio.sleep(0.2)

    world.decide("x:1:1")
    world.when_called["publish"] = [look_again]
    first = await delivered.look_at_desk()
    second = await looks[0]
    assert (first.published, second.published, world.calls["publish"]) == (1, 0, 1)
    assert told(world, "x:1:1") == ["scheduled", "published"]


async def test_nothing_that_nobody_approved_is_published(delivered: Bot, world: World) -> None:
    world.decide("x:1:1", "rejected")
    await delivered.look_at_desk()
    assert world.out == []
    assert world.calls["publish"] == 0


async def test_the_curators_own_words_are_published(delivered: Bot, world: World) -> None:
    words = "Harbour Lights 1 by The Lanterns, and nothing else tonight."
    world.decide("x:1:1", text=words)
    await delivered.look_at_desk()
    assert world.out == [words]


async def test_decisions_that_are_read_twice_count_once(
    delivered: Bot, world: World, store: Store
) -> None:
    world.decide("x:1:1")
    await delivered.look_at_desk()
    world.decisions_made.append(world.decisions_made[0])
    summary = await delivered.look_at_desk()
    assert (summary.decisions, summary.published) == (0, 0)
    assert len(world.out) == 1
    with reading(store.engine) as connection:
        assert len(connection.execute(select(decision)).all()) == 1


async def test_a_decision_on_a_draft_of_another_house_is_passed_over(
    delivered: Bot, world: World
) -> None:
    world.decide("x:999:1")
    world.decide("x:1:1")
    summary = await delivered.look_at_desk()
    assert (summary.decisions, summary.published) == (1, 1)


async def test_a_post_is_decided_when_all_its_drafts_are_rejected(
    delivered: Bot, world: World, store: Store
) -> None:
    def state() -> object:
        with reading(store.engine) as connection:
            value: object = connection.scalar(select(post.c.state).where(post.c.item_id == "x:1"))
            return value

    world.decide("x:1:1", "rejected")
    world.decide("x:1:2", "rejected")
    await delivered.look_at_desk()
    assert state() == "delivered"
    world.decide("x:1:3", "rejected")
    await delivered.look_at_desk()
    assert state() == "decided"
    world.decide("x:1:3", "undecided")
    await delivered.look_at_desk()
    assert state() == "delivered"


async def test_an_approval_taken_back_in_time_cancels_the_publication(
    start: OpenBot, world: World, store: Store
) -> None:
    bot = await start(publish=False)
    world.post(song_post(1))
    await bot.run_cycle()
    world.decide("x:1:1")
    await bot.look_at_desk()
    world.decide("x:1:1", "undecided")
    await bot.look_at_desk()
    assert state_of(store) == "cancelled"
    await (await start()).look_at_desk()
    assert world.out == []


async def test_an_approval_taken_back_at_the_last_moment_still_counts(
    delivered: Bot, world: World, store: Store
) -> None:
    """The desk took it back after we read the decisions, before it heard that the post leaves."""
    world.when_marked.append(
        lambda draft_id, outcome: (
            outcome.state == "scheduled" and world.decide(draft_id, "undecided")
        )
    )
    world.decide("x:1:1")
    await delivered.look_at_desk()
    assert world.out == []
    assert state_of(store) == "cancelled"
    assert told(world, "x:1:1") == ["scheduled", "failed"]


@pytest.mark.parametrize("then", [{"dry_run": True}, {"quiet_hours": "12:00-15:00"}, {}])
async def test_what_was_announced_and_is_held_back_can_be_taken_back(
    delivered: Bot,
    start: OpenBot,
    world: World,
    store: Store,
    clock: Clock,
    *,
    then: dict[str, Any],
) -> None:
    world.faults["publish"] = [503] * 2
    world.decide("x:1:1")
    await delivered.look_at_desk()
    assert told(world, "x:1:1") == ["scheduled", "waiting"]
    clock.pass_by(60)
    await (await start(**then)).look_at_desk()
    assert told(world, "x:1:1")[-1] == "waiting"
    world.decide("x:1:1", "undecided")
    await delivered.look_at_desk()
    assert (state_of(store), world.out) == ("cancelled", [])
    assert told(world, "x:1:1")[-1] == "failed"


async def test_that_it_waits_is_not_told_after_that_it_leaves(
    delivered: Bot, world: World, clock: Clock
) -> None:
    world.faults["publish"] = [503, "lost"]
    world.when_marked.append(lambda *_: world.faults["mark"].append(503))
    world.decide("x:1:1")
    await delivered.look_at_desk()
    assert told(world, "x:1:1") == ["scheduled"]
    world.when_marked.clear()
    clock.pass_by(20)
    await delivered.look_at_desk()
    assert told(world, "x:1:1") == ["scheduled", "scheduled"]


async def test_a_decision_that_is_made_again_counts_again(
    start: OpenBot, world: World, store: Store
) -> None:
    """A sheet without a history names the same decision by the same version."""
    bot = await start(publish=False)
    world.post(song_post(1))
    await bot.run_cycle()
    rejected = world.decide("x:1:1", "rejected")
    await bot.look_at_desk()
    approved = world.decide("x:1:1")
    await bot.look_at_desk()
    world.decisions_made.append(rejected)
    await bot.look_at_desk()
    assert state_of(store) == "cancelled"
    world.decisions_made.append(approved)
    await bot.look_at_desk()
    assert state_of(store) == "ready"


async def test_a_page_that_another_worker_took_meanwhile_is_not_taken_again(
    start: OpenBot, world: World, store: Store
) -> None:
    bot = await start(publish=False)
    world.post(song_post(1))
    await bot.run_cycle()
    approved = world.decide("x:1:1")
    world.decide("x:1:1", "undecided")
    await bot.look_at_desk()
    late = DecisionPage(decisions=[approved], cursor="1")
    assert (
        store.decisions.take(
            late,
            None,
            partial(compose, template="{text}", platform=PLATFORM, blocked=BlockedWords()),
            START,
        )
        is None
    )
    assert state_of(store) == "cancelled"
    assert store.decisions.position() == "2"


async def test_another_draft_may_take_the_place_of_one_taken_back(
    start: OpenBot, world: World
) -> None:
    bot = await start(publish=False)
    world.post(song_post(1))
    await bot.run_cycle()
    world.decide("x:1:1")
    await bot.look_at_desk()
    world.decide("x:1:1", "undecided")
    world.decide("x:1:2", text="The second one, in my words.")
    await bot.look_at_desk()
    await (await start()).look_at_desk()
    assert world.out == ["The second one, in my words. — “Harbour Lights 1” by The Lanterns"]


async def test_words_edited_before_it_left_are_the_ones_that_leave(
    start: OpenBot, world: World
) -> None:
    bot = await start(publish=False)
    world.post(song_post(1))
    await bot.run_cycle()
    world.decide("x:1:1", text="First thoughts.")
    await bot.look_at_desk()
    world.decide("x:1:1", text="Second thoughts.")
    await bot.look_at_desk()
    await (await start()).look_at_desk()
    assert world.out == ["Second thoughts. — “Harbour Lights 1” by The Lanterns"]


async def test_a_second_approval_for_a_post_fails_and_says_why(
    delivered: Bot, world: World
) -> None:
    world.decide("x:1:1")
    await delivered.look_at_desk()
    world.decide("x:1:2")
    await delivered.look_at_desk()
    assert len(world.out) == 1
    (outcome,) = world.outcomes["x:1:2"]
    assert outcome == Outcome(state="failed", detail="another draft of this post is published")


async def test_an_outcome_is_owed_until_the_desk_has_it(
    delivered: Bot, world: World, clock: Clock
) -> None:
    world.decide("x:1:1")

    def refuse_the_next(_: str, outcome: Outcome) -> None:
        if outcome.state == "scheduled":
            world.faults["mark"].append(503)

    world.when_marked.append(refuse_the_next)
    await delivered.look_at_desk()
    assert told(world, "x:1:1") == ["scheduled"]
    clock.pass_by(20)
    await delivered.look_at_desk()
    assert told(world, "x:1:1") == ["scheduled", "published"]
    await delivered.look_at_desk()
    assert told(world, "x:1:1") == ["scheduled", "published"]


async def test_a_draft_removed_from_the_desk_is_not_published(
    delivered: Bot, world: World, store: Store
) -> None:
    world.decide("x:1:1")
    del world.drafts["x:1:1"]
    await delivered.look_at_desk()
    assert world.out == []
    assert state_of(store) == "failed"


async def test_the_kill_switch_keeps_everything_in_the_outbox(
    start: OpenBot, world: World, store: Store
) -> None:
    bot = await start(publish=False)
    world.post(song_post(1))
    await bot.run_cycle()
    world.decide("x:1:1")
    summary = await bot.look_at_desk()
    assert (summary.decisions, summary.published) == (1, 0)
    assert state_of(store) == "ready"
    assert world.calls["publish"] == world.calls["mark"] == 0


async def test_publications_leave_at_the_pace_that_is_set(
    start: OpenBot, world: World, clock: Clock
) -> None:
    bot = await start(min_interval=300)
    world.post(song_post(1), song_post(2))
    await bot.run_cycle()
    world.decide("x:1:1")
    world.decide("x:2:1")
    await bot.look_at_desk()
    clock.pass_by(299)
    await bot.look_at_desk()
    assert len(world.out) == 1
    assert told(world, "x:2:1") == []
    clock.pass_by(1)
    await bot.look_at_desk()
    assert len(world.out) == 2


async def test_no_more_leave_in_a_day_than_is_set(
    start: OpenBot, world: World, clock: Clock
) -> None:
    bot = await start(most_a_day=2)
    world.post(*(song_post(number) for number in range(1, 4)))
    await bot.run_cycle()
    for number in range(1, 4):
        world.decide(f"x:{number}:1")
    await bot.look_at_desk()
    assert len(world.out) == 2
    clock.pass_by(24 * 3600 + 1)
    await bot.look_at_desk()
    assert len(world.out) == 3


async def test_a_decision_may_come_before_we_heard_that_the_desk_has_the_draft(
    bot: Bot, world: World, store: Store, clock: Clock
) -> None:
    world.post(song_post(1))
    world.faults["drafts"] = ["lost"]
    await bot.run_cycle()
    world.decide("x:1:1")
    await bot.look_at_desk()
    clock.pass_by(60)
    await bot.run_cycle()
    assert len(world.out) == 1
    with reading(store.engine) as connection:
        assert connection.scalar(select(post.c.state)) == "decided"
        states = connection.scalars(select(draft.c.state).order_by(draft.c.rank)).all()
    assert states == ["approved", "delivered", "delivered"]


async def test_a_decision_on_a_parked_post_is_taken_and_holds_up_no_other(
    bot: Bot, world: World, store: Store, clock: Clock
) -> None:
    """The desk may have stored what it then answered with an error, over and over."""
    world.post(song_post(1), song_post(2))
    world.poison_items.add("x:1")
    for _ in range(5):
        await bot.run_cycle()
        clock.pass_by(3600)
    with reading(store.engine) as connection:
        assert connection.scalar(select(post.c.state).where(post.c.item_id == "x:1")) == "parked"
        drafted = connection.execute(select(draft).where(draft.c.id == "x:1:1")).one()
    world.drafts["x:1:1"] = world.drafts["x:2:1"].model_copy(
        update={"id": "x:1:1", "item_id": "x:1", "text": drafted.text}
    )
    world.decide("x:1:1")
    world.decide("x:2:1")
    summary = await bot.look_at_desk()
    assert (summary.decisions, summary.published) == (2, 2)
    with reading(store.engine) as connection:
        assert connection.scalar(select(post.c.state).where(post.c.item_id == "x:1")) == "decided"


async def test_words_that_do_not_fit_fail_and_say_by_how_much(
    delivered: Bot, world: World, store: Store
) -> None:
    world.decide("x:1:1", text="word " * 60)
    await delivered.look_at_desk()
    assert state_of(store) == "failed"
    (outcome,) = world.outcomes["x:1:1"]
    assert outcome.detail == (
        "too long: 336 characters with the song's name as X counts, 56 more than fit"
    )
    assert world.calls["publish"] == 0


async def test_a_password_in_the_gateways_address_is_not_told(start: OpenBot, world: World) -> None:
    world.faults["decisions"] = ["dead"] * 3
    bot = await start(gateway_url="http://bot:s3cret@world")
    (told,) = (await bot.look_at_desk()).errors
    assert "the gateway at http://world gives no usable answer" in told
    assert "s3cret" not in told


async def test_the_gateway_down_is_told_with_its_setting(delivered: Bot, world: World) -> None:
    world.faults["decisions"] = ["dead"]
    summary = await delivered.look_at_desk()
    assert summary.unreached
    assert "GATEWAY_URL" in summary.line()


async def test_the_platform_says_how_long_a_post_may_be(
    start: OpenBot, world: World, store: Store
) -> None:
    world.platform = PLATFORM.model_copy(
        update={"origin": "bluesky", "counting": "graphemes", "longest": 60}
    )
    bot = await start()
    world.post(song_post(1), song_post(2))
    await bot.run_cycle()
    world.decide("x:1:1", text="far too long for so small a place, with its song")
    world.decide("x:2:1", text="short and sweet")
    await bot.look_at_desk()
    assert world.out == ["short and sweet — “Harbour Lights 2” by The Lanterns"]
    assert "as Bluesky counts, 25 more than fit" in publications(store)["x:1"].last_error


async def test_no_decision_is_lost_while_the_platform_cannot_be_asked(
    start: OpenBot, world: World
) -> None:
    bot = await start()
    world.post(song_post(1))
    await bot.run_cycle()
    world.decide("x:1:1")
    world.faults["platform"] = [502, 502, 502]
    summary = await bot.look_at_desk()
    assert (summary.decisions, world.out) == (0, [])
    world.faults["platform"] = []
    await bot.look_at_desk()
    assert len(world.out) == 1


async def test_all_outcomes_that_are_owed_are_told_with_one_call(
    delivered: Bot, world: World
) -> None:
    world.post(*(song_post(number) for number in range(2, 32)))
    await delivered.run_cycle()
    for number in range(1, 32):
        world.decide(f"x:{number}:1", text="word " * 60)
    await delivered.look_at_desk()
    assert sum(told(world, f"x:{number}:1") == ["failed"] for number in range(1, 32)) == 31
    assert world.calls["mark"] == 1


async def test_an_outcome_that_the_desk_refuses_holds_up_no_other(
    delivered: Bot, world: World
) -> None:
    world.refused_outcomes.add("x:1:1")
    world.post(song_post(2))
    await delivered.run_cycle()
    for number in (1, 2):
        world.decide(f"x:{number}:1", text="word " * 60)
    await delivered.look_at_desk()
    assert told(world, "x:2:1") == ["failed"]
    calls = world.calls["mark"]
    await delivered.look_at_desk()
    assert world.calls["mark"] == calls


async def test_decisions_are_read_afresh_right_before_a_post_leaves(
    delivered: Bot, world: World, clock: Clock
) -> None:
    await delivered.look_at_desk()
    assert world.fresh_looks == 0
    world.faults["publish"] = [503]
    world.decide("x:1:1")
    await delivered.look_at_desk()
    assert (world.fresh_looks, world.out) == (1, [])
    clock.pass_by(60)
    await delivered.look_at_desk()  # it was announced before, and is asked about again
    assert (world.fresh_looks, len(world.out)) == (2, 1)
