from collections.abc import Callable, Iterator

import pytest
import torch

from model import precision
from model.errors import PrecisionError
from model.precision import chosen

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


@pytest.fixture(autouse=True)
def _fresh_trials() -> Iterator[None]:
    trials = (precision.bf16_pays, precision.int8_pays, precision.int8_is_exact)
    for trial in trials:
        trial.cache_clear()
    yield
    for trial in trials:
        trial.cache_clear()


@pytest.mark.parametrize(
    ("half", "whole", "expected"),
    [
        (1.0, 0.5, torch.int8),
        (1.0, 0.9, torch.bfloat16),
        (9.0, 1.0, torch.int8),
        (9.0, 9.0, torch.float32),
    ],
)
def test_without_a_name_a_cpu_takes_the_fastest(
    half: float, whole: float, expected: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    spans = {torch.bfloat16: half, torch.int32: whole, torch.float32: 2.0}

    def span(product: Callable[[], torch.Tensor]) -> float:
        return spans[product().dtype]

    monkeypatch.setattr(precision, "_span", span)
    monkeypatch.setattr(precision, "int8_is_exact", lambda: True)
    assert chosen(None, CPU) == expected


def _saturating(rows: torch.Tensor, matrix: torch.Tensor) -> torch.Tensor:
    """As processors multiply that add pairs of products up in 16 bits, one factor unsigned."""
    products = (rows.int() + 128)[:, None] * matrix.T.int()[None]
    pairs = (products[..., ::2] + products[..., 1::2]).clamp(-(2**15), 2**15 - 1)
    return (pairs.sum(2) - 128 * matrix.int().sum(0)).int()


def test_a_cpu_that_loses_something_does_not_multiply_whole_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(precision, "multiplied", _saturating)
    assert chosen(None, CPU) in {torch.float32, torch.bfloat16}
    with pytest.raises(PrecisionError, match="not exact; use float32"):
        chosen("int8", CPU)


def test_whole_numbers_are_not_for_a_gpu() -> None:
    with pytest.raises(PrecisionError, match="the device is cuda; use bfloat16"):
        chosen("int8", CUDA)
    assert chosen("bfloat16", CUDA) == torch.bfloat16


def test_an_unknown_name_is_answered_with_those_there_are() -> None:
    with pytest.raises(PrecisionError, match="float16; use one of float32, bfloat16, int8"):
        chosen("float16", CPU)
