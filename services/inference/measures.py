"""What the inference service measures about itself."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from services.inference.executor import Executor

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

    def watch(self, executor: Executor) -> None:
        """Read the gauges from where their values live."""
        self._depth.set_function(lambda: executor.tokens)
        self._waiting.set_function(lambda: executor.waiting)
        self._rows.set_function(lambda: executor.rows)

    def stepped(self, rows: int) -> None:
        """Count a step of the decoder, which makes one token of each row."""
        if rows:
            self.batch_rows.observe(rows)
            self._tokens.inc(rows)
