"""What a training leaves behind: a line an epoch, a checkpoint to go on from, the best state."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from model.errors import TrainingError


@dataclass(frozen=True)
class Progress:
    """How far a training has come."""

    epoch: int = 0
    step: int = 0
    plan: int | None = None  # epochs in all, once decided


class Journal:
    """The log and the checkpoint of one training in one folder."""

    def __init__(self, folder: Path, fingerprint: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._log = folder / "log.csv"
        self._checkpoint = folder / "checkpoint.pt"
        self._best = folder / "best.pt"
        self._fingerprint = fingerprint

    def log(self, **values: float) -> None:
        """Add a line to log.csv, with a heading when it is the first."""
        fresh = not self._log.exists()
        with self._log.open("a", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(values))
            if fresh:
                writer.writeheader()
            writer.writerow({key: f"{value:.6g}" for key, value in values.items()})

    def seconds(self) -> float:
        """What the epochs in the log took together, whenever they were made."""
        with self._log.open(encoding="utf-8", newline="") as file:
            return sum(float(row["seconds"]) for row in csv.DictReader(file))

    def save(
        self,
        model: nn.Module,
        optimiser: torch.optim.Optimizer,
        *,
        epoch: int,
        step: int,
        plan: int,
    ) -> None:
        """Write the checkpoint whole or not at all."""
        _write(
            self._checkpoint,
            {
                "fingerprint": self._fingerprint,
                "model": model.state_dict(),
                "optimiser": optimiser.state_dict(),
                "progress": [epoch, step, plan],
            },
        )

    def keep_best(self, model: nn.Module, loss: float) -> None:
        """Keep the model's state if no state kept before had as low a loss."""
        best = self._read_best()
        if best is None or loss < best["loss"]:
            _write(
                self._best,
                {"fingerprint": self._fingerprint, "model": model.state_dict(), "loss": loss},
            )

    def load_best(self, model: nn.Module) -> None:
        """Put the best state into the model; leave it as it is where none was kept."""
        best = self._read_best()
        if best is not None:
            model.load_state_dict(best["model"])

    def _read_best(self) -> dict[str, Any] | None:
        if not self._best.exists():
            return None
        best: dict[str, Any] = torch.load(self._best, weights_only=True)
        return best if best["fingerprint"] == self._fingerprint else None

    def restore(self, model: nn.Module, optimiser: torch.optim.Optimizer) -> Progress:
        """Load the checkpoint, if there is one, and say where it stands.

        Raises:
            TrainingError: it belongs to a training with other settings.
        """
        if not self._checkpoint.exists():
            return Progress()
        state = torch.load(self._checkpoint, weights_only=True)
        if state["fingerprint"] != self._fingerprint:
            raise TrainingError(
                f"{self._checkpoint} belongs to a training with other settings or another corpus; "
                "choose another output folder, or delete it to start afresh"
            )
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        epoch, step, plan = state["progress"]
        return Progress(epoch, step, plan)


def _write(file: Path, state: Mapping[str, object]) -> None:
    """Write a file whole or not at all."""
    partial = file.with_suffix(".partial")
    torch.save(dict(state), partial)
    partial.replace(file)
