"""Products of rows with the decoder's matrices, and its table of pieces, in three precisions.

In float32 and bfloat16 they go through torch's kernels at heights that agree bit by bit
(`model.rowwise`); sums are of float32 either way, those of bfloat16 then rounded. In int8 every row
of a matrix has a scale of its own and so has every row that it is multiplied with (symmetric
quantisation, as in Jacob et al. 2018); sums are of whole numbers, so they are exact at any height.
"""

from typing import Protocol

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own habit
from torch import Tensor

from model.rowwise import Rowwise

_LEVELS = 127  # of int8 on either side of zero


class Product(Protocol):
    """Rows times the transpose of a matrix (out, in), and something added."""

    def __call__(self, rows: Tensor, added: Tensor) -> Tensor:
        """(rows, in) to (rows, out), all float32; `added` is (out,) or (rows, out)."""


class Table(Protocol):
    """Rows of numbers to be looked up."""

    def add(self, total: Tensor, places: Tensor) -> Tensor:
        """Add the rows at places, (rows,), to `total` (rows, width), in place; returns it."""


def product(weight: Tensor, precision: torch.dtype, *, bounded: bool = False) -> Product:
    """The product with `weight` (out, in).

    `bounded` promises that no value of any row is beyond 1: in int8 rows then need no scales.
    """
    if precision == torch.int8:
        return _Whole(weight, bounded=bounded)
    return _Floats(weight, precision)


def table(values: Tensor, precision: torch.dtype) -> Table:
    """The rows of `values` (places, width)."""
    return _WholeTable(values) if precision == torch.int8 else _FloatTable(values.to(precision))


class _Floats:
    """A product in a precision of floating point."""

    def __init__(self, weight: Tensor, precision: torch.dtype) -> None:
        matrix = weight.to(precision).T.contiguous()  # a tenth faster than transposed
        self._precision = precision
        self._rowwise = Rowwise(
            lambda rows: rows @ matrix,
            weight.shape[1],
            dtype=precision,
            device=weight.device,
        )

    def __call__(self, rows: Tensor, added: Tensor) -> Tensor:
        return self._rowwise(rows.to(self._precision)) + added


class _Whole:
    """A product of whole numbers, scaled."""

    def __init__(self, weight: Tensor, *, bounded: bool) -> None:
        whole, scale = _whole(weight)
        self._matrix = whole.T
        self._scale = scale[:, 0] / _LEVELS if bounded else scale[:, 0]
        self._bounded = bounded

    def __call__(self, rows: Tensor, added: Tensor) -> Tensor:
        if not self._bounded:
            whole, scale = _whole(rows)
            return (multiplied(whole, self._matrix) * self._scale).mul_(scale).add_(added)
        whole = (rows * _LEVELS).round_().to(torch.int8)
        # In one pass: each takes a tenth of the product's time.
        return torch.addcmul(added, multiplied(whole, self._matrix), self._scale)


class _FloatTable:
    """Rows in a precision of floating point."""

    def __init__(self, rows: Tensor) -> None:
        self._rows = rows

    def add(self, total: Tensor, places: Tensor) -> Tensor:
        return total.add_(F.embedding(places, self._rows))


class _WholeTable:
    """Rows of whole numbers, scaled."""

    def __init__(self, rows: Tensor) -> None:
        self._rows, self._scale = _whole(rows)

    def add(self, total: Tensor, places: Tensor) -> Tensor:
        return total.addcmul_(F.embedding(places, self._rows), self._scale[places])


def multiplied(rows: Tensor, matrix: Tensor) -> Tensor:
    """The product of two matrices of int8, in int32; the second is best a transposed one."""
    # What torch's own libraries for quantised models call; it has no name without the underscore.
    return torch._int_mm(rows, matrix)  # noqa: SLF001


def _whole(values: Tensor) -> tuple[Tensor, Tensor]:
    """Values in int8, and by how much each row (rows, 1) is to be multiplied."""
    scale = (values.abs().amax(1, keepdim=True) / _LEVELS).clamp_(min=torch.finfo().tiny)
    return (values / scale).round_().to(torch.int8), scale
