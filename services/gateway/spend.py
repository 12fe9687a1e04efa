"""What a paid platform costs: a ledger of billable calls, and the budget that they keep to.

Before a call its highest price is reserved in one transaction with the look at the budget, so that
callers beside each other, in other processes too, cannot overdraw it together; afterwards the
reservation shrinks to what was bought. A process that dies in between leaves the reservation
standing.

So of publications the ledger may say too much, never too little: one whose outcome is unknown is
booked. A reading without a whole answer is booked at nothing, although the platform may have
billed it; it bills a post once a day, and the reading that comes again books that.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Literal

import anyio
from sqlalchemy import Connection, Engine, func, select

from services.common.database import inserting, reading, writing
from services.gateway.tables import spend
from services.gateway.vendor_errors import (
    NotDoneError,
    OverBudgetError,
    RefusedByVendorError,
)

Period = Literal["daily", "monthly"]
Purpose = Literal["reading", "presence", "publishing"]

MICRO = 1_000_000
# The days from which the cost of a day is estimated.
ESTIMATED_FROM = 7
# Parts of each budget for asking what is still there, which cannot wait, and for publishing, where
# that keeps to the budget: or a backlog to read would take all, day after day.
KEPT_FOR_PRESENCE, KEPT_FOR_PUBLISHING = Decimal("0.1"), Decimal("0.2")
# What is booked under other names was done to publish.
PURPOSES: Mapping[str, Purpose] = {
    "post read": "reading",
    "owned read": "reading",
    "presence": "presence",
}


@dataclass(frozen=True)
class Price:
    """What one unit of a kind of call costs."""

    operation: str
    micro_usd: int
    reads: bool  # else it publishes or deletes

    @property
    def purpose(self) -> Purpose:
        return purpose_of(self.operation)


def purpose_of(operation: str) -> Purpose:
    return PURPOSES.get(operation, "publishing")


@dataclass(frozen=True)
class Spent:
    """What a day's calls for a purpose came to."""

    day: str
    purpose: Purpose
    micro_usd: int


@dataclass(frozen=True)
class Budget:
    """Most US dollars a day (UTC) and a calendar month; None for no bound."""

    daily: Decimal | None = None
    monthly: Decimal | None = None
    publishes_beyond: bool = True

    @property
    def kept(self) -> Mapping[Purpose, Decimal]:
        """The parts that nothing else uses up."""
        kept: dict[Purpose, Decimal] = {"presence": KEPT_FOR_PRESENCE}
        return kept if self.publishes_beyond else kept | {"publishing": KEPT_FOR_PUBLISHING}


@dataclass
class Purchase:
    """One call's worth: up to `most` units may be bought."""

    most: int
    resources: set[str] = field(default_factory=set)

    def got(self, resources: Iterable[str]) -> None:
        """Say which resources the answer held; each is billed once a day."""
        self.resources.update(resources)


@dataclass(frozen=True)
class Bound:
    """A budget as it stands; `left` is in micro-dollars, below zero where it was overdrawn."""

    period: Period
    usd: Decimal
    left: int


@dataclass(frozen=True)
class SpendReport:
    """US dollars spent so far, and what that comes to."""

    today: Decimal
    month: Decimal
    per_day: Decimal  # estimated from the last days
    budget: Budget
    exhausted: Period | None  # the budget that covers no further reading


