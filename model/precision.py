"""In which precision a machine multiplies fastest: on a CPU only a trial tells."""

import time
from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor

from model.errors import PrecisionError
from model.products import multiplied

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "int8": torch.int8}

_TRIAL, _TRIALS = 256, 12  # rows of the matrices that decide, and products of each
_STEP = 64, 512, 2048  # rows, inputs and outputs of a product as a step of the decoder has them
_HOPELESS = 4.0  # times the span of another precision after which no more is tried
_MARGIN = 1.3  # by which the lower must be faster, so that one machine always decides alike


def chosen(name: str | None, device: torch.device) -> torch.dtype:
    """The precision of that name or, of None, the one in which the decoder is fastest.

    Raises:
        PrecisionError: the device can't compute in it.
    """
    if name is None:
        return torch.int8 if device.type == "cpu" and int8_pays() else fastest(device)
    if name == "int8" and device.type != "cpu":
        raise PrecisionError(f"int8 is for CPUs, and the device is {device.type}; use bfloat16")
    if name == "int8" and not int8_is_exact():
        raise PrecisionError("this CPU's products of int8 are not exact; use float32")
    if name not in PRECISIONS:
        raise PrecisionError(f"there is no precision {name}; use one of {', '.join(PRECISIONS)}")
    return PRECISIONS[name]


def fastest(device: torch.device) -> torch.dtype:
    """Of floating point: bfloat16 where the device is faster in it, or else float32."""
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
    return _faster(_product(half, half), _product(single, single))


@cache
def int8_pays() -> bool:
    """Whether it multiplies faster in int8 than in floating point, and exactly."""
    rows, inputs, outputs = _STEP
    floating = fastest(torch.device("cpu"))
    lower, higher = (
        _product(torch.ones(rows, inputs, dtype=kind), torch.ones(outputs, inputs, dtype=kind))
        for kind in (torch.int8, floating)
    )
    return int8_is_exact() and _faster(lower, higher)


@cache
def int8_is_exact() -> bool:
    """Whether this machine's CPU adds products of int8 up without loss.

    Before VNNI x86 processors added pairs up in 16 bits, which large numbers overflow.
    """
    extreme = torch.full((_STEP[0], _STEP[1]), 127)
    extreme[::2] *= -1
    extreme[:, ::3] *= -1
    whole, exact = extreme.to(torch.int8), extreme @ extreme.T
    # Of one row, of few and of many: each may go another way.
    return all(
        torch.equal(multiplied(whole[:rows], whole.T).long(), exact[:rows])
        for rows in (1, 8, len(whole))
    )


def _faster(lower: Callable[[], object], higher: Callable[[], object]) -> bool:
    """Whether one product is faster than another, by the margin."""
    if min(_span(lower) for _ in range(2)) > _HOPELESS * min(_span(higher) for _ in range(2)):
        return False
    # In turn, and the fastest of many: other work on the machine then slows both or neither.
    spans = [(_span(lower), _span(higher)) for _ in range(_TRIALS)]
    return _MARGIN * min(low for low, _ in spans) < min(high for _, high in spans)


def _product(rows: Tensor, matrix: Tensor) -> Callable[[], Tensor]:
    if rows.dtype == torch.int8:
        return lambda: multiplied(rows, matrix.T)
    return lambda: torch.mm(rows, matrix.T)


def _span(work: Callable[[], object]) -> float:
    """Seconds of a piece of work."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
