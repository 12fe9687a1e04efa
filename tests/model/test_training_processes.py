"""The same training in one process and in two."""

import csv
import time
from pathlib import Path

import pytest
import torch
from lightning_fabric import Fabric
from torch import Tensor

from model.cvae import CVAE, CVAEConfig, Posterior
from model.errors import TrainingError
from model.training import autoencoder
from model.training.batches import Dataset
from model.training.config import CVAETraining, Stopping, TrainingConfig
from model.training.journal import Journal
from model.training.learner import Learner
from model.training.machine import launch

# Starting the processes takes longest: each imports torch.
pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

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


@torch.no_grad()
def _half_used(model: CVAE, data: Dataset) -> float:
    """Free bits of which half of the dimensions use up their share on the first batch."""
    batch = data.rows(_ROWS[0])
    a = model.condition(batch.genres, batch.register, batch.slots)
    kl = model.encode(batch.sentences[:, 1:-1], a).kl().mean(0).sort().values
    return float(kl[1] + kl[2]) / 2 * len(kl)


def _config(output: Path, devices: int, free_bits: float) -> TrainingConfig:
    return TrainingConfig(
        output,
        accelerator="cpu",
        devices=devices,
        threads=1,
        sizes=_SIZES,
        stopping=Stopping(active=0.0, information=-9.0),
        cvae=CVAETraining(
            epochs=2, batch=4, free_bits=free_bits, bf16=False, noise=0.0, drop_genres=0.0,
            drop_genre=0.0, drop_voice=0.0,
        ),
    )  # fmt: skip


def _course(fabric: Fabric, model: CVAE, data: Dataset, config: TrainingConfig) -> None:
    """Keep the gradients of some batches, train, and fail as a training may."""
    learner, kept = Learner(fabric, model, config.cvae), []
    learner.optimiser.register_step_pre_hook(
        lambda *_: kept.append(
            {key: p.grad.clone() for key, p in model.named_parameters() if p.grad is not None}
        )
    )
    for rows in _ROWS:
        learner.step(data, rows, rate=0.0, beta=1.0)
    if fabric.is_global_zero:
        torch.save(kept, config.output / "gradients.pt")
    journal = Journal(config.output, "x")
    autoencoder._learn(
        fabric, CVAE(_SIZES), data, data, config=config, journal=journal, clock=time.monotonic
    )
    raise TrainingError(f"told by one of {fabric.world_size}")


@pytest.fixture(scope="module")
def courses(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """The folder of a course in one process and of one in two."""
    torch.manual_seed(0)
    model, data = Still(_SIZES), _data()
    free_bits = _half_used(model, data)
    folders = {devices: tmp_path_factory.mktemp(f"{devices}_devices") for devices in (1, 2)}
    for devices, folder in folders.items():
        config = _config(folder, devices, free_bits)
        with pytest.raises(TrainingError, match=f"^told by one of {devices}$"):
            launch(config, _course, model, data, config)
    return folders


def test_two_processes_make_of_a_batch_what_one_makes_of_it(courses: dict[int, Path]) -> None:
    found = {
        devices: torch.load(folder / "gradients.pt", weights_only=True)
        for devices, folder in courses.items()
    }
    assert len(found[1]) == len(_ROWS)
    for alone, together in zip(found[1], found[2], strict=True):
        assert max(float(gradient.abs().max()) for gradient in alone.values()) > 1e-3
        for key, gradient in alone.items():
            torch.testing.assert_close(together[key], gradient, atol=1e-6, rtol=1e-4)


def test_two_processes_keep_the_journal_that_one_keeps(courses: dict[int, Path]) -> None:
    alone, together = (
        list(csv.DictReader((folder / "log.csv").read_text().splitlines()))
        for folder in courses.values()
    )
    assert [row["epoch"] for row in together] == ["1", "2"]
    for key in ("beta", "rate"):
        assert [row[key] for row in together] == [row[key] for row in alone]
    for key in ("train_reconstruction", "valid_reconstruction"):
        wanted = [float(row[key]) for row in alone]
        assert [float(row[key]) for row in together] == pytest.approx(wanted, rel=0.05)
    assert (courses[2] / "losses.png").exists()


def test_one_process_goes_on_where_two_have_stopped(courses: dict[int, Path]) -> None:
    model, data, folder = CVAE(_SIZES), _data(), courses[2]
    best = torch.load(folder / "best.pt", weights_only=True)["model"]
    autoencoder.train_cvae(model, data, data, _config(folder, 1, 8.0), Journal(folder, "x"))
    assert all(torch.equal(value, best[key]) for key, value in model.state_dict().items())
