"""Functions of rows, each row of which comes out the same whatever stands beside it, bit by bit.

A matrix product of 5 rows and one of 64 may sum in different orders and round differently, and one
rounding can change a word. At which heights products agree depends on the machine's kernels and on
the shapes, not on the numbers, so it is tried once, on random rows. Of the heights that agree among
themselves those are kept that do any number of rows with the least work; rows go through padded to
the next of these, or in blocks where there are more.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

CPU_HEIGHTS = (4, 8, 16, 24, 32, 48, 64, 96, 128)  # rows
GPU_HEIGHTS = (64, 128, 256, 512, 1024, 2048)  # a GPU is hardly slower for 64 rows than for one

# What a product costs beside its rows, as so many times the rows of the least height.
_OVERHEAD = 16


class Rowwise:
    """A function of rows, safe to call on any number of them."""

    def __init__(
        self,
        function: Callable[..., Tensor],
        *widths: int,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> None:
        """Try the function, whose inputs are (rows, width) for each width, at several heights."""
        self._function = function
        device = torch.device(device)
        tried = CPU_HEIGHTS if device.type == "cpu" else GPU_HEIGHTS
        generator = torch.Generator().manual_seed(0)
        samples = [
            torch.randn(max(tried), width, generator=generator).to(device, dtype)
            for width in widths
        ]
        self.heights = least_work(self._agreeing(tried, samples))

    def __call__(self, *inputs: Tensor) -> Tensor:
        count = inputs[0].shape[0]
        if count in self.heights:
            return self._function(*inputs)
        parts = [
            self._function(*(_padded(values[start : start + height], height) for values in inputs))
            for start, height in self._blocks(count)
        ]
        return torch.cat(parts)[:count] if len(parts) > 1 else parts[0][:count]

    def _blocks(self, count: int) -> Iterator[tuple[int, int]]:
        """Where the blocks of so many rows start, and how high they are."""
        start = 0
        for height in blocks(self.heights, count):
            yield start, height
            start += height

    def _agreeing(self, tried: Sequence[int], samples: list[Tensor]) -> list[list[int]]:
        """The heights, those together whose rows are the same."""
        groups: list[list[int]] = []
        firsts: list[Tensor] = []  # rows of each group's first height
        for height in tried:
            rows = self._in_blocks(height, samples)
            for group, first in zip(groups, firsts, strict=True):
                both = min(len(rows), len(first))
                if torch.equal(rows[:both], first[:both]):
                    group.append(height)
                    break
            else:
                groups.append([height])
                firsts.append(rows)
        return groups

    @torch.inference_mode()
    def _in_blocks(self, height: int, samples: list[Tensor]) -> Tensor:
        """What the whole blocks of one height come to, the first from the first row on."""
        blocks = (
            self._function(*(values[start : start + height] for values in samples))
            for start in range(0, len(samples[0]) - height + 1, height)
        )
        return torch.cat(list(blocks))


def blocks(heights: Sequence[int], count: int) -> Iterator[int]:
    """How high the blocks are in which so many rows go through; heights rise."""
    while count > 0:
        height = heights[min(bisect_left(heights, count), len(heights) - 1)]
        yield height
        count -= height


def least_work(groups: Sequence[list[int]]) -> list[int]:
    """The group of heights that does one row, and as many as each height has, with least work."""
    every = sorted(height for group in groups for height in group)
    overhead = _OVERHEAD * every[0]

    def work(group: list[int]) -> int:
        return sum(overhead + height for count in (1, *every) for height in blocks(group, count))

    costs = [work(group) for group in groups]
    return groups[costs.index(min(costs))]


def _padded(values: Tensor, rows: int) -> Tensor:
    """Rows of zeros added below until there are `rows` of them."""
    missing = rows - values.shape[0]
    if missing == 0:
        return values
    return torch.cat([values, values.new_zeros(missing, *values.shape[1:])])
