import csv
from pathlib import Path

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import nn

from model.training.journal import Journal, Progress


@pytest.fixture
def model() -> nn.Linear:
    return nn.Linear(2, 1)


@pytest.fixture
def optimiser(model: nn.Linear) -> torch.optim.Optimizer:
    return torch.optim.SGD(model.parameters(), lr=0.1)


def _epochs(folder: Path) -> list[str]:
    with (folder / "log.csv").open() as file:
        return [row["epoch"] for row in csv.DictReader(file)]


def test_the_best_state_comes_back_and_not_the_last(model: nn.Linear, tmp_path: Path) -> None:
    journal = Journal(tmp_path, "x")
    kept = []
    for loss, value in ((3.0, 1.0), (2.0, 2.0), (5.0, 3.0)):
        nn.init.constant_(model.bias, value)
        kept.append(journal.keep_best(model, loss))
    journal.load_best(model)
    assert model.bias.item() == 2.0
    assert kept == [True, True, False]


def test_without_a_best_state_the_last_comes_back(
    model: nn.Linear, optimiser: torch.optim.Optimizer, tmp_path: Path
) -> None:
    nn.init.constant_(model.bias, 4.0)
    Journal(tmp_path, "x").save(model, optimiser, Progress(1, 5, 9))
    nn.init.constant_(model.bias, 9.0)
    Journal(tmp_path, "x").load_best(model)
    assert model.bias.item() == 4.0


def test_the_state_of_another_training_is_let_be(
    model: nn.Linear, optimiser: torch.optim.Optimizer, tmp_path: Path
) -> None:
    journal = Journal(tmp_path, "x")
    journal.keep_best(model, 1.0)
    journal.save(model, optimiser, Progress(1, 5, 9))
    nn.init.constant_(model.bias, 9.0)
    Journal(tmp_path, "y").load_best(model)
    assert model.bias.item() == 9.0


def test_progress_comes_back_and_is_told(
    model: nn.Linear, optimiser: torch.optim.Optimizer, tmp_path: Path
) -> None:
    journal, progress = Journal(tmp_path, "x"), Progress(epoch=3, step=70, plan=9, waited=2)
    assert "from epoch 1" in journal.whereabouts()
    journal.save(model, optimiser, progress)
    assert Journal(tmp_path, "x").restore(model, optimiser) == progress
    assert "from epoch 4" in Journal(tmp_path, "x").whereabouts()


def test_a_checkpoint_from_before_waiting_was_counted_is_read(
    model: nn.Linear, optimiser: torch.optim.Optimizer, tmp_path: Path
) -> None:
    state = {"model": model.state_dict(), "optimiser": optimiser.state_dict()}
    torch.save(state | {"fingerprint": "x", "progress": [3, 70, 9]}, tmp_path / "checkpoint.pt")
    assert Journal(tmp_path, "x").restore(model, optimiser) == Progress(3, 70, 9, waited=0)


def test_an_epoch_that_never_reached_the_checkpoint_is_logged_once(
    model: nn.Linear, optimiser: torch.optim.Optimizer, tmp_path: Path
) -> None:
    journal = Journal(tmp_path, "x")
    journal.log(10, epoch=1, seconds=4.0)
    journal.save(model, optimiser, Progress(1, 10, 3))
    journal.log(20, epoch=2, seconds=5.0)
    again = Journal(tmp_path, "x")
    again.restore(model, optimiser)
    again.log(20, epoch=2, seconds=6.0)
    assert _epochs(tmp_path) == ["1", "2"]
    assert again.seconds() == 10.0


def test_a_new_training_does_not_go_on_in_an_old_ones_log(
    model: nn.Linear, optimiser: torch.optim.Optimizer, tmp_path: Path
) -> None:
    Journal(tmp_path, "x").log(10, epoch=1)
    fresh = Journal(tmp_path, "y")
    fresh.restore(model, optimiser)
    fresh.log(10, epoch=1)
    assert _epochs(tmp_path) == ["1"]


def test_a_stop_while_a_file_is_written_leaves_the_one_before(
    model: nn.Linear,
    optimiser: torch.optim.Optimizer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    journal = Journal(tmp_path, "x")
    journal.save(model, optimiser, Progress(1, 10, 3))

    def cut(_: object, file: Path) -> None:
        file.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", cut)
    with pytest.raises(KeyboardInterrupt):
        journal.save(model, optimiser, Progress(2, 20, 3))
    assert Journal(tmp_path, "x").restore(model, optimiser) == Progress(1, 10, 3)


def test_tensorboard_forgets_what_a_lost_epoch_told(tmp_path: Path) -> None:
    lost, again = Journal(tmp_path, "x"), Journal(tmp_path, "x")
    for step in (50, 100, 150):
        lost.trace(step, loss=float(step))
    lost.close()
    again.trace(100, loss=1.0)
    again.close()
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [(event.step, event.value) for event in events.Scalars("loss")] == [(50, 50), (100, 1)]


def test_closing_draws_what_was_logged(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "x")
    journal.close()
    journal.trace(50, loss=1.0)
    journal.close()
    assert not (tmp_path / "losses.png").exists()
    reading = {"train_reconstruction": 1.0, "valid_reconstruction": 1.0, "valid_kl": 1.0}
    journal.log(60, epoch=1, beta=1.0, **reading)
    journal.close()
    assert (tmp_path / "losses.png").read_bytes().startswith(b"\x89PNG")
