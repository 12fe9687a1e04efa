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

        self.batch_requests = histogram("batch_requests", "Requests per batch", SIZES)
        self.batch_sentences = histogram("batch_sentences", "Sentences per batch", SIZES)
        self.queue_seconds = histogram("queue_seconds", "Wait before the writer began", SECONDS)
        self.model_seconds = histogram("model_seconds", "Time with the writer", SECONDS)
        self.drafted = Counter(
            "inference_sentences_drafted", "Sentences that the writer drafted", registry=registry
        )
        self.rejected = Counter(
            "inference_rejected",
            "Requests not served: overloaded, deadline, disconnected, unavailable, refused, failed",
            ["reason"],
            registry=registry,
        )
        self._depth = Gauge(
            "inference_queue_sentences", "Sentences that wait for the writer", registry=registry
        )
        self._writing = Gauge(
            "inference_batch_in_progress_sentences",
            "Sentences with the writer now",
            registry=registry,
        )

    def watch(self, queued: Callable[[], float], being_written: Callable[[], float]) -> None:
        """Read the gauges from where their values live."""
        self._depth.set_function(queued)
        self._writing.set_function(being_written)


class Pace:
    """What the writer can do under load, learned from its fuller batches.

    A small batch says nothing of it: the writer takes hardly longer for a large one. Each batch
    counts a tenth less than the next.
    """

    FADE = 0.9

    def __init__(self, full: int) -> None:
        self._telling = full / 2  # sentences
        self._sentences = 0.0
        self._seconds = 0.0

    def note(self, sentences: int, seconds: float) -> None:
        if sentences >= self._telling:
            self._sentences = self.FADE * self._sentences + sentences
            self._seconds = self.FADE * self._seconds + seconds

    def seconds_for(self, sentences: int) -> float:
        """How long that many sentences will take; 0 before anything was measured."""
        return sentences * self._seconds / self._sentences if self._sentences else 0.0
