import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own habit

from model.products import product, table

PRECISIONS = [torch.float32, torch.bfloat16, torch.int8]


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("bounded", [True, False])
def test_a_product_comes_close_and_is_the_same_at_any_height(
    precision: torch.dtype, bounded: bool
) -> None:
    torch.manual_seed(0)
    weight, bias = torch.randn(96, 70) * torch.logspace(-3, 1, 96)[:, None], torch.randn(96)
    rows = torch.rand(300, 70) * 2 - 1
    if not bounded:
        rows *= torch.logspace(-3, 3, 300)[:, None]
    multiply = product(weight, precision, bounded=bounded)
    together = multiply(rows, bias)
    # Of each sum as large as it could be, were all of its terms of one sign.
    most = F.linear(rows.abs(), weight.abs(), bias.abs())
    assert ((together - F.linear(rows, weight, bias)).abs() <= 0.015 * most).all()
    for count in (1, 2, 3, 7, 9, 50, 129, 299):
        assert torch.equal(multiply(rows[:count], bias), together[:count])
        assert torch.equal(multiply(rows[count:], bias), together[count:])


def test_whole_numbers_add_up_without_loss() -> None:
    rows = torch.full((3, 640), 127.0)
    rows[1] *= -1
    rows[2, ::2] *= -1
    assert torch.equal(product(rows, torch.int8)(rows, torch.zeros(3)), rows @ rows.T)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_matrix_and_rows_of_zeros_come_to_what_is_added(precision: torch.dtype) -> None:
    added = torch.tensor([1.0, -2.0, 0.0, 4.0])
    multiply = product(torch.zeros(4, 8), precision)
    assert torch.equal(multiply(torch.zeros(2, 8), added), added.expand(2, 4))


@pytest.mark.parametrize("bounded", [True, False])
def test_a_weight_that_is_no_number_is_seen_in_its_column_alone(bounded: bool) -> None:
    weight = torch.ones(4, 8)
    weight[2, 5] = torch.nan
    total = product(weight, torch.int8, bounded=bounded)(torch.ones(3, 8), torch.zeros(4))
    assert total.isnan().all(0).tolist() == [False, False, True, False]
    assert not total[:, [0, 1, 3]].isnan().any()


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_table_adds_its_rows(precision: torch.dtype) -> None:
    torch.manual_seed(0)
    values = torch.randn(50, 16)
    places = torch.tensor([7, 0, 49, 7])
    total = table(values, precision).add(torch.ones(4, 16), places)
    assert torch.allclose(total, 1 + values[places], atol=0.02)
