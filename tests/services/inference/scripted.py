"""A writer that does as it is told, for tests of the service's mechanics."""

import threading
from collections.abc import Iterable, Sequence
from typing import Any

from model.composing import Composer, Composition
from model.corpus.genres import GenreBook
from model.errors import RequestError
from model.facts import Facts, Topic
from model.request import Request, Result, Sample
from services.inference.backlog import Job

POISON = "poison"
IMPOSSIBLE = "impossible"
PATIENCE = 30.0


class ScriptedEngine:
    """Finishes every row in a step; can be held up before it."""

    slots = 64

    def __init__(self) -> None:
        self.batches: list[list[Any]] = []  # of each step, what its jobs are
        self.decoded = 0
        self.busy = threading.Event()
        self._rows: dict[int, Any] = {}
        self._admitted = 0
        self._steps_until_hold = 0
        self._open = threading.Event()
        self._open.set()

    @property
    def active(self) -> int:
        return len(self._rows)

    @property
    def free(self) -> int:
        return self.slots - len(self._rows)

    def hold(self) -> None:
        self._open.clear()
        self.busy.clear()

    def hold_after_next(self) -> None:
        """Let one step pass, and then hold it up again."""
        self._steps_until_hold = 2

    def release(self) -> None:
        self._open.set()

    def admit(self, jobs: Sequence[Any]) -> list[int]:
        tickets = list(range(self._admitted, self._admitted + len(jobs)))
        self._admitted += len(jobs)
        self._rows.update(zip(tickets, jobs, strict=True))
        return tickets

    def step(self) -> dict[int, Any]:
        self.busy.set()
        assert self._open.wait(PATIENCE)
        self._steps_until_hold -= 1
        if self._steps_until_hold == 0:
            self.hold()
        finished, self._rows = self._rows, {}
        self.batches.append(list(finished.values()))
        self.decoded += len(finished)
        return finished

    def cancel(self, tickets: Sequence[int]) -> None:
        for ticket in tickets:
            self._rows.pop(ticket, None)

    def decode(self, jobs: Sequence[Any]) -> list[Any]:
        return list(jobs)


class ScriptedWriter:
    """Writes each request's seed; fails for the titles POISON and IMPOSSIBLE; can be held up."""

    def __init__(self, revision: str = "r1") -> None:
        self.facts = Facts(
            name="scripted",
            revision=revision,
            precision="float32",
            card="# The writer\n",
            slots=ScriptedEngine.slots,
            book=GenreBook(("shoegaze", "dream pop"), nearest={}),
            topics=(Topic(0, "strings", ("guitar", "bass"), favoured=True),),
            temperature=0.5,
        )
        self.engine = ScriptedEngine()
        self.composer = Composer(self.engine)
        self.busy = self.engine.busy
        self.hold, self.release = self.engine.hold, self.engine.release

    def compose(self, request: Request) -> Composition[Result]:
        """A row for each candidate that is asked for, or one."""
        if request.title == IMPOSSIBLE:
            raise RequestError("title is impossible; give another")
        jobs: list[Any] = [request] * (request.candidates or 1)
        yield jobs
        if request.title == POISON:
            raise ZeroDivisionError(POISON)
        twin = "twin" if request.include_unrefined else None
        mixture = (1.0,) if request.include_topics else None
        samples = tuple(
            Sample(f"{request.seed} {i}", -1.0, -2.0, 0.5, 1.0, (0.25, -0.5), twin, mixture)
            for i in range(request.num_samples)
        )
        return Result(request.seed or 0, self.facts.match_genres(request.genres), samples)

    def homotopy(
        self, start: str, end: str, steps: int, genres: Iterable[str] = ()
    ) -> Composition[list[str]]:
        jobs: list[Any] = [start] * steps
        yield jobs
        return [start, *(f"{step} {list(genres)}" for step in range(steps - 2)), end]

    def reconstruction(self, text: str, genres: Iterable[str] = ()) -> Composition[str]:
        jobs: list[Any] = [text]
        yield jobs
        return f"{text} {list(genres)}"


def draft(seed: int = 0, tokens: int = 1, title: str | None = None, rows: int = 1) -> Job[Result]:
    """A job of some rows, as the tests of the mechanics want it."""
    request = Request(seed=seed, num_samples=1, title=title, candidates=rows)
    return Job(lambda writer: writer.compose(request), tokens)
