"""What is printed of a comparison: its table, what could not be run, and how far ours is ahead."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.serving.comparison import Found, Plan
from benchmarks.serving.load import Outcome
from benchmarks.serving.servers import OURS, PLAIN, Server

COLUMNS = (
    "requests/s",
    "sentences/s",
    "p50 ms",
    "p99 ms",
    "CPU s/sentence",
    "MiB",
    "start s",
    "failed",
    "other cores",
)
Measure = Callable[[Outcome], float]


def print_table(found: Found) -> None:
    """A row for each load and server, medians of the repeats."""
    if found.capacity:
        print(f"our capacity, which arrivals are a share of: {found.capacity:.1f} requests/s")
    print(f"\n| load | server | {' | '.join(COLUMNS)} |")
    print("|---" * (2 + len(COLUMNS)) + "|")
    for shape, by_server in found.outcomes.items():
        for server, outcomes in by_server.items():
            cells = _cells(outcomes, median(found.start_seconds[server]))
            print(f"| {shape} | {server} | {' | '.join(cells)} |")
    for server, reason in found.missing.items():
        print(f"\nNot compared: {server}: {reason}")


def print_claims(found: Found, plan: Plan) -> None:
    """The ratios that the service is held to, those of them that were run."""
    ratios, setting = Ratios(found, plan.servers), plan.setting
    if setting.comparison == "product":
        claims = ratios.product()
    else:
        claims = ratios.equal() if setting.lengths == "equal" else ratios.layer()
    print()
    for claim in claims:
        print(f"- {claim}")


def _cells(outcomes: Sequence[Outcome], start_seconds: float) -> list[str]:
    def middle(measure: Measure) -> float:
        return median(map(measure, outcomes))

    return [
        f"{middle(lambda each: each.requests_per_second):.1f}",
        f"{middle(lambda each: each.sentences_per_second):.1f}",
        f"{middle(lambda each: each.p50_ms):.1f}",
        f"{middle(lambda each: each.p99_ms):.1f}",
        f"{middle(lambda each: each.cpu_seconds_per_sentence):.5f}",
        f"{middle(lambda each: each.resident_mebibytes):.0f}",
        f"{start_seconds:.1f}",
        _failures(outcomes) or "0",
        f"{middle(lambda each: each.other_cores):.1f}",
    ]


def _failures(outcomes: Sequence[Outcome]) -> str:
    """Requests of all repeats that got no answer, or a wrong one, by reason."""
    counts: dict[str, int] = {}
    for outcome in outcomes:
        for reason, number in {**outcome.failed, "wrong": outcome.wrong}.items():
            counts[reason] = counts.get(reason, 0) + number
    return ", ".join(f"{number} {reason}" for reason, number in counts.items() if number)


@dataclass(frozen=True)
class Claim:
    """A figure beside what it must be."""

    what: str
    value: float
    least: float | None = None
    most: float | None = None

    @property
    def met(self) -> bool:
        """Whether it is what it must be."""
        low = self.least is None or self.value >= self.least
        return low and (self.most is None or self.value <= self.most)

    def __str__(self) -> str:
        bar = f"at least {self.least:g}" if self.most is None else f"at most {self.most:g}"
        return f"{self.what}: {self.value:.2f} ({bar}: {'met' if self.met else 'MISSED'})"


class Ratios:
    """Ours against the others: the median of the ratios of each repeat."""

    def __init__(self, found: Found, servers: Sequence[Server]) -> None:
        self._found = found
        self._batches = {server.name: server.batches for server in servers if not server.ours}

    def layer(self) -> Iterator[Claim]:
        """The serving layer alone, sentences as long as the model makes them."""
        yield from self._over_best("64 callers", _rate, "requests", least=1.5)
        yield from self._over_best("64 callers", _rate, "steps", least=1.0)
        yield from self._over_best("open 70%", _p99, "requests", most=0.5)
        delay = self._each("1 caller", PLAIN, lambda ours, theirs: ours.p50_ms - theirs.p50_ms)
        if delay is not None:
            yield Claim(f"p50 at 1 caller less {PLAIN}'s, ms", delay, most=3.0)

    def equal(self) -> Iterator[Claim]:
        """The same with sentences of one length."""
        yield from self._over_best("64 callers", _rate, "requests", least=0.85)
        yield from self._over_best("64 callers", _rate, "steps", least=0.85)

    def product(self) -> Iterator[Claim]:
        """The whole product."""
        yield from self._over_best("64 callers", _sentences, "requests", least=2.5)

    def _over_best(
        self,
        shape: str,
        measure: "Named",
        batches: str,
        *,
        least: float | None = None,
        most: float | None = None,
    ) -> Iterator[Claim]:
        """Ours over the peer that comes off best against it."""
        ratios = {
            name: ratio
            for name, own in self._batches.items()
            if own == batches and (ratio := self._each(shape, name, measure.over)) is not None
        }
        if not ratios:
            return
        best = (max if most is not None else min)(ratios, key=lambda name: ratios[name])
        what = f"{measure.name} at {shape} over the best peer that batches {batches} ({best})"
        yield Claim(what, ratios[best], least=least, most=most)

    def _each(self, shape: str, peer: str, of: Callable[[Outcome, Outcome], float]) -> float | None:
        """The median over the repeats; none where one of the two was not run."""
        by_server = self._found.outcomes.get(shape, {})
        pairs = zip(by_server.get(OURS, ()), by_server.get(peer, ()), strict=False)
        values = [of(ours, theirs) for ours, theirs in pairs]
        return median(values) if values else None


@dataclass(frozen=True)
class Named:
    """A measure and what it is called."""

    name: str
    measure: Measure

    def over(self, ours: Outcome, theirs: Outcome) -> float:
        return self.measure(ours) / max(self.measure(theirs), 1e-9)


_rate = Named("requests/s", lambda outcome: outcome.requests_per_second)
_sentences = Named("sentences/s", lambda outcome: outcome.sentences_per_second)
_p99 = Named("p99", lambda outcome: outcome.p99_ms)
