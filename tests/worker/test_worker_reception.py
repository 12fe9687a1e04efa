"""Likes, reposts and replies of what we published: read in time, once, and at no needless cost."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row, select

from services.common.database import reading
from tests.worker.conftest import OpenBot
from tests.worker.worker_world import PLATFORM, START, Clock, Fault, World, song_post
from worker.__main__ import main
from worker.bot import Bot
from worker.preferences import export
from worker.reception import MOST_AT_ONCE
from worker.store import Store
from worker.tables import reception

HOUR, DAY = 3600, 86_400


@pytest.fixture
async def published(bot: Bot, world: World) -> Bot:
    """A bot that has just published the first draft of its first post."""
    world.post(song_post(1))
    await bot.run_cycle()
    world.decide("x:1:1")
    await bot.look_at_desk()
    assert len(world.out) == 1
    return bot


def readings(store: Store) -> list[Row[Any]]:
    with reading(store.engine) as connection:
        taken = select(reception).where(reception.c.read_at.is_not(None))
        return list(connection.execute(taken.order_by(reception.c.hours)))


async def test_it_is_read_after_an_hour_a_day_and_a_week(
    published: Bot, world: World, store: Store, clock: Clock
) -> None:
    for seconds, likes in ((HOUR, 3), (DAY, 10), (7 * DAY, 30)):
        world.likes = likes
        clock.time = START + timedelta(seconds=seconds - 10)
        await published.run_cycle()
        clock.pass_by(10)
        await published.run_cycle()
        await published.run_cycle()
    taken = [(row.hours, row.likes, row.reposts, row.replies) for row in readings(store)]
    assert taken == [(1, 3, 2, 1), (24, 10, 2, 1), (168, 30, 2, 1)]
    assert [row.read_at - START for row in readings(store)] == [
        timedelta(hours=hours) for hours in (1, 24, 168)
    ]
    assert world.receptions_read == [["out-1"]] * 3


async def test_a_late_reading_is_dated_as_it_was(
    published: Bot, world: World, store: Store, clock: Clock
) -> None:
    clock.pass_by(2 * DAY)
    await published.run_cycle()
    assert [(row.hours, row.read_at) for row in readings(store)] == [
        (1, clock.time),
        (24, clock.time),
    ]
    assert len(world.receptions_read) == 1


async def test_a_reading_that_a_wrong_clock_put_off_is_taken(
    published: Bot, world: World, store: Store, clock: Clock
) -> None:
    clock.pass_by(400 * DAY)
    world.faults["reception"] = [503]
    await published.run_cycle()
    clock.time = START + timedelta(days=1)
    await published.run_cycle()
    assert [row.hours for row in readings(store)] == [1, 24, 168]


async def test_a_few_of_what_is_due_are_asked_about_in_a_cycle(
    bot: Bot, world: World, store: Store, clock: Clock
) -> None:
    world.post(*(song_post(number) for number in range(60)))
    await bot.run_cycle()
    for number in range(1, 61):
        world.decide(f"x:{number}:1")
    unbound = bot.settings.model_copy(update={"most_a_day": 1000})
    bot.desk.settings = unbound
    await bot.look_at_desk()
    bound = len(world.out)
    clock.pass_by(2 * HOUR)
    for _ in range(0, bound, MOST_AT_ONCE):
        await bot.run_cycle()
    asked = [number for ids in world.receptions_read for number in ids]
    assert len(asked) == len(set(asked)) == bound == len(readings(store))
    assert bound > len(world.receptions_read[0]) == MOST_AT_ONCE


async def test_nothing_is_asked_while_nothing_is_due(published: Bot, world: World) -> None:
    for _ in range(3):
        await published.run_cycle()
    assert world.calls["reception"] == 0


async def test_it_is_not_read_where_the_setting_says_so(
    published: Bot, start: OpenBot, world: World, clock: Clock
) -> None:
    del published
    thrifty = await start(reception=False)
    clock.pass_by(DAY)
    await thrifty.run_cycle()
    assert world.calls["reception"] == 0


async def test_a_spent_budget_is_waited_out(
    published: Bot, world: World, store: Store, clock: Clock
) -> None:
    clock.pass_by(HOUR)
    world.faults["reception"] = [503]
    world.retry_after["reception"] = str(HOUR)
    summary = await published.run_cycle()
    assert any("reception door says 503" in line for line in summary.errors)
    clock.pass_by(HOUR - 60)
    await published.run_cycle()
    assert world.receptions_read == []
    clock.pass_by(60)
    await published.run_cycle()
    (row,) = readings(store)
    assert (row.hours, row.read_at) == (1, START + timedelta(hours=2))


@pytest.mark.parametrize("fault", ["dead", "lost", 402, 429, 500])
async def test_a_reading_that_fails_comes_later(
    published: Bot, world: World, store: Store, clock: Clock, fault: Fault
) -> None:
    clock.pass_by(HOUR)
    world.faults["reception"] = [fault]
    await published.run_cycle()
    assert readings(store) == []
    clock.pass_by(60)
    await published.run_cycle()
    (row,) = readings(store)
    assert (row.likes, row.gone) == (3, False)


async def test_a_post_that_is_gone_is_noted_and_not_asked_about_again(
    published: Bot, world: World, store: Store, clock: Clock
) -> None:
    world.gone.add("out-1")
    for _ in range(3):
        clock.pass_by(4 * DAY)
        await published.run_cycle()
    assert len(world.receptions_read) == 1
    assert [(row.hours, row.gone, row.likes) for row in readings(store)] == [
        (1, True, None),
        (24, True, None),
        (168, True, None),
    ]


async def test_posts_of_another_platform_wait_for_it(
    published: Bot, world: World, store: Store, clock: Clock
) -> None:
    world.platform = PLATFORM.model_copy(update={"origin": "mastodon"})
    clock.pass_by(HOUR)
    await published.run_cycle()
    assert world.receptions_read == []
    world.platform = PLATFORM
    await published.run_cycle()
    assert len(readings(store)) == 1


async def test_what_was_thought_of_drafts_is_exported_without_a_word_of_the_timeline(
    bot: Bot, world: World, store: Store, clock: Clock, tmp_path: Path
) -> None:
    secret = "Zanzibar is what I am hearing"
    world.post(f"{song_post(1)}. {secret}", song_post(2), song_post(3))
    await bot.run_cycle()
    world.decide("x:1:2", text=f"My words, but not: {secret}")
    for rank in (1, 2, 3):
        world.decide(f"x:2:{rank}", "rejected")
    await bot.look_at_desk()
    clock.pass_by(HOUR)
    await bot.run_cycle()
    target = tmp_path / "preferences.jsonl"
    assert export(store, str(target)) == 6
    text = target.read_text(encoding="utf-8")
    assert not any(word in text for word in ("Zanzibar", "Harbour", "Lanterns", "x:1"))
    records = [json.loads(line) for line in text.splitlines()]
    first, chosen, third, *others = records
    assert [each["verdict"] for each in (first, chosen, third)] == [None, "approved", None]
    assert {each["verdict"] for each in others} == {"rejected"}
    assert {each["item"] for each in others} & {chosen["item"]} == set()
    assert (chosen["latent"], chosen["edited"], chosen["model"]) == ([0.5, -0.5], True, "tiny")
    (read,) = chosen["reception"]
    assert (read["hours"], read["likes"], read["reposts"], read["replies"]) == (1, 3, 2, 1)
    assert third["reception"] == []


def test_the_export_is_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    assert main(["--export-preferences", "-"]) == 0
    assert capsys.readouterr().out == ""
    assert main(["--export-preferences", str(tmp_path / "nowhere" / "file.jsonl")]) == 1
    assert "cannot be written" in capsys.readouterr().err
