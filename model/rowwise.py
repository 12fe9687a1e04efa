"""Functions of rows, each row of which comes out the same whatever stands beside it, bit by bit.

A matrix product of 5 rows and one of 64 may sum in different orders and round differently, and one
rounding can change a word. At which heights products agree depends on the machine's kernels and on
the shapes, not on the numbers, so it is tried once, on random rows. Rows then go through padded to
the next height that agrees with the one of reference; where none does, in blocks of that one.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

CPU_HEIGHTS = (8, 4, 16, 24, 32, 48, 64, 96, 128)  # rows; the first is the one of reference
GPU_HEIGHTS = (256, 64, 128, 512, 1024, 2048)  # a GPU is hardly slower for 256 rows than for one


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
        self.heights = sorted(self._agreeing(tried, samples))

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
        while start < count:
            fitting = bisect_left(self.heights, count - start)
            height = self.heights[min(fitting, len(self.heights) - 1)]
            yield start, height
            start += height

    def _agreeing(self, tried: tuple[int, ...], samples: list[Tensor]) -> Iterator[int]:
        expected = self._in_blocks(tried[0], samples)
        yield tried[0]
        for height in tried[1:]:
            rows = self._in_blocks(height, samples)
            if torch.equal(rows, expected[: len(rows)]):
                yield height

    @torch.inference_mode()
    def _in_blocks(self, height: int, samples: list[Tensor]) -> Tensor:
        """What the whole blocks of one height come to, the first from the first row on."""
        blocks = (
            self._function(*(values[start : start + height] for values in samples))
            for start in range(0, len(samples[0]) - height + 1, height)
        )
        return torch.cat(list(blocks))


def _padded(values: Tensor, rows: int) -> Tensor:
    """Rows of zeros added below until there are `rows` of them."""
    missing = rows - values.shape[0]
    if missing == 0:
        return values
    return torch.cat([values, values.new_zeros(missing, *values.shape[1:])])
