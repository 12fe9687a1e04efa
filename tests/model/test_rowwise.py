import torch
from torch import Tensor

from model.rowwise import Rowwise


def test_a_row_comes_out_the_same_at_any_height() -> None:
    torch.manual_seed(0)
    weight = torch.randn(33, 70)
    product = Rowwise(lambda rows: rows @ weight, 33)
    rows = torch.randn(300, 33)
    together = product(rows)
    for count in (1, 2, 3, 7, 9, 50, 127, 129, 299):
        assert torch.equal(product(rows[:count]), together[:count])
        assert torch.equal(product(rows[count:]), together[count:])


def test_a_height_that_rounds_differently_is_not_used() -> None:
    seen: list[int] = []

    def fickle(rows: Tensor) -> Tensor:
        seen.append(len(rows))
        return rows + 1e-3 * (len(rows) in {4, 32})

    function = Rowwise(fickle, 5)
    assert {4, 32}.isdisjoint(function.heights)
    seen.clear()
    rows = torch.randn(30, 5)
    assert torch.equal(function(rows), rows)
    assert seen == [48]


def test_where_no_height_agrees_rows_go_in_blocks_of_one() -> None:
    function = Rowwise(lambda rows: rows * len(rows), 5)
    assert len(function.heights) == 1
    rows = torch.randn(30, 5)
    assert torch.equal(function(rows), rows * function.heights[0])


def test_several_inputs_are_cut_alike() -> None:
    function = Rowwise(lambda one, other: one.sum(1) + other[:, 0], 3, 1)
    one, other = torch.ones(200, 3), torch.arange(200.0)[:, None]
    assert torch.equal(function(one, other), 3 + torch.arange(200.0))


def test_numbers_that_are_none_leave_the_height_of_reference() -> None:
    function = Rowwise(lambda rows: rows * torch.nan, 5)
    assert len(function.heights) == 1
    assert function(torch.ones(30, 5)).isnan().all()
