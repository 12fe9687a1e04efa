"""All rows of the engine, one piece on: as it comes on a CPU, as a recorded graph on a GPU.

A step is some fifty small operations. A GPU does each in less time than Python takes to ask for it,
so they are recorded once (as a CUDA graph) and asked for all at a time. What is recorded can't look
at values to decide what to do: it treats a number of slots that it was recorded for, some of them
perhaps out of use, and draws for every row what it could draw. What a row becomes is the same.
"""

from bisect import bisect_left
from collections.abc import Collection, Sequence

import torch
from torch import Tensor

from model.rows import Row, Rows
from model.sampling import Kind, choose
from model.steps import Steps
from model.tokenizer import EOS, PAD

Kinds = Collection[Kind]

GRAPH_HEIGHTS = (64, 128, 256, 512, 1024, 2048)  # slots that a graph is recorded for


class Advance:
    """A step, operation by operation."""

    def __init__(self, steps: Steps, rows: Rows) -> None:
        self._steps, self._rows = steps, rows

    def __call__(self, count: int, kinds: Kinds) -> Tensor:
        """Move the first rows on by a piece; returns which of them it finished, (count,)."""
        return advance(self._steps, self._rows.first(count), kinds)


def advance(steps: Steps, row: Row, kinds: Kinds, *, everywhere: bool = False) -> Tensor:
    """Move rows on by a piece, in place; returns which of them are finished, (rows,).

    Draws for those rows that want it or, told so, for all, so that no value need be looked at.
    """
    hidden, cell = steps.move(row.token[:, 0], row.gates, row.hidden, row.cell)
    log_probs = steps.logits(hidden, row.output).log_softmax(1)
    token = row.said.gather(1, row.step)
    if everywhere:
        token = _drawn_everywhere(row, log_probs, token, kinds)
    elif kinds != {Kind.READ}:
        _draw_where_wanted(row, log_probs, token, kinds)
    row.hidden.copy_(hidden)
    row.cell.copy_(cell)
    row.states.add_(hidden)
    row.token.copy_(token)
    row.said.scatter_(1, row.step, token)
    row.log_probs.scatter_(1, row.step, log_probs.gather(1, token))
    torch.minimum(row.step + 1, row.last, out=row.step)
    return ((token == EOS) | (row.step >= row.last))[:, 0]


class Replay:
    """A step as a CUDA graph, one for each number of slots and for each mixture of kinds."""

    def __init__(self, steps: Steps, rows: Rows, slots: int) -> None:
        self._steps, self._rows = steps, rows
        self._heights = [*(height for height in GRAPH_HEIGHTS if height < slots), slots]
        self._graphs: dict[tuple[int, frozenset[Kind]], torch.cuda.CUDAGraph] = {}
        self._memory = rows.floats  # that the graphs were recorded for
        self._pool = torch.cuda.graph_pool_handle()  # one is enough: graphs run one at a time
        self._done = torch.zeros(slots, dtype=torch.bool, pin_memory=True)

    def __call__(self, count: int, kinds: Kinds) -> Tensor:
        """Move the first rows on by a piece; returns which of them it finished, (count,)."""
        if self._memory is not self._rows.floats:
            self._memory = self._rows.floats
            self._graphs.clear()
            self._pool = torch.cuda.graph_pool_handle()  # a pool ends with the last of its graphs
        height = self._heights[bisect_left(self._heights, count)]
        wanted = height, frozenset(kinds) - {Kind.READ}  # reading is part of them all
        if wanted not in self._graphs:
            self._graphs[wanted] = self._recorded(*wanted)
        self._graphs[wanted].replay()
        torch.cuda.current_stream(self._steps.device).synchronize()
        return self._done[:count]

    def _recorded(self, height: int, kinds: Kinds) -> torch.cuda.CUDAGraph:
        def step() -> None:
            done = advance(self._steps, self._rows.first(height), kinds, everywhere=True)
            self._done[:height].copy_(done, non_blocking=True)

        # What is used for the first time can't be recorded, so a step is taken, and taken back.
        kept = self._rows.floats.clone(), self._rows.integers.clone()
        beside = torch.cuda.Stream(self._steps.device)  # type: ignore[no-untyped-call]
        beside.wait_stream(torch.cuda.current_stream(self._steps.device))
        with torch.cuda.stream(beside):
            step()
        torch.cuda.current_stream(self._steps.device).wait_stream(beside)
        self._rows.floats.copy_(kept[0])
        self._rows.integers.copy_(kept[1])
        graph = torch.cuda.CUDAGraph()
        # Other threads may use the GPU meanwhile: a bundle may be loading.
        with torch.cuda.graph(graph, self._pool, capture_error_mode="thread_local"):
            step()
        return graph


def _draw_where_wanted(row: Row, log_probs: Tensor, token: Tensor, kinds: Kinds) -> None:
    """Put pieces into `token` where none is; forbids pieces in `log_probs` itself."""
    if Kind.READ not in kinds:
        token[:, 0] = _drawn(_wants(row), log_probs, kinds)
        return
    where = (token[:, 0] == PAD).nonzero()[:, 0]
    token[where, 0] = _drawn([values[where] for values in _wants(row)], log_probs[where], kinds)


def _drawn_everywhere(row: Row, log_probs: Tensor, token: Tensor, kinds: Kinds) -> Tensor:
    """`token`, with pieces where none is."""
    if not set(kinds) - {Kind.READ}:
        return token
    drawn = _drawn(_wants(row), log_probs.clone(), kinds)
    return torch.where(token == PAD, drawn[:, None], token)


def _wants(row: Row) -> Sequence[Tensor]:
    number = row.noise.gather(1, row.step)
    return row.forbidden, row.kind, row.temperature, row.top_p, row.lowest, number


def _drawn(wants: Sequence[Tensor], log_probs: Tensor, kinds: Kinds) -> Tensor:
    """The next piece of rows that draw theirs; forbids pieces in `log_probs` itself."""
    forbidden, *others = wants
    kind, temperature, top_p, lowest, number = (values[:, 0] for values in others)
    return choose(
        log_probs.scatter_(1, forbidden, -torch.inf),
        kinds,
        kind=kind,
        temperature=temperature,
        top_p=top_p,
        lowest=lowest,
        number=number,
    )
