"""What the inference service measures about itself."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class Measures:
    """Metrics of the batcher, in the app's own registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def histogram(name: str, meaning: str, buckets: tuple[float, ...]) -> Histogram:
            return Histogram(f"inference_{name}", meaning, buckets=buckets, registry=registry)

        self.batch_rows = histogram("batch_rows", "Rows in a step of the decoder", SIZES)
        self.queue_seconds = histogram("queue_seconds", "Wait before the writer began", SECONDS)
        self.model_seconds = histogram("model_seconds", "Time with the writer", SECONDS)
        self._tokens = Counter(
            "inference_tokens", "Tokens decoded, drawn or read", registry=registry
        )
        self.rejected = Counter(
            "inference_rejected",
            "Requests not served: overloaded, deadline, disconnected, unavailable, refused, failed",
            ["reason"],
            registry=registry,
        )
        self._depth = Gauge(
            "inference_queue_tokens", "Tokens asked for and not yet settled", registry=registry
        )
        self._waiting = Gauge(
            "inference_queue_requests", "Requests that the writer has not begun", registry=registry
        )
        self._rows = Gauge(
            "inference_rows_in_progress", "Rows that are being decoded", registry=registry
        )

    def watch(
        self,
        *,
        tokens: Callable[[], float],
        waiting: Callable[[], float],
        rows: Callable[[], float],
    ) -> None:
        """Read the gauges from where their values live."""
        self._depth.set_function(tokens)
        self._waiting.set_function(waiting)
        self._rows.set_function(rows)

    def stepped(self, rows: int) -> None:
        """Count a step of the decoder, which makes one token of each row."""
        if rows:
            self.batch_rows.observe(rows)
            self._tokens.inc(rows)


class Pace:
    """What the decoder does under load, learned from its fuller steps.

    A step of few rows says nothing of it: it takes hardly less time than one of many. Each step
    counts a hundredth less than the next.
    """

    FADE = 0.99

    def __init__(self) -> None:
        self.telling = 32  # rows, fewer where there are fewer slots
        self._tokens = 0.0
        self._seconds = 0.0

    def note(self, tokens: int, seconds: float) -> None:
        """A step made so many tokens, one for each row, in so long."""
        if tokens >= self.telling:
            self._tokens = self.FADE * self._tokens + tokens
            self._seconds = self.FADE * self._seconds + seconds

    def seconds_for(self, tokens: int) -> float:
        """How long that many tokens will take; 0 before anything was measured."""
        return tokens * self._seconds / self._tokens if self._tokens else 0.0
