"""Piece ids in, piece ids out: step-wise batched decoding over slots.

- A recurrent decoder holds O(1) state a row, so rows join at any step and leave when they end, and
  `step` moves all of them forward by one piece. Rows stand together: where one leaves, the last one
  takes its slot, and a step costs what the rows cost that are there.
- A row either draws its pieces or reads a sentence that is there already (teacher forcing); both
  go through the same products, so judging sentences fills the batches that others are drawn in.
- A row's pieces depend on its own job alone. Noise is counter-based (`model.sampling`), products
  run at heights that agree bit by bit (`model.rowwise`), and all else treats each row by itself.
- The log-probability reported with a piece is the model's own, before temperature, truncation and
  forbidden pieces, so reading the finished row again gives the same number.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice

import torch
from torch import Tensor

from model.advance import Advance, Replay
from model.cvae import CVAE
from model.request import WIDEST
from model.rows import Rows
from model.sampling import Kind, noise
from model.steps import Steps
from model.tokenizer import BOS, EOS, PAD

SLOTS = 128  # rows that are decoded at a time
_COLDEST = 1e-4  # temperature, which scores are divided by


@dataclass(frozen=True)
class Job:
    """One row to decode."""

    z: Tensor  # (latent,)
    a: Tensor  # (condition,)
    seed: int = 0
    temperature: float = 1.0
    top_k: int = 0  # 0: no limit
    top_p: float = 1.0  # 1: no limit
    longest: int = 48  # pieces, the end counted
    forbidden: tuple[int, ...] = ()  # pieces that may not be said
    said: tuple[int, ...] | None = None  # the pieces to read, if they are not to be drawn


@dataclass(frozen=True)
class Decoded:
    """A finished row."""

    ids: tuple[int, ...]  # without BOS and EOS
    log_probs: tuple[float, ...]  # of each id, and of EOS last if the row ended by itself
    ended: bool  # whether it ended by itself rather than at `longest`
    state: Tensor = field(compare=False)  # (decoder,): the mean of the LSTM's states


class Engine:
    """Decodes rows of one CVAE. Not for use by two threads at once."""

    def __init__(
        self, model: CVAE, precision: torch.dtype = torch.float32, slots: int = SLOTS
    ) -> None:
        self.steps = Steps(model.eval(), precision)
        self.slots = slots
        self.decoded = 0  # pieces since the beginning
        self._device = model.bias.device
        self._vocabulary = model.config.vocabulary
        self._tickets: list[int] = []  # of each row, in the order of the slots
        self._kinds: list[Kind] = []  # likewise
        self._counts = Counter[Kind]()
        self._next_ticket = 0
        self._rows = Rows(slots, self.steps)
        self._advance = (
            Replay(self.steps, self._rows, slots)
            if self._device.type == "cuda"
            else Advance(self.steps, self._rows)
        )

    @property
    def active(self) -> int:
        """How many rows are being decoded."""
        return len(self._tickets)

    @property
    def free(self) -> int:
        """How many rows may be admitted."""
        return self.slots - len(self._tickets)

    @torch.inference_mode()
    def admit(self, jobs: Sequence[Job]) -> list[int]:
        """Take rows in, `free` at most; each gets a ticket under which `step` hands it back."""
        if len(jobs) > self.free:
            message = f"{len(jobs)} rows do not fit into {self.free} free slots"
            raise ValueError(message)
        tickets = list(range(self._next_ticket, self._next_ticket + len(jobs)))
        if jobs:
            self._write(jobs, self.active)
            self._next_ticket += len(jobs)
            self._tickets += tickets
            kinds = [_kind(job) for job in jobs]
            self._kinds += kinds
            self._counts.update(kinds)
        return tickets

    @torch.inference_mode()
    def step(self) -> dict[int, Decoded]:
        """Decode one more piece of every row; returns the rows that this finished."""
        count = self.active
        if not count:
            return {}
        done = self._advance(count, {kind for kind, rows in self._counts.items() if rows})
        self.decoded += count
        ended: list[int] = done.nonzero()[:, 0].tolist()
        if not ended:
            return {}
        finished = dict(zip([self._tickets[i] for i in ended], self._read(ended), strict=True))
        self._leave(ended)
        return finished

    @torch.inference_mode()
    def cancel(self, tickets: Iterable[int]) -> None:
        """Drop rows that nobody waits for any more; unknown tickets are ignored."""
        unwanted = set(tickets)
        self._leave([i for i, ticket in enumerate(self._tickets) if ticket in unwanted])

    def decode(self, jobs: Sequence[Job]) -> list[Decoded]:
        """Decode any number of rows to their ends, in order. The engine must be idle."""
        waiting, tickets = iter(jobs), list[int]()
        finished: dict[int, Decoded] = {}
        try:
            while len(finished) < len(jobs):
                tickets += self.admit(list(islice(waiting, self.free)))
                finished |= self.step()
        finally:
            self.cancel(tickets)
        return [finished[ticket] for ticket in tickets]

    def _write(self, jobs: Sequence[Job], first: int) -> None:
        """Put jobs into the slots from `first` on."""
        forbidden = [(PAD, BOS, *job.forbidden) for job in jobs]
        told = [() if job.said is None else (*job.said, EOS) for job in jobs]
        last = [len(ids) or job.longest for job, ids in zip(jobs, told, strict=True)]
        self._rows.widen(max(last), max(map(len, forbidden)))
        both = torch.stack([job.z for job in jobs]), torch.stack([job.a for job in jobs])
        self._rows.write(
            first,
            self.steps.start(torch.cat(both, dim=1).to(self._device)),
            sampling=self._sampling(jobs),
            integers=[
                (BOS, 0, _kind(job).value, self._lowest(job), last[i], *forbidden[i])
                for i, job in enumerate(jobs)
            ],
            said=told,
        )

    def _sampling(self, jobs: Sequence[Job]) -> Tensor:
        """Temperature, top-p and noise of each row."""
        limits = torch.tensor([(max(job.temperature, _COLDEST), job.top_p) for job in jobs])
        numbers = noise(torch.tensor([job.seed for job in jobs]), self._rows.columns)
        return torch.cat([limits, numbers], dim=1)

    def _lowest(self, job: Job) -> int:
        """The rank of the least likely piece that a row may draw, if it has limits."""
        return min(job.top_k or WIDEST, WIDEST, self._vocabulary) - 1

    def _read(self, where: Sequence[int]) -> list[Decoded]:
        """What became of rows."""
        states, log_probs, steps, said = self._rows.read(where)
        rows = zip(
            said.tolist(), log_probs.tolist(), steps[:, 0].tolist(), states / steps, strict=True
        )
        return [
            Decoded(
                ids=tuple(ids[: count - (ids[count - 1] == EOS)]),
                log_probs=tuple(scores[:count]),
                ended=ids[count - 1] == EOS,
                state=state,
            )
            for ids, scores, count, state in rows
        ]

    def _leave(self, where: Sequence[int]) -> None:
        """Free slots, filling them with the last rows."""
        left = self.active - len(where)
        gone = set(where)
        self._counts.subtract(self._kinds[i] for i in where)
        holes = [i for i in where if i < left]
        movers = [i for i in range(left, self.active) if i not in gone]
        if holes:
            self._rows.move(movers, holes)
        for hole, mover in zip(holes, movers, strict=True):
            self._tickets[hole] = self._tickets[mover]
            self._kinds[hole] = self._kinds[mover]
        del self._tickets[left:], self._kinds[left:]


def _kind(job: Job) -> Kind:
    if job.said is not None:
        return Kind.READ
    if job.temperature == 0:
        return Kind.GREEDY
    return Kind.LIMITED if job.top_k > 0 or job.top_p < 1.0 else Kind.DRAWN
