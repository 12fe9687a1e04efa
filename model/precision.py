"""In which precision a machine multiplies fastest: on a CPU only a trial tells."""

import time
from functools import cache

import torch
from torch import Tensor

_TRIAL, _TRIALS = 256, 12  # rows of the matrices that decide, and products of each
_MARGIN = 1.3  # by which bfloat16 must be faster, so that one machine always decides alike


def fastest(device: torch.device) -> torch.dtype:
    """bfloat16 where the device is faster in it, or else float32."""
    if device.type == "cuda":
        pays = torch.cuda.is_bf16_supported()
    else:
        pays = device.type == "cpu" and bf16_pays()
    return torch.bfloat16 if pays else torch.float32


@cache
def bf16_pays() -> bool:
    """Whether this machine's CPU multiplies faster in bfloat16 than in single precision.

    Without the instructions for it a CPU is a hundred times slower, and may have no LSTM at all.
    """
    single = torch.ones(_TRIAL, _TRIAL)  # no random draw: a training counts on its own
    half = single.bfloat16()
    # In turn, and the fastest of many: other work on the machine then slows both or neither.
    spans = [(_trial(half), _trial(single)) for _ in range(_TRIALS)]
    return _MARGIN * min(half for half, _ in spans) < min(single for _, single in spans)


def _trial(matrix: Tensor) -> float:
    """Seconds of a product."""
    began = time.perf_counter()
    torch.mm(matrix, matrix)
    return time.perf_counter() - began
