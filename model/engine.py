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

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, repeat
from typing import NamedTuple

import torch
from torch import Tensor

from model.cvae import CVAE
from model.sampling import choose
from model.steps import Steps
from model.tokenizer import BOS, EOS, PAD

SLOTS = 128  # rows that are decoded at a time


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
        self._tickets: list[int] = []  # of each row, in the order of the slots
        self._next_ticket = 0
        self._rows = _Rows(slots, self.steps)

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
        return tickets

    @torch.inference_mode()
    def step(self) -> dict[int, Decoded]:
        """Decode one more piece of every row; returns the rows that this finished."""
        count = self.active
        if not count:
            return {}
        done = self._advance(count)
        self.decoded += count
        ended = done.nonzero()[:, 0].tolist()
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

    def _advance(self, count: int) -> Tensor:
        """Move the first rows on by a piece; returns which of them it finished, (rows, 1)."""
        row = self._rows.first(count)
        hidden, cell = self.steps.move(row.token[:, 0], row.gates, row.hidden, row.cell)
        logits = self.steps.logits(hidden, row.output)
        log_probs = logits.log_softmax(1)
        token = row.said.gather(1, row.step)
        drawing = (token[:, 0] == PAD).nonzero()[:, 0]
        if len(drawing) == count:
            token[:, 0] = _draw(row, log_probs)
        elif len(drawing):
            token[drawing, 0] = _draw(row, log_probs[drawing], drawing)
        row.hidden.copy_(hidden)
        row.cell.copy_(cell)
        row.states.add_(hidden)
        row.token.copy_(token)
        row.said.scatter_(1, row.step, token)
        row.log_probs.scatter_(1, row.step, log_probs.gather(1, token))
        row.step.add_(1)
        return (token == EOS) | (row.step >= row.last)

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
            [[job.temperature, job.top_p] for job in jobs],
            [
                [BOS, 0, job.seed, job.top_k, last[i], *self._rows.filled(forbidden[i], told[i])]
                for i, job in enumerate(jobs)
            ],
        )

    def _read(self, where: Sequence[int]) -> list[Decoded]:
        """What became of rows."""
        row, index = self._rows.first(self.active), torch.tensor(where, device=self._device)
        steps = row.step[index]
        counts: list[int] = steps[:, 0].tolist()
        longest = max(counts)
        said = row.said[index, :longest].tolist()
        log_probs = row.log_probs[index, :longest].tolist()
        states = (row.states[index] / steps).cpu()
        return [
            Decoded(
                ids=tuple(ids[: count - (ids[count - 1] == EOS)]),
                log_probs=tuple(scores[:count]),
                ended=ids[count - 1] == EOS,
                state=state,
            )
            for ids, scores, state, count in zip(said, log_probs, states, counts, strict=True)
        ]

    def _leave(self, where: Sequence[int]) -> None:
        """Free slots, filling them with the last rows."""
        left = self.active - len(where)
        gone = set(where)
        holes = [i for i in where if i < left]
        movers = [i for i in range(left, self.active) if i not in gone]
        if holes:
            self._rows.move(movers, holes)
        for hole, mover in zip(holes, movers, strict=True):
            self._tickets[hole] = self._tickets[mover]
        del self._tickets[left:]


class _Row(NamedTuple):
    """What a step reads and writes of slots: floats first, then integers."""

    hidden: Tensor  # (rows, decoder)
    cell: Tensor  # (rows, decoder)
    gates: Tensor  # (rows, 4 * decoder): the share of z and a in the gates
    output: Tensor  # (rows, embedding): the share of z and a in the output
    temperature: Tensor  # (rows, 1)
    top_p: Tensor  # (rows, 1)
    states: Tensor  # (rows, decoder): the sum of the hidden states so far
    log_probs: Tensor  # (rows, longest): of what was said
    token: Tensor  # (rows, 1): the last piece
    step: Tensor  # (rows, 1): how many were said
    seed: Tensor  # (rows, 1)
    top_k: Tensor  # (rows, 1)
    last: Tensor  # (rows, 1): after how many pieces the row ends at the latest
    forbidden: Tensor  # (rows, any): pieces that may not be said, filled up with PAD
    said: Tensor  # (rows, longest): what was said or is to be read; PAD where it is to be drawn


class _Rows:
    """All slots, in a matrix of floats and one of integers: moving a row is two copies."""

    def __init__(self, slots: int, steps: Steps) -> None:
        self._slots, self._steps = slots, steps
        self._longest = self._forbidden = 0
        self._floats = self._integers = torch.zeros(0, 0)
        self._all: _Row | None = None
        self._parts: dict[int, _Row] = {}  # of it, by the number of slots

    def widen(self, longest: int, forbidden: int) -> None:
        """Make room for sentences of so many pieces and for so many forbidden ones."""
        if longest <= self._longest and forbidden <= self._forbidden:
            return
        longest, forbidden = max(longest, self._longest), max(forbidden, self._forbidden)
        width = self._steps.width
        floats = [width, width, 4 * width, self._steps.embedding, 1, 1, width, longest]
        integers = [1, 1, 1, 1, 1, forbidden, longest]
        before, device = self._all, self._steps.device
        self._floats = torch.zeros(self._slots, sum(floats), device=device)
        self._integers = torch.full(
            (self._slots, sum(integers)), PAD, dtype=torch.int64, device=device
        )
        columns = (
            *torch.split(self._floats, floats, dim=1),
            *torch.split(self._integers, integers, dim=1),
        )
        self._all = _Row(*columns)
        for new, old in zip(self._all, before or (), strict=False):
            new[:, : old.shape[1]] = old
        self._longest, self._forbidden = longest, forbidden
        self._parts.clear()

    def first(self, count: int) -> _Row:
        """The first slots, in place; there must be room for them."""
        if count not in self._parts:
            assert self._all is not None
            self._parts[count] = _Row(*(values[:count] for values in self._all))
        return self._parts[count]

    def filled(self, forbidden: Sequence[int], said: Sequence[int]) -> Iterator[int]:
        """A row's forbidden pieces and what it is to read, each filled up to its columns."""
        for values, width in ((forbidden, self._forbidden), (said, self._longest)):
            yield from values
            yield from repeat(PAD, width - len(values))

    def write(
        self,
        first: int,
        begun: Tensor,
        sampling: Sequence[Sequence[float]],
        integers: Sequence[Sequence[int]],
    ) -> None:
        """Fill slots from one on: how rows begin, and the columns beside it in their order."""
        floats = self._floats[first : first + len(begun)]
        begins, samples = begun.shape[1], len(sampling[0])
        floats[:, :begins] = begun
        floats[:, begins : begins + samples] = torch.tensor(sampling)
        floats[:, begins + samples :] = 0.0
        self._integers[first : first + len(begun)] = torch.tensor(integers)

    def move(self, here: Sequence[int], there: Sequence[int]) -> None:
        """Copy rows into other slots."""
        source, target = (torch.tensor(rows, device=self._steps.device) for rows in (here, there))
        self._floats[target] = self._floats[source]
        self._integers[target] = self._integers[source]


def _draw(row: _Row, log_probs: Tensor, where: Tensor | None = None) -> Tensor:
    """The next piece of rows that draw theirs; forbids pieces in `log_probs` itself."""
    wanted = (row.forbidden, row.temperature, row.top_k, row.top_p, row.seed, row.step)
    forbidden, *others = wanted if where is None else (values[where] for values in wanted)
    temperature, top_k, top_p, seed, step = (values[:, 0] for values in others)
    return choose(
        log_probs.scatter_(1, forbidden, -torch.inf),
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        seed=seed,
        step=step,
    )
