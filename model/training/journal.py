"""What a training leaves behind: a CSV line per epoch, and a checkpoint to go on from."""

import csv
from dataclasses import dataclass
from pathlib import Path

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
        partial = self._checkpoint.with_suffix(".partial")
        torch.save(
            {
                "fingerprint": self._fingerprint,
                "model": model.state_dict(),
                "optimiser": optimiser.state_dict(),
                "progress": [epoch, step, plan],
            },
            partial,
        )
        partial.replace(self._checkpoint)

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
