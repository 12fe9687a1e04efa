"""What X costs, and the budget that it keeps to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine

from services.common.database import migrate, open_database, writing
from services.gateway.spend import Budget, Price, Purpose, Spend
from services.gateway.timelines.timeline import Intent, Presence
from services.gateway.timelines.x import XKeys, XTimeline
from services.gateway.timelines.x_prices import (
    DELETION,
    OWNED_READ,
    POST,
    POST_READ,
    POST_WITH_LINK,
    PRESENCE,
    REPLY,
    price_of,
    price_of_reconciling,
)
from services.gateway.vendor_calls import VendorCalls, VendorMetrics
from services.gateway.vendor_errors import (
    FailedVendorError,
    OverBudgetError,
    RefusedByVendorError,
    SilentVendorError,
    VendorError,
)

if TYPE_CHECKING:
    from tests.services.gateway.clock import Clock
    from tests.services.gateway.conftest import Sandbox

KEYS = XKeys("key", "secret", "1000-token", "secret")
CENT = Price("presence", 10_000, reads=True)  # may use up a budget that publishing goes beyond
READING = Price("post read", 10_000, reads=True)
SENDING = Price("post", 10_000, reads=False)
DAY = 24 * 3600.0
MIGRATIONS = Path(__file__).resolve().parents[3] / "services/gateway/migrations"

Ledger = Callable[..., Spend]
AtBudget = Callable[[Budget], XTimeline]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """The gateway's database, empty; on both databases, whose transactions differ."""
    sqlite = f"sqlite:///{tmp_path / 'gateway.sqlite3'}"
    url = sqlite if request.param == "sqlite" else request.getfixturevalue("postgres")
    engine = open_database(url)
    migrate(engine, MIGRATIONS)
    yield engine
    engine.dispose()


@pytest.fixture
def ledger(engine: Engine, clock: Clock) -> Ledger:
    """Ledgers that share one database, as gateways beside each other do."""

    def ledger(
        daily: str | None = None, monthly: str | None = None, vendor: str = "x", **more: bool
    ) -> Spend:
        bounds = [None if usd is None else Decimal(usd) for usd in (daily, monthly)]
        budget = Budget(bounds[0], bounds[1], **more)
        return Spend(engine, vendor, budget, clock, least_reading=5 * CENT.micro_usd)

    return ledger


@pytest.fixture
def at_budget(sandbox: Sandbox, engine: Engine, metrics: VendorMetrics, clock: Clock) -> AtBudget:
    def at_budget(budget: Budget) -> XTimeline:
        calls = VendorCalls("x", 1.5, metrics, clock)
        spend = Spend(engine, "x", budget, clock)
        return XTimeline(KEYS, f"{sandbox.base}/x", "https://x.test/{id}", calls, spend)

    return at_budget


async def buy(spend: Spend, count: int, price: Price = CENT, prefix: str = "post") -> int:
    """Buy up to so many units; how many were granted."""
    async with spend.buying(price, count) as purchase:
        purchase.got(f"{prefix} {number}" for number in range(min(purchase.most, count)))
        return purchase.most


async def test_what_was_bought_is_booked(ledger: Ledger) -> None:
    spend = ledger()
    async with spend.buying(CENT, 100) as purchase:
        purchase.got(["a", "b", "c"])
    assert spend.report().today == Decimal("0.03")


async def test_the_same_post_is_billed_once_a_day(ledger: Ledger, clock: Clock) -> None:
    spend = ledger()
    await buy(spend, 3)
    await buy(spend, 4)
    assert spend.report().today == Decimal("0.04")
    clock.now += DAY
    await buy(spend, 3)
    assert spend.report().today == Decimal("0.03")


async def test_the_last_cents_buy_a_smaller_page_and_then_reading_stops(ledger: Ledger) -> None:
    spend = ledger(daily="0.10")
    async with spend.buying(CENT, 100, least=5) as purchase:
        assert purchase.most == 10
        purchase.got(str(number) for number in range(8))
    with pytest.raises(OverBudgetError, match="daily budget"):
        async with spend.buying(CENT, 100, least=5):
            pass
    assert spend.report().today == Decimal("0.08")


async def test_reading_goes_on_the_next_day_but_within_the_month(
    ledger: Ledger, clock: Clock
) -> None:
    clock.now = datetime(2026, 10, 30, 12, tzinfo=UTC).timestamp()
    spend = ledger(daily="0.10", monthly="0.15")
    assert await buy(spend, 10) == 10
    with pytest.raises(OverBudgetError) as caught:
        await buy(spend, 10)
    assert caught.value.retry_after == 3600  # at most: midnight is twelve hours away
    clock.now += DAY
    assert await buy(spend, 5) == 5
    with pytest.raises(OverBudgetError, match="monthly budget"):
        await buy(spend, 10)
    clock.now += DAY  # November
    assert await buy(spend, 10) == 10


