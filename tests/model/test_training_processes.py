"""The same training in one process and in two. Each test starts processes of its own."""

import csv
from pathlib import Path

import pytest
import torch
from lightning_fabric import Fabric
from torch import Tensor

from model.cvae import CVAE, CVAEConfig, Posterior
from model.errors import TrainingError
from model.training.autoencoder import train_cvae
from model.training.batches import Dataset
from model.training.config import CVAETraining, Stopping, TrainingConfig
from model.training.journal import Journal
from model.training.learner import Learner
from model.training.machine import launch

pytestmark = pytest.mark.processes

_SIZES = CVAEConfig(
    vocabulary=40, genres=3, embedding=8, encoder=6, decoder=8, latent=4, genre=4, voice=2,
    dropout=0.0,
)  # fmt: skip
_ROWS = (range(7), range(3, 5), range(6, 7))  # unequal shares, equal ones, and an empty one


class Still(CVAE):
    """A CVAE without chance: z is the posterior's mean."""

    def encode(self, tokens: Tensor, a: Tensor) -> Posterior:
        """The posterior, sure of itself."""
        found = super().encode(tokens, a)
        return Mean(found.mu, found.logvar)


class Mean(Posterior):
    """A posterior that always draws its mean."""

    def sample(self, noise: Tensor | None = None) -> Tensor:
        """z = mu."""
        assert noise is None
        return self.mu


def _data() -> Dataset:
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(3, 40, (12, 6), generator=generator).tolist()
    return Dataset(
        ids=[[1, *row[: 6 - i // 8], 2] for i, row in enumerate(ids)],
        genres=torch.eye(4)[torch.arange(12) % 3 + 1],
        register=torch.arange(12) % 3,
        slots=torch.arange(12) % 2,
    )


def _config(output: Path, devices: int) -> TrainingConfig:
    return TrainingConfig(
        output,
        accelerator="cpu",
        devices=devices,
        threads=1,
        sizes=_SIZES,
        stopping=Stopping(active=0.0, information=-9.0),
        cvae=CVAETraining(
            epochs=2, batch=4, free_bits=0.01, bf16=False, noise=0.0, drop_genres=0.0,
            drop_genre=0.0, drop_voice=0.0,
        ),
    )  # fmt: skip


def _gradients(
    fabric: Fabric, model: CVAE, data: Dataset, settings: CVAETraining, file: Path
) -> None:
    """Keep the gradients of some batches, then fail as a training may."""
    learner = Learner(fabric, model, settings)
    kept = []
    learner.optimiser.register_step_pre_hook(
        lambda *_: kept.append({key: p.grad.clone() for key, p in model.named_parameters()})
    )
    for rows in _ROWS:
        learner.step(data, rows, rate=0.0, beta=1.0)
    if fabric.is_global_zero:
        torch.save(kept, file)
    raise TrainingError(f"told by one of {fabric.world_size}")


def test_two_processes_make_of_a_batch_what_one_makes_of_it(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model, data = Still(_SIZES), _data()
    found = []
    for devices in (1, 2):
        config, file = _config(tmp_path, devices), tmp_path / f"{devices}.pt"
        with pytest.raises(TrainingError, match=f"told by one of {devices}"):
            launch(config, _gradients, model, data, config.cvae, file)
        found.append(torch.load(file, weights_only=True))
    assert len(found[0]) == len(_ROWS)
    for alone, together in zip(*found, strict=True):
        assert max(float(gradient.abs().max()) for gradient in alone.values()) > 1e-3
        for key, gradient in alone.items():
            torch.testing.assert_close(together[key], gradient, atol=1e-6, rtol=1e-4)


def test_a_training_shared_by_two_processes_leaves_what_one_leaves(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model, data = CVAE(_SIZES), _data()
    before = model.bias.detach().clone()
    train_cvae(model, data, data, _config(tmp_path, 2), Journal(tmp_path, "x"))
    with (tmp_path / "log.csv").open() as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == ["1", "2"]
    assert (tmp_path / "losses.png").exists()
    best = torch.load(tmp_path / "best.pt", weights_only=True)["model"]
    assert all(torch.equal(value, best[key]) for key, value in model.state_dict().items())
    assert not torch.equal(model.bias, before)
    # One process goes on where two have stopped.
    alone = CVAE(_SIZES)
    train_cvae(alone, data, data, _config(tmp_path, 1), Journal(tmp_path, "x"))
    assert torch.equal(alone.bias, model.bias)
