"""Choosing the next piece: pure functions over rows of logits.

Noise is a function of (row's seed, step) and of nothing else: no generator is carried, so a row
draws the same noise alone, in any batch, and on any device. A draw inverts the distribution
function of the pieces that may be drawn: one number and one running sum a row, where a draw by the
Gumbel-max trick wants a hash for every piece.
"""

import math
from collections.abc import Collection
from enum import Enum
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.request import WIDEST

# splitmix64 (Steele, Lea and Flood 2014), in wrapping 64-bit arithmetic.
_GOLDEN = -7046029254386353131  # 0x9E3779B97F4A7C15 as a signed number
_MIX_1 = -4658895280553007687  # 0xBF58476D1CE4E5B9
_MIX_2 = -7723592293110705685  # 0x94D049BB133111EB
# The same for NumPy, made once: a call has few numbers to hash.
_UNSIGNED = tuple(np.uint64(number % 2**64) for number in (_GOLDEN, _MIX_1, _MIX_2))
_27, _30, _31 = np.uint64(27), np.uint64(30), np.uint64(31)
_BITS = 40  # of the hash that make a uniform number
_DROPPED = np.uint64(64 - _BITS)

_GROUP = 8  # pieces in each group of which first only the highest score is looked at


class Kind(Enum):
    """How the next piece of a row is found."""

    READ = 0  # as is PAD, which slots are filled with that are not in use
    DRAWN = 1  # from all pieces
    LIMITED = 2  # drawn from the likeliest
    GREEDY = 3  # the likeliest itself


def mix(value: Tensor) -> Tensor:
    """Hash 64-bit integers: splitmix64's finaliser after its increment."""
    if value.device.type == "cpu":
        return torch.from_numpy(_mix(value.numpy()).view(np.int64))
    value = value + _GOLDEN
    value = torch.bitwise_xor(value, _shifted(value, 30)) * _MIX_1
    value = torch.bitwise_xor(value, _shifted(value, 27)) * _MIX_2
    return torch.bitwise_xor(value, _shifted(value, 31))


def uniform(key: Tensor) -> Tensor:
    """Numbers in (0, 1), one for each 64-bit key."""
    low, high = 2.0**-40, 1.0 - 2.0**-24
    if key.device.type == "cpu":
        numbers = (_mix(key.numpy()) >> _DROPPED) + 0.5
        return torch.from_numpy((numbers / 2.0**_BITS).astype(np.float32).clip(low, high))
    bits = _shifted(mix(key), 64 - _BITS)
    return ((bits.double() + 0.5) / 2.0**_BITS).float().clamp(min=low, max=high)


def _mix(value: NDArray[np.int64]) -> NDArray[np.uint64]:
    """The same in NumPy, which takes a third of torch's time for the few numbers of a step."""
    golden, mix_1, mix_2 = _UNSIGNED
    whole = value.view(np.uint64) + golden
    whole = (whole ^ (whole >> _30)) * mix_1
    whole = (whole ^ (whole >> _27)) * mix_2
    return whole ^ (whole >> _31)


def normal(key: Tensor, width: int) -> Tensor:
    """Standard normal rows (rows, width) for keys (rows,), by Box and Muller's transform."""
    numbers = uniform(mix(key)[:, None] + torch.arange(2 * width, device=key.device))
    first, second = numbers[:, 0::2], numbers[:, 1::2]
    return torch.sqrt(-2.0 * torch.log(first)) * torch.cos(2.0 * math.pi * second)


def choose(
    logits: Tensor,
    kinds: Collection[Kind],
    *,
    kind: Tensor,
    temperature: Tensor,
    top_p: Tensor,
    lowest: Tensor,
    number: Tensor,
) -> Tensor:
    """The next piece of each row.

    Args:
        logits: (rows, pieces); -inf forbids a piece.
        kinds: those that there are among the rows; what reads its pieces is of no account.
        kind: (rows,), the number of each row's own.
        temperature: (rows,), above 0, for all that draw.
        top_p: (rows,); of the likeliest only those that together reach p; 1 for no limit.
        lowest: (rows,); of the likeliest none beyond this rank, which is below `WIDEST`.
        number: (rows,), what decides each row's draw, in (0, 1).
    """
    chosen = torch.zeros_like(kind)
    for each in kinds:
        if each is Kind.LIMITED:
            found = draw_from_likeliest(logits, temperature, top_p, lowest, number)
        elif each is Kind.DRAWN:
            found = draw_from_all(logits, temperature, number)
        elif each is Kind.GREEDY:
            found = logits.argmax(1)
        else:
            continue
        chosen = torch.where(kind == each.value, found, chosen)
    return chosen