async def test_publishing_goes_on_beyond_the_budget(ledger: Ledger) -> None:
    spend = ledger(daily="0.02")
    await buy(spend, 2)
    assert spend.report().exhausted == "daily"
    await buy(spend, 1, SENDING, "published")
    assert spend.report().today == Decimal("0.03")


async def test_reading_leaves_a_tenth_for_asking_what_is_still_there(ledger: Ledger) -> None:
    spend = ledger(daily="0.10")
    assert await buy(spend, 100, READING) == 9
    with pytest.raises(OverBudgetError, match="left for this"):
        await buy(spend, 1, READING, "another")
    assert await buy(spend, 100, CENT, "held") == 1


@pytest.mark.parametrize("beyond", [True, False])
async def test_publishing_does_not_use_up_what_is_kept_for_asking(
    ledger: Ledger, *, beyond: bool
) -> None:
    spend = ledger(daily="0.20", publishes_beyond=beyond)
    assert await buy(spend, 100, READING) == (18 if beyond else 14)
    assert await buy(spend, 100, SENDING, "published") == (100 if beyond else 4)
    assert await buy(spend, 100, CENT, "held") == 2
    with pytest.raises(OverBudgetError):
        await buy(spend, 1, CENT, "another")


async def test_asking_does_not_use_up_what_is_kept_for_publishing(ledger: Ledger) -> None:
    spend = ledger(daily="0.20", publishes_beyond=False)
    assert await buy(spend, 100, CENT, "held") == 16
    assert await buy(spend, 100, SENDING, "published") == 4


async def test_where_publishing_keeps_to_the_budget_both_leave_it_a_fifth(
    ledger: Ledger,
) -> None:
    spend = ledger(daily="0.10", publishes_beyond=False)
    assert await buy(spend, 100, READING) == 7
    assert spend.report().exhausted == "daily"
    with pytest.raises(OverBudgetError, match="left for this"):
        await buy(spend, 1, READING, "another")
    assert await buy(spend, 100, CENT, "held") == 1
    with pytest.raises(OverBudgetError, match="left for this"):
        await buy(spend, 1, CENT, "another")
    assert await buy(spend, 100, SENDING, "published") == 2
    with pytest.raises(OverBudgetError):
        await buy(spend, 1, SENDING)


@pytest.mark.parametrize(
    ("price", "error", "booked"),
    [
        (CENT, FailedVendorError, "0.00"),
        (SENDING, SilentVendorError, "0.01"),
        (SENDING, RefusedByVendorError, "0.00"),
    ],
)
async def test_what_failed_is_booked_where_it_may_have_been_done(
    ledger: Ledger, price: Price, error: type[VendorError], booked: str
) -> None:
    spend = ledger()
    with pytest.raises(error):
        async with spend.buying(price, 1):
            raise error("x", "no.")
    assert spend.report().today == Decimal(booked)


@pytest.mark.parametrize(
    ("price", "booked"), [(CENT, "0.00"), (SENDING, "0.01")], ids=["reading", "publishing"]
)
@pytest.mark.parametrize("error", [asyncio.CancelledError, ValueError])
async def test_what_broke_off_is_booked_where_it_may_have_been_done(
    ledger: Ledger, price: Price, booked: str, error: type[BaseException]
) -> None:
    spend = ledger()
    with pytest.raises(error):
        async with spend.buying(price, 1):
            raise error
    assert spend.report().today == Decimal(booked)


async def test_who_is_cancelled_while_reserving_leaves_nothing_reserved(
    ledger: Ledger, engine: Engine
) -> None:
    spend = ledger(daily="0.10")
    with writing(engine) as connection:
        # Reserving waits for this row, on SQLite for the whole database.
        spend._book(connection, CENT, 1, spend._today())
        buying = asyncio.create_task(buy(spend, 3, SENDING))
        await asyncio.sleep(0)
        buying.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await buying
    await asyncio.get_running_loop().shutdown_default_executor()  # all threads are through
    assert spend.report().today == Decimal("0.01")


async def test_a_post_that_was_published_today_costs_when_it_is_read(ledger: Ledger) -> None:
    spend = ledger()
    await buy(spend, 1, SENDING)
    await buy(spend, 1, CENT)
    assert spend.report().today == Decimal("0.02")


async def test_the_budget_is_exhausted_when_it_covers_no_page(ledger: Ledger) -> None:
    spend = ledger(daily="0.20", monthly="0.50")
    await buy(spend, 15)
    assert spend.report().exhausted is None
    await buy(spend, 1, prefix="another")
    assert spend.report().today == Decimal("0.16")
    assert spend.report().exhausted == "daily"


