from dataclasses import replace

import pytest
import torch

from model.blocks import blockwise
from model.corpus.lines import Line
from model.realism import LONGEST, Realism, RealismConfig, padded_pieces
from model.tokenizer import BOS, EOS, PAD, Pieces
from model.training.batches import Dataset
from model.training.config import RealismTraining
from model.training.realism import Examples, measure_realism, real, train_realism

_CONFIG = RealismConfig(vocabulary=60, embedding=8, filters=6, hidden=8, dropout=0.0)


@pytest.fixture
def critic() -> Realism:
    torch.manual_seed(0)
    return Realism(_CONFIG).eval().requires_grad_(requires_grad=False)


def _sentences(count: int, lowest: int, highest: int) -> list[list[int]]:
    lengths = torch.randint(3, 12, (count,)).tolist()
    return [torch.randint(lowest, highest, (length,)).tolist() for length in lengths]


def test_rows_are_padded_and_what_is_too_long_is_cut() -> None:
    rows = padded_pieces([[7, 8], list(range(3, 100))])
    assert rows.shape == (2, LONGEST)
    assert rows[0].tolist() == [BOS, 7, 8, EOS] + [PAD] * (LONGEST - 4)
    assert int(rows[1, -1]) == EOS


def test_padding_says_nothing(critic: Realism) -> None:
    rows = padded_pieces([[7, 8, 9, 10, 11, 12]])
    assert torch.allclose(critic(rows), critic(rows[:, :8]), atol=1e-6)


def test_the_order_of_words_matters(critic: Realism) -> None:
    one, other = critic(padded_pieces([[7, 8, 9, 10], [10, 9, 8, 7]]))
    assert float((one - other).abs()) > 1e-5


def test_a_sentence_is_marked_the_same_bit_by_bit_whatever_stands_beside_it(
    critic: Realism,
) -> None:
    torch.manual_seed(1)
    rows = padded_pieces(_sentences(30, 3, 60))
    with torch.inference_mode():
        together = blockwise(critic, 8, rows)
        alone = torch.cat([blockwise(critic, 8, row[None]) for row in rows])
    assert torch.equal(together, alone)


def test_it_learns_to_tell_two_ways_of_speaking_apart() -> None:
    torch.manual_seed(2)
    critic = Realism(_CONFIG)
    seen = Examples.of(_sentences(300, 3, 45), _sentences(300, 20, 60))
    held_out = Examples.of(_sentences(100, 3, 45), _sentences(100, 20, 60))
    before = measure_realism(critic, held_out)
    fit = train_realism(critic, seen, held_out, RealismTraining(epochs=8, batch=32), seed=1)
    assert fit.auc > 0.8 > before.auc
    assert fit.loss < before.loss


def test_both_kinds_of_example_are_as_many() -> None:
    examples = Examples.of([[5]] * 3, [[6]] * 9)
    assert examples.real.tolist() == [1, 1, 1, 0, 0, 0]


def test_real_lines_come_in_the_shares_of_the_registers_served() -> None:
    plain = [Line(f"plain words {i}", (), "plain", "train") for i in range(20)]
    lines = [*plain, *(replace(line, register="florid") for line in plain[:5])]
    pieces = Pieces.train([line.text for line in lines], 300)
    data = Dataset.of(lines, pieces, ("folk",))
    assert len(real(data, ("plain", "plain", "florid"), seed=1)) == 15
    assert len(real(data, ("plain",), seed=1)) == 20