def noise(seed: Tensor, steps: int) -> Tensor:
    """What decides each row's draws at its first steps: numbers in (0, 1), (rows, steps)."""
    return uniform(seed[:, None] + _hashed(steps))


@cache
def _hashed(steps: int) -> Tensor:
    return mix(torch.arange(steps))


def draw_from_all(logits: Tensor, temperature: Tensor, number: Tensor) -> Tensor:
    """The piece at which the distribution function reaches each row's number, in (0, 1)."""
    reached = torch.softmax(logits / temperature[:, None], dim=1).cumsum(1)
    drawn = _position(reached, number * reached[:, -1])
    # Rounding may leave the last pieces at the total though they are forbidden: never beyond the
    # last piece that has a share.
    return torch.minimum(drawn, (reached < reached[:, -1:]).sum(1))


def draw_from_likeliest(
    logits: Tensor, temperature: Tensor, top_p: Tensor, lowest: Tensor, number: Tensor
) -> Tensor:
    """The same among the likeliest pieces alone, as far as top-p and a rank let each row go."""
    scores, pieces = likeliest(logits, min(WIDEST, logits.shape[1]))
    reached = torch.softmax(scores / temperature[:, None], dim=1).cumsum(1)
    # A piece may be drawn if those before it do not reach p yet; the likeliest always may.
    last = torch.minimum((reached < top_p[:, None]).sum(1), lowest)
    whole = reached.gather(1, last[:, None])[:, 0]
    drawn = torch.minimum(_position(reached, number * whole), last)
    return pieces.gather(1, drawn[:, None])[:, 0]


def likeliest(logits: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The highest scores of each row in falling order, and their pieces: (rows, count) each.

    On a CPU scores are told apart by the bits that their places leave of 32: to a ten-thousandth
    of themselves where a row is looked at in groups, as any usual vocabulary is.
    """
    rows, width = logits.shape
    if logits.device.type != "cpu":
        scores, pieces = logits.topk(count, dim=1)
        return scores, pieces
    groups = width // _GROUP
    if width % _GROUP or groups <= count:
        pieces = _highest(logits, count)
    else:
        # The highest are all in those groups whose own highest are the highest: most of a row is
        # only looked at by a maximum.
        best = _highest(logits.view(rows, _GROUP, groups).amax(1), count)
        members = (best[:, None] + groups * torch.arange(_GROUP)[:, None]).flatten(1)
        pieces = members.gather(1, _highest(logits.gather(1, members), count))
    return logits.gather(1, pieces), pieces


def _highest(values: Tensor, count: int) -> Tensor:
    """Where the highest of each row are, highest first.

    NumPy sorts 32-bit integers thirty times as fast as torch or NumPy finds the places of the
    highest floats, so a value's bits and its place are put into one integer.
    """
    width = values.shape[1]
    places = (1 << (width - 1).bit_length()) - 1  # the low bits, which hold the place
    bits = values.numpy().view(np.int32)
    ordered = bits ^ ((bits >> 31) & 0x7FFFFFFF)  # integers in the order of the floats
    keys = np.sort((ordered & ~places) | np.arange(width, dtype=np.int32), axis=1)
    return torch.from_numpy((keys[:, : -count - 1 : -1] & places).astype(np.int64))


def _position(reached: Tensor, number: Tensor) -> Tensor:
    return (reached <= number[:, None]).sum(1)


def _shifted(value: Tensor, bits: int) -> Tensor:
    """Logical shift to the right; torch's own keeps the sign."""
    return torch.bitwise_and(value >> bits, (1 << (64 - bits)) - 1)