@pytest.mark.parametrize(
    ("daily", "monthly", "told"),
    [
        (
            "0.04",
            None,
            r"the daily budget of \$0.04 has \$0.040 left for this, which takes \$0.050",
        ),
        (
            None,
            "0.04",
            r"the monthly budget of \$0.04 has \$0.040 left for this, which takes \$0.050",
        ),
        ("1.00", "0.04", "the monthly budget of"),
        ("0.02", "0.04", "the monthly budget of"),  # tomorrow will not help
        ("0.04", "1.00", "the daily budget of"),
    ],
)
async def test_the_budget_that_bounds_is_named(
    ledger: Ledger, daily: str | None, monthly: str | None, told: str
) -> None:
    spend = ledger(daily, monthly)
    with pytest.raises(OverBudgetError, match=told):
        async with spend.buying(CENT, 100, least=5):
            pass
    exhausted = spend.report().exhausted
    assert exhausted is not None
    assert f"the {exhausted} budget" in told


async def test_gateways_beside_each_other_cannot_overdraw_together(ledger: Ledger) -> None:
    for attempt in range(10):
        ledgers = [ledger(daily="0.25", vendor=f"x{attempt}") for _ in range(6)]

        async def one(number: int, ledgers: list[Spend]) -> int:
            try:
                return await buy(ledgers[number], 10, prefix=f"gateway {number}")
            except OverBudgetError:
                return 0

        granted = await asyncio.gather(*(one(number, ledgers) for number in range(6)))
        assert sum(granted) == 25
        assert ledgers[0].report().today == Decimal("0.25")


async def test_the_cost_of_a_day_is_estimated_from_the_last_days(
    ledger: Ledger, clock: Clock
) -> None:
    spend = ledger()
    clock.now = datetime(2026, 10, 5, 0, tzinfo=UTC).timestamp()
    await buy(spend, 40)
    clock.now += DAY
    await buy(spend, 20)
    clock.now += DAY - 1
    assert spend.report().per_day == Decimal("0.31")  # 0.60 in two days, rounded up
    assert spend.report().month == Decimal("0.60")


async def test_reading_x_is_booked_by_the_post_and_stops_at_the_budget(
    at_budget: AtBudget, sandbox: Sandbox
) -> None:
    timeline = at_budget(Budget(Decimal("0.056")))
    ids = [sandbox.say(f"post {number}") for number in range(14)]
    page = await timeline.posts(f"x.1.{int(ids[0]) - 1}..", 100)
    assert len(page.posts) == 10
    assert timeline.spend.report().today == Decimal("0.05")
    with pytest.raises(OverBudgetError):
        await timeline.posts(page.cursor, 100)
    sandbox.delete(ids[0])
    assert await timeline.present(ids[:1]) == Presence(set())  # what was deleted cannot wait
    timeline.close()


async def test_polls_that_find_nothing_are_free(at_budget: AtBudget, sandbox: Sandbox) -> None:
    timeline = at_budget(Budget(Decimal("0.05")))
    sandbox.say("the only one")
    cursor = (await timeline.posts(None, 10)).cursor
    for _ in range(20):
        assert (await timeline.posts(cursor, 10)).posts == []
    assert timeline.spend.report().today == Decimal("0.01")  # half a cent, rounded up
    timeline.close()


async def test_publishing_is_booked(at_budget: AtBudget) -> None:
    timeline = at_budget(Budget())
    await timeline.publish(Intent("k", "a warm haze", datetime.now(UTC)))
    assert timeline.spend.report().today == Decimal("0.02")  # one and a half, rounded up
    timeline.close()


@pytest.mark.parametrize(
    ("text", "answered", "price"),
    [
        ("a warm haze", None, POST),
        ("listen: https://example.org/song", None, POST_WITH_LINK),
        ("made for will.i.am", None, POST_WITH_LINK),
        ("so warm... so slow", None, POST),
        ("a warm haze", "17", REPLY),
        ("listen: https://example.org/song", "17", POST_WITH_LINK),
    ],
)
def test_a_link_makes_a_post_dear(text: str, answered: str | None, price: Price) -> None:
    assert price_of(Intent("k", text, datetime.now(UTC), answered)) == price


@pytest.mark.parametrize(
    ("purpose", "prices"),
    [
        ("reading", [POST_READ, OWNED_READ]),
        ("presence", [PRESENCE]),
        ("publishing", [POST, REPLY, POST_WITH_LINK, DELETION]),
        ("publishing", [price_of_reconciling(owns_app=owns_app) for owns_app in (False, True)]),
    ],
)
def test_each_call_uses_up_the_part_of_what_it_is_for(
    purpose: Purpose, prices: list[Price]
) -> None:
    assert {price.purpose for price in prices} == {purpose}
