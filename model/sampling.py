"""Choosing the next piece: pure functions over rows of logits.

Noise is a function of (row's seed, step, piece) and of nothing else: no generator is carried, so a
row draws the same noise alone, in any batch, and on any device. A draw is the Gumbel-max trick
(Gumbel 1954): the argmax of log-probability plus Gumbel noise is a sample.
"""

import math

import numpy as np
import torch
from torch import Tensor

# splitmix64 (Steele, Lea and Flood 2014), in wrapping 64-bit arithmetic.
_GOLDEN = -7046029254386353131  # 0x9E3779B97F4A7C15 as a signed number
_MIX_1 = -4658895280553007687  # 0xBF58476D1CE4E5B9
_MIX_2 = -7723592293110705685  # 0x94D049BB133111EB
_BITS = 40  # of the hash that make a uniform number

WIDEST = 128  # likeliest pieces that are looked at when top-k or top-p is asked for


def mix(value: Tensor) -> Tensor:
    """Hash 64-bit integers: splitmix64's finaliser after its increment."""
    value = value + _GOLDEN
    value = torch.bitwise_xor(value, _shifted(value, 30)) * _MIX_1
    value = torch.bitwise_xor(value, _shifted(value, 27)) * _MIX_2
    return torch.bitwise_xor(value, _shifted(value, 31))


def uniform(key: Tensor) -> Tensor:
    """Numbers in (0, 1), one for each 64-bit key."""
    bits = _shifted(mix(key), 64 - _BITS)
    return ((bits.double() + 0.5) / 2.0**_BITS).float().clamp(min=2.0**-40, max=1.0 - 2.0**-24)


def gumbel(key: Tensor) -> Tensor:
    """Standard Gumbel noise, one number for each 64-bit key."""
    return -torch.log(-torch.log(uniform(key)))


def normal(key: Tensor, width: int) -> Tensor:
    """Standard normal rows (rows, width) for keys (rows,), by Box and Muller's transform."""
    columns = torch.arange(width, device=key.device)
    first = uniform(mix(key)[:, None] + 2 * columns)
    second = uniform(mix(key)[:, None] + 2 * columns + 1)
    return torch.sqrt(-2.0 * torch.log(first)) * torch.cos(2.0 * math.pi * second)


def choose(
    logits: Tensor,
    *,
    temperature: Tensor,
    top_k: Tensor,
    top_p: Tensor,
    seed: Tensor,
    step: Tensor,
) -> Tensor:
    """The next piece of each row.

    Args:
        logits: (rows, pieces); -inf forbids a piece.
        temperature: (rows,); 0 takes the likeliest piece.
        top_k: (rows,); only the k likeliest pieces are drawn from, 0 for no limit.
        top_p: (rows,); only the likeliest pieces that together reach p, 1 for no limit.
        seed: (rows,), 64-bit.
        step: (rows,), position in each row's sentence.
    """
    limits = (top_k > 0) | (top_p < 1.0)
    scale = temperature.clamp(min=1e-4)[:, None]
    key = mix(seed + mix(step))
    amount = (temperature > 0).float()
    # A row's draw may not depend on the rows beside it, so both kinds are drawn where both occur.
    free = key
    if not limits.all():
        everything = torch.arange(logits.shape[1], device=logits.device).expand_as(logits)
        free = _draw(logits / scale, everything, key, amount)
        if not limits.any():
            return free
    scores, pieces = likeliest(logits, min(WIDEST, logits.shape[1]))
    limited = _draw(_truncated(scores / scale, top_k, top_p), pieces, key, amount)
    return limited if limits.all() else torch.where(limits, limited, free)


def likeliest(logits: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The highest scores of each row in falling order, and their pieces: (rows, count) each."""
    if logits.device.type != "cpu" or count == logits.shape[1]:
        scores, pieces = logits.topk(count, dim=1)
        return scores, pieces
    # On a CPU NumPy's selection takes a seventh of the time of torch's.
    pieces = torch.from_numpy(np.argpartition(logits.numpy(), -count, axis=1)[:, -count:])
    scores, order = logits.gather(1, pieces).sort(dim=1, descending=True, stable=True)
    return scores, pieces.gather(1, order)


def _draw(scores: Tensor, pieces: Tensor, key: Tensor, amount: Tensor) -> Tensor:
    noise = gumbel(key[:, None] + pieces) * amount[:, None]
    best = (scores + noise).argmax(1, keepdim=True)
    return pieces.gather(1, best)[:, 0]


def _truncated(scores: Tensor, top_k: Tensor, top_p: Tensor) -> Tensor:
    """Forbid what top-k and top-p leave out; scores are in falling order."""
    rank = torch.arange(scores.shape[1], device=scores.device)
    limit = torch.where(top_k > 0, top_k, scores.shape[1])
    scores = scores.masked_fill(rank >= limit[:, None], -math.inf)
    probability = torch.softmax(scores, dim=1)
    before = probability.cumsum(1) - probability
    return scores.masked_fill(before >= top_p[:, None], -math.inf)


def _shifted(value: Tensor, bits: int) -> Tensor:
    """Logical shift to the right; torch's own keeps the sign."""
    return torch.bitwise_and(value >> bits, (1 << (64 - bits)) - 1)
