"""The slots of the engine: what a step reads and writes of each row, in two matrices."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from model.steps import Steps
from model.tokenizer import PAD


class Row(NamedTuple):
    """What a step reads and writes of slots: floats first, then integers."""

    hidden: Tensor  # (rows, decoder)
    cell: Tensor  # (rows, decoder)
    gates: Tensor  # (rows, 4 * decoder): the share of z and a in the gates
    output: Tensor  # (rows, embedding): the share of z and a in the output
    temperature: Tensor  # (rows, 1)
    top_p: Tensor  # (rows, 1)
    noise: Tensor  # (rows, longest + 1): what decides each of the draws
    states: Tensor  # (rows, decoder): the sum of the hidden states so far
    log_probs: Tensor  # (rows, longest + 1): of what was said
    token: Tensor  # (rows, 1): the last piece
    step: Tensor  # (rows, 1): how many were said
    kind: Tensor  # (rows, 1): the number of its `Kind`
    lowest: Tensor  # (rows, 1): the rank of the least likely piece that may be drawn
    last: Tensor  # (rows, 1): after how many pieces the row ends at the latest
    forbidden: Tensor  # (rows, any): pieces that may not be said, filled up with PAD
    said: Tensor  # (rows, longest + 1): was said or is to be read; PAD where it is to be drawn


class Outcome(NamedTuple):
    """What has become of rows, on the CPU; columns as in `Row`."""

    states: Tensor
    log_probs: Tensor
    step: Tensor
    said: Tensor


class Rows:
    """All slots, in a matrix of floats and one of integers: moving a row is two copies.

    Sentences have one column to spare, where those that have ended may go on without harm: a step
    may thus be taken by more slots than are in use.
    """

    def __init__(self, slots: int, steps: Steps) -> None:
        self._slots, self._steps = slots, steps
        self._columns = self._forbidden = 0  # of sentences and of forbidden pieces
        self._all: Row | None = None
        self._parts: dict[int, Row] = {}  # of it, by the number of slots
        self.floats = self.integers = torch.zeros(0, 0)

    def widen(self, longest: int, forbidden: int) -> None:
        """Make room for sentences of so many pieces and for so many forbidden ones.

        For that all slots may move to other memory: `floats` and `integers` are then new.
        """
        if longest < self._columns and forbidden <= self._forbidden:
            return
        columns, forbidden = max(longest + 1, self._columns), max(forbidden, self._forbidden)
        width = self._steps.width
        floats = [width, width, 4 * width, self._steps.embedding, 1, 1, columns, width, columns]
        integers = [1, 1, 1, 1, 1, forbidden, columns]
        before, device = self._all, self._steps.device
        self.floats = torch.zeros(self._slots, sum(floats), device=device)
        self.integers = torch.full(
            (self._slots, sum(integers)), PAD, dtype=torch.int64, device=device
        )
        self._all = Row(
            *torch.split(self.floats, floats, dim=1),
            *torch.split(self.integers, integers, dim=1),
        )
        for new, old in zip(self._all, before or (), strict=False):
            new[:, : old.shape[1]] = old
        self._columns, self._forbidden = columns, forbidden
        self._parts.clear()

    @property
    def columns(self) -> int:
        """How many pieces there is room for."""
        return self._columns

    def first(self, count: int) -> Row:
        """The first slots, in place; there must be room for them."""
        if count not in self._parts:
            assert self._all is not None
            self._parts[count] = Row(*(values[:count] for values in self._all))
        return self._parts[count]

    def write(
        self,
        first: int,
        begun: Tensor,
        sampling: Tensor,
        integers: Sequence[Sequence[int]],
        said: Sequence[Sequence[int]],
    ) -> None:
        """Fill slots from one on.

        Args:
            first: the first of them.
            begun: (rows, any), the columns of floats up to `output`.
            sampling: (rows, any), the columns of floats after these, up to `noise`.
            integers: the columns of integers up to the last forbidden piece that is there.
            said: what is to be read; empty where a row draws.
        """
        floats = self.floats[first : first + len(begun)]
        begins, samples = begun.shape[1], sampling.shape[1]
        floats[:, :begins] = begun
        floats[:, begins : begins + samples] = sampling
        floats[:, begins + samples :] = 0.0
        # Through NumPy, which takes rows of unequal length in without a list of all their columns.
        whole = np.full((len(begun), self.integers.shape[1]), PAD)
        for row, known, ids in zip(whole, integers, said, strict=True):
            row[: len(known)] = known
            if ids:
                row[-self._columns :][: len(ids)] = ids
        self.integers[first : first + len(begun)] = torch.from_numpy(whole)

    def read(self, where: Sequence[int]) -> Outcome:
        """What has become of rows."""
        index = torch.tensor(where, device=self._steps.device)
        floats = self.floats[:, -self._columns - self._steps.width :][index].cpu()
        integers = self.integers[index].cpu()
        states, log_probs = torch.split(floats, [self._steps.width, self._columns], dim=1)
        return Outcome(states, log_probs, integers[:, 1:2], integers[:, -self._columns :])

    def move(self, here: Sequence[int], there: Sequence[int]) -> None:
        """Copy rows into other slots."""
        source, target = (torch.tensor(rows, device=self._steps.device) for rows in (here, there))
        self.floats[target] = self.floats[source]
        self.integers[target] = self.integers[source]
