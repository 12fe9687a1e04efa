"""What the worker measures: work done, as counters; what lies where, as gauges."""

from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from worker.run import utc_now
from worker.states import DraftState, PostState, PublicationState
from worker.store import Counts
from worker.summaries import Summary

SECONDS = (0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)


class Measures:
    """Metrics of one worker, in its app's own registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.oldest: datetime | None = None
        self.seconds = Histogram(
            "worker_cycle_seconds", "Time that a cycle took", buckets=SECONDS, registry=registry
        )
        self.done = Counter(
            "worker_cycle_yield", "What cycles brought forth", ["what"], registry=registry
        )
        self.errors = Counter("worker_errors", "Different errors per cycle", registry=registry)
        self.posts = Gauge("worker_posts", "Posts by state", ["state"], registry=registry)
        self.drafts = Gauge("worker_drafts", "Drafts by state", ["state"], registry=registry)
        self.publications = Gauge(
            "worker_publications", "Publications by state", ["state"], registry=registry
        )
        Gauge(
            "worker_oldest_undelivered_seconds",
            "Age of the oldest post on its way to the desk; 0 when there is none",
            registry=registry,
        ).set_function(self._age)

    def _age(self) -> float:
        oldest = self.oldest  # a cycle may change it meanwhile, in another thread
        return (utc_now() - oldest).total_seconds() if oldest else 0.0

    def cycle(self, summary: Summary) -> None:
        self.seconds.observe(summary.seconds)
        for what in ("posts", "songs", "known", "with_genres", "drafts"):
            self.done.labels(what).inc(getattr(summary, what))
        self.errors.inc(len(summary.errors))

    def count(self, counts: Counts) -> None:
        self.oldest = counts.oldest_undelivered
        for gauge, states, counted in (
            (self.posts, PostState, counts.posts),
            (self.drafts, DraftState, counts.drafts),
            (self.publications, PublicationState, counts.publications),
        ):
            for state in states:
                gauge.labels(state.value).set(counted.get(state.value, 0))
