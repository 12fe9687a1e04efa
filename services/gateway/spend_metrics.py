"""What vendors cost, as metrics: one look into each ledger per scrape."""

from collections.abc import Iterator

import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from services.gateway.spend import Spend, SpendReport

log = structlog.get_logger()


class SpendMetrics(Collector):
    """Reads the ledgers when it is asked: not on the event loop, please."""

    def __init__(self) -> None:
        self.ledgers: list[Spend] = []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        spent = GaugeMetricFamily(
            "vendor_spent_usd",
            "What calls to a vendor cost in this day and this month (UTC), US dollars",
            labels=["vendor", "period"],
        )
        exhausted = GaugeMetricFamily(
            "vendor_budget_exhausted",
            "1 when a vendor's budget covers no further reading",
            labels=["vendor"],
        )
        for vendor, report in self._reports():
            spent.add_metric([vendor, "day"], float(report.today))
            spent.add_metric([vendor, "month"], float(report.month))
            exhausted.add_metric([vendor], float(report.exhausted is not None))
        yield spent
        yield exhausted

    def _reports(self) -> Iterator[tuple[str, SpendReport]]:
        """Of the ledgers that can be read: without the database the other metrics matter most."""
        for ledger in self.ledgers:
            try:
                yield ledger.vendor, ledger.report()
            except SQLAlchemyError as error:
                log.warning("spend.unread", vendor=ledger.vendor, why=type(error).__name__)
