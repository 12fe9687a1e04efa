"""Matrix products on a fixed number of rows.

A product of 5 rows and one of 8 may sum in different orders and round differently. Where the same
input must give the same bits whatever stands beside it, rows go through in blocks of one height,
the last one padded.
"""

from collections.abc import Callable

import torch
from torch import Tensor

CPU_BLOCK, GPU_BLOCK = 8, 256  # rows


def block_for(device: torch.device) -> int:
    """The height that suits a device: small products keep one CPU core busy, not a GPU."""
    return CPU_BLOCK if device.type == "cpu" else GPU_BLOCK


def padded(values: Tensor, rows: int) -> Tensor:
    """Rows of zeros added below until there are `rows` of them."""
    missing = rows - values.shape[0]
    if missing == 0:
        return values
    return torch.cat([values, values.new_zeros(missing, *values.shape[1:])])


def blockwise(function: Callable[..., Tensor], block: int, *inputs: Tensor) -> Tensor:
    """Apply a row-wise function to inputs of as many rows each, in blocks of one height."""
    count = inputs[0].shape[0]
    if count == block:
        return function(*inputs)
    parts = [
        function(*(padded(values[start : start + block], block) for values in inputs))
        for start in range(0, count, block)
    ]
    return torch.cat(parts)[:count]
