"""Many pieces of work through one engine, none waiting for another to end.

A composition is a generator. It yields jobs that it wants decoded, is sent what became of them in
their order, and returns what it makes of that; between two yields it does what needs no decoder.
The composer keeps the engine's slots filled with rows of all compositions under way:

- a row is admitted as soon as a slot is free: in turn one of the caller who came first, who so
  never waits for later ones, and one of the caller with the fewest rows waiting, so that a few rows
  aren't held up by hundreds (shortest remaining time first keeps the mean wait short);
- a composition that fails, or whose rows make the engine fail, fails alone.
"""

import time
from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar
from weakref import WeakKeyDictionary

import torch

from model.engine import Decoded, Job

T = TypeVar("T")
Composition = Generator[Sequence[Job], list[Decoded], T]


class Slots(Protocol):
    """What the composer needs of `model.engine.Engine`."""

    slots: int

    @property
    def free(self) -> int: ...
    @property
    def active(self) -> int: ...
    @property
    def decoded(self) -> int: ...
    def admit(self, jobs: Sequence[Job]) -> list[int]: ...
    def step(self) -> dict[int, Decoded]: ...
    def cancel(self, tickets: Sequence[int]) -> None: ...
    def decode(self, jobs: Sequence[Job]) -> list[Decoded]: ...


@dataclass(eq=False)
class Task(Generic[T]):
    """One composition under way."""

    composition: Composition[T]
    caller: "_Caller"
    begun: bool = False
    ended: bool = False
    jobs: Sequence[Job] = ()  # that it has yielded last
    decoded: dict[int, Decoded] = field(default_factory=dict)  # by the job's place among these
    waiting: deque[int] = field(default_factory=deque)  # places of jobs not yet admitted
    entered: float | None = None  # when its first row was admitted, by time.monotonic
    _value: T | None = None
    _error: Exception | None = None

    def result(self) -> T:
        """What it returned; raises what it raised. To be asked once it has ended."""
        assert self.ended
        if self._error is not None:
            raise self._error
        return self._value  # type: ignore[return-value]  # a value of T, or the error

    def succeed(self, value: T) -> None:
        """End with a value."""
        self.ended, self._value = True, value

    def fail(self, error: Exception) -> None:
        """End with an error."""
        self.ended, self._error = True, error
        self.composition.close()


@dataclass(eq=False)
class _Caller:
    """Who has started tasks, and those of them whose rows wait."""

    number: int  # in the order in which callers came
    tasks: deque[Task[Any]] = field(default_factory=deque)

    @property
    def waiting(self) -> int:
        return sum(len(task.waiting) for task in self.tasks)


