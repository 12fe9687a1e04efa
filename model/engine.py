"""Piece ids in, piece ids out: step-wise batched decoding.

- A recurrent decoder holds O(1) state a row, so rows join at any step and leave when they end; the
  engine is a set of rows that `step` moves forward by one piece.
- A row's pieces depend on its own job alone. Noise is counter-based (`model.sampling`), and every
  matrix product runs on blocks of a fixed number of rows, padded where rows are missing: products
  of different heights may round differently, and one rounding can change a word. What is not a
  product treats each row by itself at any height (`model.steps`).
- Rows go through a step in chunks whose scores fit the processor's cache.
- The log-probability reported with a piece is the model's own, before temperature, truncation and
  forbidden pieces, so scoring the finished row again gives the same number.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own habit
from torch import Tensor

from model.blocks import block_for
from model.cvae import CVAE
from model.sampling import choose
from model.steps import Steps
from model.tokenizer import BOS, EOS, PAD

_CHUNK = 64  # rows, unless a block is higher


@dataclass(frozen=True)
class Job:
    """One row to decode."""

    z: Tensor  # (latent,)
    a: Tensor  # (condition,)
    seed: int
    temperature: float = 1.0
    top_k: int = 0  # 0: no limit
    top_p: float = 1.0  # 1: no limit
    longest: int = 48  # pieces, the end not counted
    forbidden: tuple[int, ...] = ()  # pieces that may not be said


@dataclass(frozen=True)
class Decoded:
    """A finished row."""

    ids: tuple[int, ...]  # without BOS and EOS
    log_probs: tuple[float, ...]  # of each id, and of EOS last if the row ended by itself
    ended: bool  # whether it ended by itself rather than at `longest`


@dataclass
class _Row:
    ticket: int
    longest: int
    ids: list[int] = field(default_factory=list)
    log_probs: list[float] = field(default_factory=list)


class _State(NamedTuple):
    """What a step reads and writes, one row each."""

    hidden: Tensor  # (rows, decoder)
    cell: Tensor  # (rows, decoder)
    gates: Tensor  # (rows, 4 * decoder): the share of z and a in the gates
    output: Tensor  # (rows, embedding): the share of z and a in the output
    token: Tensor  # (rows,)
    step: Tensor  # (rows,)
    seed: Tensor  # (rows,)
    temperature: Tensor  # (rows,)
    top_k: Tensor  # (rows,)
    top_p: Tensor  # (rows,)
    forbidden: Tensor  # (rows, any): pieces that may not be said, filled up with PAD


class Engine:
    """Decodes rows of one CVAE. Not for use by two threads at once."""

    def __init__(self, model: CVAE, block: int | None = None) -> None:
        self._device = model.bias.device
        self._block = block or block_for(self._device)
        self.steps = Steps(model.eval(), self._block)
        self._rows: list[_Row] = []
        self._state: _State | None = None
        self._next_ticket = 0

    @property
    def active(self) -> int:
        """How many rows are being decoded."""
        return len(self._rows)

    @torch.inference_mode()
    def admit(self, jobs: Sequence[Job]) -> list[int]:
        """Take rows in; each gets a ticket under which `step` will hand it back."""
        tickets = list(range(self._next_ticket, self._next_ticket + len(jobs)))
        self._next_ticket += len(jobs)
        if not jobs:
            return tickets
        fresh = self._first_state(jobs)
        self._rows += [_Row(t, job.longest) for t, job in zip(tickets, jobs, strict=True)]
        self._state = fresh if self._state is None else _joined(self._state, fresh)
        return tickets

    @torch.inference_mode()
    def step(self) -> dict[int, Decoded]:
        """Decode one more piece of every row; returns the rows that this finished."""
        if self._state is None:
            return {}
        state, height = self._state, max(self._block, _CHUNK)
        chunks = [
            self._step_rows(_State(*(values[start : start + height] for values in state)))
            for start in range(0, len(self._rows), height)
        ]
        hidden, cell, token, log_prob = (torch.cat(parts) for parts in zip(*chunks, strict=True))
        self._state = state._replace(hidden=hidden, cell=cell, token=token, step=state.step + 1)
        return self._collect(token.tolist(), log_prob.tolist())

    def cancel(self, tickets: Sequence[int]) -> None:
        """Drop rows that nobody waits for any more; unknown tickets are ignored."""
        unwanted = set(tickets)
        self._keep([i for i, row in enumerate(self._rows) if row.ticket not in unwanted])

    def decode(self, jobs: Sequence[Job]) -> list[Decoded]:
        """Decode rows to their ends, in order. The engine must be idle."""
        tickets = self.admit(jobs)
        finished: dict[int, Decoded] = {}
        while self.active:
            finished |= self.step()
        return [finished[ticket] for ticket in tickets]

    def _first_state(self, jobs: Sequence[Job]) -> _State:
        context = torch.stack([torch.cat([job.z, job.a]) for job in jobs]).to(self._device)
        start = self.steps.start(context)
        forbidden = [(PAD, BOS, *job.forbidden) for job in jobs]
        widest = max(map(len, forbidden))
        return _State(
            **start._asdict(),
            token=self._column([BOS] * len(jobs)),
            step=self._column([0] * len(jobs)),
            seed=self._column([job.seed for job in jobs]),
            temperature=self._column([job.temperature for job in jobs], torch.float32),
            top_k=self._column([job.top_k for job in jobs]),
            top_p=self._column([job.top_p for job in jobs], torch.float32),
            forbidden=torch.tensor(
                [[*row, *[PAD] * (widest - len(row))] for row in forbidden], device=self._device
            ),
        )

    def _step_rows(self, s: _State) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """One LSTM step and one draw for some rows."""
        hidden, cell = self.steps.move(s.token, s.gates, s.hidden, s.cell)
        logits = self.steps.logits(hidden, s.output)
        token = choose(
            logits.scatter(1, s.forbidden, -torch.inf),
            temperature=s.temperature,
            top_k=s.top_k,
            top_p=s.top_p,
            seed=s.seed,
            step=s.step,
        )
        log_prob = logits.gather(1, token[:, None])[:, 0] - logits.logsumexp(1)
        return hidden, cell, token, log_prob

    def _collect(self, tokens: list[int], log_probs: list[float]) -> dict[int, Decoded]:
        finished: dict[int, Decoded] = {}
        stay = []
        for i, row in enumerate(self._rows):
            row.log_probs.append(log_probs[i])
            if tokens[i] != EOS:
                row.ids.append(tokens[i])
            if tokens[i] == EOS or len(row.ids) >= row.longest:
                finished[row.ticket] = Decoded(
                    tuple(row.ids), tuple(row.log_probs), tokens[i] == EOS
                )
            else:
                stay.append(i)
        if finished:
            self._keep(stay)
        return finished

    def _keep(self, indices: list[int]) -> None:
        self._rows = [self._rows[i] for i in indices]
        if not indices or self._state is None:
            self._state = None
            return
        where = torch.tensor(indices, device=self._device)
        self._state = _State(*(values[where] for values in self._state))

    def _column(self, values: Sequence[float], dtype: torch.dtype = torch.int64) -> Tensor:
        return torch.tensor(values, dtype=dtype, device=self._device)


def _joined(old: _State, new: _State) -> _State:
    """The rows of both, their lists of forbidden pieces made equally long."""
    widest = max(old.forbidden.shape[1], new.forbidden.shape[1])
    old, new = (
        s._replace(forbidden=F.pad(s.forbidden, (0, widest - s.forbidden.shape[1]), value=PAD))
        for s in (old, new)
    )
    return _State(*(torch.cat(both) for both in zip(old, new, strict=True)))