@dataclass
class Spend:
    """One vendor's ledger."""

    engine: Engine
    vendor: str
    budget: Budget
    clock: Callable[[], float]
    least_reading: int = 1  # micro-dollars; with less than that left, reading has stopped
    seen_on: str = ""
    seen: set[str] = field(default_factory=set)

    @asynccontextmanager
    async def buying(self, price: Price, units: int, least: int = 1) -> AsyncIterator[Purchase]:
        """Reserve up to `units`, fewer where the budget ends; raises OverBudgetError below `least`.

        A reading that fails is not billed. A publication is, unless it certainly was not done.
        """
        day = self._today()
        most = await self._reserved(price, units, least, day)
        purchase = Purchase(most)
        bought = 0
        try:
            yield purchase
            bought = self._bought(price, purchase.resources, day)
        except (NotDoneError, RefusedByVendorError):
            raise
        except BaseException:
            bought = 0 if price.reads else most
            raise
        finally:
            if bought != most:
                await self._correct(price, bought - most, day)

    def report(self) -> SpendReport:
        today = self._today()
        first = (_date(today) - timedelta(days=ESTIMATED_FROM - 1)).strftime("%Y-%m-%d")
        with reading(self.engine) as connection:
            spent = self._spent(connection, min(first, _first_of_month(today)))
        begun = min((each.day for each in spent if each.day >= first), default=today)
        days = (_date(today) - _date(begun)).days + self._part_of_day()
        bounds = self._bounds(spent, today, "reading")
        short = _short_of(self.least_reading, bounds)
        return SpendReport(
            today=_usd(_since(today, spent)),
            month=_usd(_since(_first_of_month(today), spent)),
            per_day=_usd(round(_since(first, spent) / days)),
            budget=self.budget,
            exhausted=None if short is None else short.period,
        )

    async def _reserved(self, price: Price, units: int, least: int, day: str) -> int:
        """As `_reserve`; whoever is cancelled meanwhile leaves nothing reserved."""
        reserving = asyncio.ensure_future(
            asyncio.to_thread(self._reserve, price, units, least, day)
        )
        try:
            return await asyncio.shield(reserving)
        except asyncio.CancelledError:
            with anyio.CancelScope(shield=True), suppress(OverBudgetError):
                await self._correct(price, -await reserving, day)
            raise

    async def _correct(self, price: Price, units: int, day: str) -> None:
        """Book the difference to what was reserved, also for a caller who is being cancelled."""
        with anyio.CancelScope(shield=True):
            await asyncio.to_thread(self._add, price, units, day)

    def _reserve(self, price: Price, units: int, least: int, day: str) -> int:
        """Book as many units as the budget allows, and say how many.

        Raises OverBudgetError below `least`.
        """
        with writing(self.engine) as connection:
            self._wait_for_turn(connection)
            bounds = self._bounds_of(price, connection, day)
            needed = least * price.micro_usd
            if short := _short_of(needed, bounds):
                raise self._over(short, needed, day)
            units = min([units, *(bound.left // price.micro_usd for bound in bounds)])
            self._book(connection, price, units, day)
        return units

    def _wait_for_turn(self, connection: Connection) -> None:
        """One reservation at a time, until the transaction ends; SQLite's writers queue anyway."""
        if connection.dialect.name == "postgresql":
            turn = select(func.pg_advisory_xact_lock(func.hashtext(f"spend {self.vendor}")))
            connection.execute(turn)

    def _bounds_of(self, price: Price, connection: Connection, day: str) -> list[Bound]:
        """The budgets that such a call keeps to."""
        if price.purpose == "publishing" and self.budget.publishes_beyond:
            return []
        spent = self._spent(connection, _first_of_month(day))
        return self._bounds(spent, day, price.purpose)

    def _bounds(self, spent: Sequence[Spent], day: str, purpose: Purpose) -> list[Bound]:
        """What the budgets leave for a purpose, the shorter period first."""
        periods: tuple[tuple[Period, Decimal | None, str], ...] = (
            ("daily", self.budget.daily, day),
            ("monthly", self.budget.monthly, _first_of_month(day)),
        )
        return [
            Bound(period, usd, self._left(int(usd * MICRO), spent, first, purpose))
            for period, usd, first in periods
            if usd is not None
        ]

    def _left(self, whole: int, spent: Sequence[Spent], first: str, purpose: Purpose) -> int:
        """Micro-dollars of a budget: not those that are kept for others, but one's own part."""
        unused = {
            each: int(whole * part) - _since(first, spent, each)
            for each, part in self.budget.kept.items()
        }
        others = sum(max(0, part) for each, part in unused.items() if each != purpose)
        left = whole - _since(first, spent) - others
        return max(left, unused[purpose]) if purpose in unused else left

    def _spent(self, connection: Connection, first: str) -> list[Spent]:
        """What was spent from the first day on."""
        mine = (spend.c.vendor == self.vendor) & (spend.c.day >= first)
        summed = select(spend.c.day, spend.c.operation, func.sum(spend.c.micro_usd)).where(mine)
        rows = connection.execute(summed.group_by(spend.c.day, spend.c.operation))
        return [Spent(day, purpose_of(operation), int(micro)) for day, operation, micro in rows]

    def _add(self, price: Price, units: int, day: str) -> None:
        with writing(self.engine) as connection:
            self._book(connection, price, units, day)

    def _book(self, connection: Connection, price: Price, units: int, day: str) -> None:
        row = inserting(connection, spend).values(
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

    def _bought(self, price: Price, resources: set[str], day: str) -> int:
        """How many units that were; what was read on this day before costs nothing."""
        if not price.reads:
            return len(resources)
        if self.seen_on != day:
            self.seen_on, self.seen = day, set()
        new = resources - self.seen
        self.seen |= new
        return len(new)

    def _over(self, bound: Bound, needed: int, day: str) -> OverBudgetError:
        detail = (
            f"the {bound.period} budget of ${bound.usd} has ${_mills(max(0, bound.left))} left for "
            f"this, which takes ${_mills(needed)} at least; raise it, or wait."
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


def _first_of_month(day: str) -> str:
    return f"{day[:7]}-01"


def _since(first: str, spent: Sequence[Spent], purpose: Purpose | None = None) -> int:
    """Micro-dollars from that day on, for one purpose or for all."""
    return sum(
        each.micro_usd for each in spent if each.day >= first and purpose in {None, each.purpose}
    )


def _short_of(micro: int, bounds: Sequence[Bound]) -> Bound | None:
    """The budget that has less than this left; of several the one that stays so longest."""
    return next((bound for bound in reversed(bounds) if bound.left < micro), None)


def _usd(micro: int) -> Decimal:
    """Dollars, to the cent above."""
    return (Decimal(micro) / MICRO).quantize(Decimal("0.01"), ROUND_CEILING)


def _mills(micro: int) -> str:
    """Dollars, to the tenth of a cent; prices are no finer."""
    return f"{Decimal(micro) / MICRO:.3f}"