class Composer:
    """Drives compositions. Not for use by two threads at once."""

    def __init__(self, engine: Slots) -> None:
        self._engine = engine
        self._turn = 0  # of the slots that were filled
        self._came = 0  # callers so far
        self._callers: WeakKeyDictionary[object, _Caller] = WeakKeyDictionary()
        self._waiting: dict[int, _Caller] = {}  # those with rows that wait, by number
        self._rows: dict[int, tuple[Task[Any], int]] = {}  # by ticket: whose, and which job of it
        self._ended: list[Task[Any]] = []  # since the last step

    @property
    def busy(self) -> bool:
        """Whether a step would do anything."""
        return bool(self._waiting or self._rows or self._ended)

    @property
    def active(self) -> int:
        """How many rows are being decoded."""
        return self._engine.active

    @property
    def decoded(self) -> int:
        """How many pieces were decoded since the beginning."""
        return self._engine.decoded

    @property
    def waiting(self) -> int:
        """How many rows wait for a slot."""
        return sum(caller.waiting for caller in self._waiting.values())

    @property
    def callers(self) -> int:
        """How many callers have rows that wait."""
        return len(self._waiting)

    @property
    def slots(self) -> int:
        """How many rows can be decoded side by side."""
        return self._engine.slots

    @torch.inference_mode()
    def start(self, composition: Composition[T], owner: object = None) -> Task[T]:
        """Begin a composition; `step` hands its task back once it has ended.

        Compositions of one owner share what one caller gets of the slots.
        """
        task = Task(composition, self._caller(owner))
        self._go_on(task)
        return task

    @torch.inference_mode()
    def step(self) -> list[Task[Any]]:
        """Decode one more piece of every row; returns the tasks that have ended since the last."""
        self._admit()
        if self._rows:
            try:
                finished = self._engine.step()
            except Exception:  # noqa: BLE001 - whatever one row's numbers may bring about
                self._find_the_culprit()
            else:
                for ticket, decoded in finished.items():
                    self._take(*self._rows.pop(ticket), decoded)
        ended, self._ended = self._ended, []
        return ended

    def cancel(self, task: Task[Any]) -> None:
        """Forget a task; its rows are not decoded any further."""
        if not task.ended:
            self._drop(task)
            task.ended = True
            task.composition.close()

    def finish(self, compositions: Sequence[Composition[T]]) -> list[T]:
        """What compositions return, in their order, all of them driven to their ends.

        Raises what the first of them that failed raised. For a composer that has no other tasks.
        """
        tasks = [self.start(composition) for composition in compositions]
        try:
            while not all(task.ended for task in tasks):
                self.step()
        finally:
            for task in tasks:
                self.cancel(task)
        self._ended.clear()
        return [task.result() for task in tasks]

    def _go_on(self, task: Task[Any]) -> None:
        """Send a composition what it waited for, until it wants rows again or ends."""
        try:
            if not task.begun:
                task.begun, task.jobs = True, next(task.composition)
            while len(task.decoded) == len(task.jobs):
                decoded = [task.decoded[place] for place in range(len(task.jobs))]
                task.jobs, task.decoded = task.composition.send(decoded), {}
        except StopIteration as end:
            task.succeed(end.value)
        except Exception as error:  # noqa: BLE001 - handed to the one who asked
            task.fail(error)
        if task.ended:
            self._ended.append(task)
        else:
            task.waiting.extend(range(len(task.jobs)))
            self._queue(task)

    def _admit(self) -> None:
        """Fill the engine's free slots with rows that wait."""
        places, now = [], time.monotonic()
        for _ in range(self._engine.free):
            if not self._waiting:
                break
            caller = self._next()
            task = caller.tasks[0]
            task.entered = task.entered or now
            places.append((task, task.waiting.popleft()))
            if not task.waiting:
                self._unqueue(task)
        if not places:
            return
        try:
            tickets = self._engine.admit([task.jobs[place] for task, place in places])
        except Exception:  # noqa: BLE001 - as above
            self._admit_singly(places)
        else:
            self._rows.update(zip(tickets, places, strict=True))

    def _next(self) -> _Caller:
        """The caller who came first, or in the next turn the one with the fewest rows waiting."""
        self._turn += 1
        if self._turn % 2:
            return self._waiting[min(self._waiting)]
        return min(self._waiting.values(), key=lambda caller: (caller.waiting, caller.number))

    def _caller(self, owner: object) -> _Caller:
        known = None if owner is None else self._callers.get(owner)
        if known is None:
            self._came += 1
            known = _Caller(self._came)
            if owner is not None:
                self._callers[owner] = known
        return known

    def _queue(self, task: Task[Any]) -> None:
        task.caller.tasks.append(task)
        self._waiting[task.caller.number] = task.caller

    def _unqueue(self, task: Task[Any]) -> None:
        caller = task.caller
        if task in caller.tasks:
            caller.tasks.remove(task)
        if not caller.tasks:
            self._waiting.pop(caller.number, None)

    def _admit_singly(self, places: Sequence[tuple[Task[Any], int]]) -> None:
        for task, place in places:
            if task.ended:
                continue
            try:
                (ticket,) = self._engine.admit([task.jobs[place]])
            except Exception as error:  # noqa: BLE001 - as above
                self._fail(task, error)
            else:
                self._rows[ticket] = (task, place)

    def _find_the_culprit(self) -> None:
        """A step has failed: decode the rows of each task by themselves, from their beginning."""
        begun, self._rows = self._rows, {}
        self._engine.cancel(list(begun))
        places: dict[Task[Any], list[int]] = {}
        for task, place in begun.values():
            places.setdefault(task, []).append(place)
        for task, own in places.items():
            try:
                decoded = self._engine.decode([task.jobs[place] for place in own])
            except Exception as error:  # noqa: BLE001 - as above
                self._fail(task, error)
                continue
            for place, row in zip(own, decoded, strict=True):
                self._take(task, place, row)

    def _take(self, task: Task[Any], place: int, decoded: Decoded) -> None:
        task.decoded[place] = decoded
        if len(task.decoded) == len(task.jobs):
            self._go_on(task)

    def _fail(self, task: Task[Any], error: Exception) -> None:
        self._drop(task)
        task.fail(error)
        self._ended.append(task)

    def _drop(self, task: Task[Any]) -> None:
        """Take a task's rows out of the engine and out of the queue."""
        tickets = [ticket for ticket, (owner, _) in self._rows.items() if owner is task]
        self._engine.cancel(tickets)
        for ticket in tickets:
            del self._rows[ticket]
        task.waiting.clear()
        self._unqueue(task)
