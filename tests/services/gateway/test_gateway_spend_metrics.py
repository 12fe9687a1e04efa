"""What X costs, as metrics."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from sqlalchemy import Engine, event, text

from services.common.database import writing
from services.gateway.spend import Budget, Price, Spend
from services.gateway.vendor_calls import VendorMetrics

if TYPE_CHECKING:
    from tests.services.gateway.clock import Clock

CENT = Price("post read", 10_000, reads=True)


@pytest.fixture
def registry(engine: Engine, clock: Clock) -> CollectorRegistry:
    """The metrics of a gateway that may spend two cents."""
    registry = CollectorRegistry()
    budget = Budget(Decimal("0.02"))
    VendorMetrics(registry).watch_spend(Spend(engine, "x", budget, clock))
    return registry


def scraped(registry: CollectorRegistry) -> str:
    return generate_latest(registry).decode()


async def test_what_was_spent_is_a_metric(
    registry: CollectorRegistry, engine: Engine, clock: Clock
) -> None:
    assert 'vendor_budget_exhausted{vendor="x"} 0.0' in scraped(registry)
    async with Spend(engine, "x", Budget(), clock).buying(CENT, 2) as purchase:
        purchase.got("ab")
    seen = scraped(registry)
    assert 'vendor_spent_usd{period="day",vendor="x"} 0.02' in seen
    assert 'vendor_spent_usd{period="month",vendor="x"} 0.02' in seen
    assert 'vendor_budget_exhausted{vendor="x"} 1.0' in seen


def test_a_scrape_asks_the_ledger_once(registry: CollectorRegistry, engine: Engine) -> None:
    asked: list[str] = []

    def note(*told: object) -> None:
        if "SELECT" in str(told[2]):
            asked.append(str(told[2]))

    event.listen(engine, "before_cursor_execute", note)
    scraped(registry)
    assert len(asked) == 1, asked


def test_without_the_ledger_the_other_metrics_are_there(
    registry: CollectorRegistry, engine: Engine
) -> None:
    with writing(engine) as connection:
        connection.execute(text("DROP TABLE spend"))
    seen = scraped(registry)
    assert "vendor_call_duration_seconds" in seen
    assert "vendor_spent_usd{" not in seen
