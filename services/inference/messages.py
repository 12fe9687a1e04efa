"""What the service and its writer's process say to each other, pickled, over a socket pair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from model.composing import Composition
    from model.facts import Facts
    from services.inference.backlog import Timed
    from services.inference.batcher import SentenceWriter
    from services.inference.executor import Load
    from services.inference.settings import InferenceSettings


@dataclass(frozen=True)
class Begin:
    """To the writer, first of all."""

    settings: InferenceSettings
    load: Load  # a function of a module, which pickles as its name


@dataclass(frozen=True)
class Order:
    """A job that is to be done."""

    number: int
    owner: int
    compose: Callable[[SentenceWriter], Composition[Any]]
    tokens: int
    arrived: float  # by time.monotonic, which is one clock for the whole machine


@dataclass(frozen=True)
class Orders:
    """To the writer: jobs to do, and the numbers of those that nobody waits for any more."""

    orders: list[Order]
    withdrawn: list[int]


@dataclass(frozen=True)
class Reload:
    """To the writer: load anew."""


@dataclass(frozen=True)
class Stop:
    """To the writer: do what is queued, and end."""

    patience: float  # seconds


@dataclass(frozen=True)
class State:
    """From the writer, when it has changed."""

    missing: str | None
    loading: bool
    facts: Facts | None


@dataclass(frozen=True)
class Progress:
    """From the writer: what came of jobs, by number, and the steps since the last such message."""

    outcomes: list[tuple[int, Timed[Any] | Exception]]
    steps: list[int]  # rows of each
    rows: int  # that are being decoded
    waiting: int  # jobs not begun
    token_seconds: float  # how long a token takes; 0 before anything was measured


@dataclass(frozen=True)
class Reloaded:
    """From the writer: the new one has taken over, or what its loading raised."""

    outcome: Facts | Exception
