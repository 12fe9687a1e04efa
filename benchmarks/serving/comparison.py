"""Runs every server under every load, in turns, and keeps what came of it."""

import json
import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from statistics import median

from benchmarks.serving.environment import Environments
from benchmarks.serving.load import Load, Outcome
from benchmarks.serving.processes import Launch, Running, StartError, free_port, running, said_by
from benchmarks.serving.servers import Server
from benchmarks.serving.setting import SEEDS, Setting
from benchmarks.serving.shapes import FULLEST, Shape

WARM_SECONDS = 1.0
TRIALS = 3  # of our capacity


@dataclass(frozen=True)
class Plan:
    """What is to be run."""

    setting: Setting
    servers: Sequence[Server]  # ours first
    shapes: Sequence[Shape]
    peers: Environments
    repeats: int
    seconds: float


@dataclass
class Found:
    """Outcomes by shape, then by server, one for each repeat, and what could not be run."""

    missing: dict[str, str] = field(default_factory=dict)  # server -> why
    capacity: float = 0.0  # of ours, requests a second, if it was asked for
    outcomes: dict[str, dict[str, list[Outcome]]] = field(default_factory=dict)
    start_seconds: dict[str, list[float]] = field(default_factory=dict)

    @property
    def wrong(self) -> int:
        """Answers that were not those of their seeds."""
        return sum(
            outcome.wrong
            for by_server in self.outcomes.values()
            for outcomes in by_server.values()
            for outcome in outcomes
        )

    def add(self, shape: str, server: str, outcome: Outcome) -> None:
        self.outcomes.setdefault(shape, {}).setdefault(server, []).append(outcome)


class Runs:
    """The runs of one comparison."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._logs = plan.peers.folder / "logs"
        self._expected = self._logs / "expected.json"
        self.found = Found()

    def run(self) -> Found:
        """All of them: each repeat begins with another server.

        Raises StartError if ours does not start.
        """
        self.found.missing |= self._plan.peers.make(self._plan.servers)
        self._logs.mkdir(exist_ok=True)
        self._expected.write_text(self._ask_what_is_right())
        self.found.capacity = self._capacity()
        for repeat in range(self._plan.repeats):
            for server in _rotated(self._plan.servers, repeat):
                if server.name not in self.found.missing:
                    self._visit(server, repeat)
        return self.found

    def _capacity(self) -> float:
        """Requests a second that ours can do, by runs that do not count; 0 if none is needed."""
        if all(shape.share is None for shape in self._plan.shapes):
            return 0.0
        with self._started(self._plan.servers[0]) as ours:
            runs = [self._drive(self._plan.servers[0], ours, FULLEST, 0) for _ in range(TRIALS)]
        return median(run.requests_per_second for run in runs)

    def _visit(self, server: Server, repeat: int) -> None:
        """Put all loads on a server."""
        _say(f"repeat {repeat + 1} of {self._plan.repeats}: {server.name}")
        try:
            with self._started(server) as started:
                self.found.start_seconds.setdefault(server.name, []).append(started.start_seconds)
                for shape in self._plan.shapes:
                    outcome = self._drive(server, started, shape, repeat)
                    self.found.add(shape.name, server.name, outcome)
        except StartError as error:
            self.found.missing[server.name] = str(error)

    def _started(self, server: Server) -> AbstractContextManager[Running]:
        setting = replace(self._plan.setting, port=free_port())
        return running(
            Launch(
                command=[self._python(server), "-m", server.module],
                environment={
                    **setting.environment(),
                    **server.environment,
                    "INFERENCE_PORT": str(setting.port),
                },
                port=setting.port,
                path=server.path,
                body=server.body.replace("SEED", "0"),
                log=self._logs / f"{server.module.rpartition('.')[2]}.log",
            )
        )

    def _python(self, server: Server) -> str:
        """The product runs as it ships, all else among the peers."""
        product = server.ours and self._plan.setting.comparison == "product"
        return sys.executable if product else self._plan.peers.of(server).interpreter

    def _drive(self, server: Server, started: Running, shape: Shape, repeat: int) -> Outcome:
        plan = self._plan
        # A plain module's sentence depends on its company.
        known = server.ours or plan.setting.comparison == "layer"
        load = Load(
            port=started.port,
            path=server.path,
            body=server.body,
            mark=started.mark,
            seeds=SEEDS,
            expected=str(self._expected) if known else None,
            seconds=plan.seconds,
            warm_seconds=min(WARM_SECONDS, plan.seconds),
            callers=shape.callers,
            rate=None if shape.share is None else shape.share * self.found.capacity,
            draw=repeat,
        )
        loader = [sys.executable, "-m", "benchmarks.serving.load"]
        outcome = Outcome(**json.loads(said_by(loader, told=json.dumps(asdict(load)))))
        _say(f"  {shape.name}: {outcome.requests_per_second:.1f} requests/s")
        return outcome

    def _ask_what_is_right(self) -> str:
        python = self._python(self._plan.servers[0])
        return said_by(
            [python, "-m", "benchmarks.serving.expected"], self._plan.setting.environment()
        )


def _rotated(servers: Sequence[Server], by: int) -> Iterable[Server]:
    first = by % len(servers)
    return [*servers[first:], *servers[:first]]


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
