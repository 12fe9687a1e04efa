"""What a paid platform costs: a ledger of billable calls, and the budget that they keep to.

Before a call its highest price is reserved in one transaction with the look at the budget, so that
callers beside each other, in other processes too, cannot overdraw it together; afterwards the
reservation shrinks to what was bought. A process that dies in between leaves the reservation
standing: the ledger may say too much, never too little.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, Decimal

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.dialects import postgresql, sqlite

from services.common.database import reading, writing
from services.gateway.tables import spend
from services.gateway.vendor_errors import (
    NotDoneError,
    OverBudgetError,
    RefusedByVendorError,
    VendorError,
)

MICRO = 1_000_000
# The days from which the cost of a day is estimated.
ESTIMATED_FROM = 7


@dataclass(frozen=True)
class Price:
    """What one unit of a kind of call costs."""

    operation: str
    micro_usd: int
    reads: bool  # else it publishes or deletes


@dataclass(frozen=True)
class Budget:
    """Most US dollars a day (UTC) and a calendar month; None for no bound."""

    daily: Decimal | None = None
    monthly: Decimal | None = None
    publishes_beyond: bool = True


@dataclass
class Purchase:
    """One call's worth: up to `most` units may be bought."""

    most: int
    resources: set[str] = field(default_factory=set)

    def got(self, resources: Iterable[str]) -> None:
        """Say which resources the answer held; each is billed once a day."""
        self.resources.update(resources)


@dataclass(frozen=True)
class SpendReport:
    """US dollars spent so far, and what that comes to."""

    today: Decimal
    month: Decimal
    per_day: Decimal  # estimated from the last days
    budget: Budget

    @property
    def exhausted(self) -> str | None:
        """Which budget is used up: `daily` or `monthly`."""
        if self.budget.monthly is not None and self.month >= self.budget.monthly:
            return "monthly"
        if self.budget.daily is not None and self.today >= self.budget.daily:
            return "daily"
        return None


@dataclass
class Spend:
    """One vendor's ledger."""

    engine: Engine
    vendor: str
    budget: Budget
    clock: Callable[[], float]
    seen_on: str = ""
    seen: set[str] = field(default_factory=set)

    @asynccontextmanager
    async def buying(self, price: Price, units: int, least: int = 1) -> AsyncIterator[Purchase]:
        """Reserve up to `units`, fewer where the budget ends; raises OverBudgetError below `least`.

        A reading that fails is not billed. A publication whose outcome is unknown is.
        """
        day = self._today()
        most = await asyncio.to_thread(self._reserve, price, units, least, day)
        if most < least:
            raise await asyncio.to_thread(self._over, day)
        purchase = Purchase(most)
        bought = 0
        try:
            yield purchase
            bought = self._new(purchase.resources, day)
        except (NotDoneError, RefusedByVendorError):
            raise
        except VendorError:
            bought = 0 if price.reads else most
            raise
        finally:
            if bought != most:
                await asyncio.to_thread(self._add, price, bought - most, day)

    def report(self) -> SpendReport:
        today = self._today()
        first = (_date(today) - timedelta(days=ESTIMATED_FROM - 1)).strftime("%Y-%m-%d")
        with reading(self.engine) as connection:
            begun = connection.scalar(
                select(func.min(spend.c.day)).where(
                    (spend.c.vendor == self.vendor) & (spend.c.day >= first)
                )
            )
            recent = self._spent(connection, first)
            spent = self._spent(connection, today), self._spent(connection, f"{today[:7]}-01")
        days = (_date(today) - _date(begun or today)).days + self._part_of_day()
        return SpendReport(
            today=_usd(spent[0]),
            month=_usd(spent[1]),
            per_day=_usd(round(recent / days)),
            budget=self.budget,
        )

    def _reserve(self, price: Price, units: int, least: int, day: str) -> int:
        """Book as many units as the budget allows, and say how many; none below `least`."""
        with writing(self.engine) as connection:
            units = min(units, self._affordable(connection, price, day))
            if units < least:
                return 0
            self._book(connection, price, units, day)
        return units

    def _affordable(self, connection: Connection, price: Price, day: str) -> int:
        if not price.reads and self.budget.publishes_beyond:
            return MICRO
        bounds = ((self.budget.daily, day), (self.budget.monthly, f"{day[:7]}-01"))
        left = [
            int(usd * MICRO) - self._spent(connection, since)
            for usd, since in bounds
            if usd is not None
        ]
        return max(0, min(left)) // price.micro_usd if left else MICRO

    def _spent(self, connection: Connection, since: str) -> int:
        """Micro-dollars since a day, that one included."""
        mine = (spend.c.vendor == self.vendor) & (spend.c.day >= since)
        return int(connection.scalar(select(func.sum(spend.c.micro_usd)).where(mine)) or 0)

    def _add(self, price: Price, units: int, day: str) -> None:
        with writing(self.engine) as connection:
            self._book(connection, price, units, day)

    def _book(self, connection: Connection, price: Price, units: int, day: str) -> None:
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        row = dialect.insert(spend).values(
            day=day,
            vendor=self.vendor,
            operation=price.operation,
            units=units,
            micro_usd=units * price.micro_usd,
        )
        added = {
            "units": spend.c.units + row.excluded.units,
            "micro_usd": spend.c.micro_usd + row.excluded.micro_usd,
        }
        key = spend.primary_key
        connection.execute(row.on_conflict_do_update(index_elements=key, set_=added))

    def _new(self, resources: set[str], day: str) -> int:
        """How many of the resources were not bought on this day before."""
        if self.seen_on != day:
            self.seen_on, self.seen = day, set()
        new = resources - self.seen
        self.seen |= new
        return len(new)

    def _over(self, day: str) -> OverBudgetError:
        report = self.report()
        budget = report.exhausted or "daily"
        bound = self.budget.monthly if budget == "monthly" else self.budget.daily
        detail = (
            f"the {budget} budget of ${bound} is used up (${report.today} today, ${report.month} "
            "this month); raise it, or wait."
        )
        midnight = _date(day) + timedelta(days=1)
        return OverBudgetError(self.vendor, detail, retry_after=midnight.timestamp() - self.clock())

    def _today(self) -> str:
        return datetime.fromtimestamp(self.clock(), UTC).strftime("%Y-%m-%d")

    def _part_of_day(self) -> float:
        """Which part of today is over; at least an hour, so that an estimate means something."""
        return max(3600.0, self.clock() % 86_400) / 86_400


def _date(day: str) -> datetime:
    return datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC)


def _usd(micro: int) -> Decimal:
    """Dollars, to the cent above."""
    return (Decimal(micro) / MICRO).quantize(Decimal("0.01"), ROUND_CEILING)
