"""What a training leaves behind: logs, a checkpoint to go on from, the best state.

Every file is written whole or not at all, so that a training can be stopped at any moment. What is
in the logs of an epoch that never reached the checkpoint is dropped when the training goes on.
"""

import csv
import os
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import torch
from lightning_fabric.loggers.tensorboard import TensorBoardLogger
from torch import nn

from model.errors import TrainingError
from model.training.figures import plot_losses

LOG = "log.csv"  # a line an epoch
LOSSES = "losses.png"  # the log as a picture
EVENTS = "tensorboard"  # folder of TensorBoard's files

Record = dict[str, Any]  # what is said of a training, as JSON has it


@dataclass(frozen=True)
class Progress:
    """How far a training has come."""

    epoch: int = 0
    step: int = 0
    plan: int | None = None  # epochs in all, once decided
    waited: int = 0  # epochs since the best state


class Journal:
    """The logs and the checkpoint of one training in one folder."""

    def __init__(self, folder: Path, fingerprint: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._log = folder / LOG
        self._checkpoint = folder / "checkpoint.pt"
        self._best = folder / "best.pt"
        self._finished = folder / "finished.pt"
        self._fingerprint = fingerprint
        self._rows: list[dict[str, str]] = []
        self._events: TensorBoardLogger | None = None

    def log(self, step: int, **values: float) -> None:
        """Add an epoch's line to log.csv and TensorBoard."""
        self._rows.append({key: f"{value:.6g}" for key, value in values.items()})
        self._write_log()
        self.trace(step, **values)

    def trace(self, step: int, **values: float) -> None:
        """Tell TensorBoard how things stand at a step."""
        if self._events is None:
            # The purge hides what a training that was cut off logged beyond its checkpoint.
            self._events = TensorBoardLogger(self._folder, EVENTS, "", purge_step=step)
        self._events.log_metrics(values, step)

    def close(self) -> None:
        """Flush what TensorBoard was told, and draw the log. Nothing, if nothing was logged."""
        if self._events is None:
            return
        self._events.finalize("success")
        self._events = None
        if self._rows:
            plot_losses(self._log, self._folder / LOSSES)

    def seconds(self) -> float:
        """What the epochs in the log took together, whenever they were made."""
        return sum(float(row["seconds"]) for row in _rows(self._log))

    def save(self, model: nn.Module, optimiser: torch.optim.Optimizer, progress: Progress) -> None:
        """Write the checkpoint."""
        state = {
            "fingerprint": self._fingerprint,
            "model": model.state_dict(),
            "optimiser": optimiser.state_dict(),
            "progress": list(astuple(progress)),
        }
        _whole(self._checkpoint, lambda partial: torch.save(state, partial))

    def keep_best(self, model: nn.Module, loss: float) -> bool:
        """Keep the model's state if no state kept before had a lower loss; whether it was kept."""
        best = self._read(self._best)
        if best is not None and best["loss"] < loss:
            return False
        state = {"fingerprint": self._fingerprint, "model": model.state_dict(), "loss": loss}
        _whole(self._best, lambda partial: torch.save(state, partial))
        return True

    def load_best(self, model: nn.Module) -> None:
        """Put the best state into the model, or the last where none was kept.

        Without either of this training, the model stays as it is.
        """
        state = self._read(self._best) or self._read(self._checkpoint)
        if state is not None:
            model.load_state_dict(state["model"])

    def keep_finished(self, model: nn.Module, how: str, made: Record) -> None:
        """Keep the model's state after its last passes, how these were made, and what they were."""
        state = {
            "fingerprint": self._fingerprint,
            "model": model.state_dict(),
            "how": how,
            "made": made,
        }
        _whole(self._finished, lambda partial: torch.save(state, partial))

    def load_finished(self, model: nn.Module, how: str) -> Record | None:
        """Put the state after the same last passes into the model; what they were, if made."""
        state = self._read(self._finished)
        if state is None or state["how"] != how:
            return None
        model.load_state_dict(state["model"])
        made: Record = state["made"]
        return made

    def restore(self, model: nn.Module, optimiser: torch.optim.Optimizer) -> Progress:
        """Load the checkpoint, if there is one, and say where it stands.

        Raises:
            TrainingError: it belongs to a training with other settings.
        """
        state = self._read(self._checkpoint)
        if state is None and self._checkpoint.exists():
            raise TrainingError(
                f"{self._checkpoint} belongs to a training with other settings or another corpus; "
                "choose another output folder, or delete it to start afresh"
            )
        if state is not None:
            model.load_state_dict(state["model"])
            optimiser.load_state_dict(state["optimiser"])
        progress = _progress(state)
        self._rows = [row for row in _rows(self._log) if int(row["epoch"]) <= progress.epoch]
        return progress

    def whereabouts(self) -> str:
        """Where the same command would go on, for somebody who has just stopped it."""
        progress = _progress(self._read(self._checkpoint))
        return f"The same command goes on from epoch {progress.epoch + 1}."

    def _read(self, file: Path) -> dict[str, Any] | None:
        """A file of this training's."""
        if not file.exists():
            return None
        state: dict[str, Any] = torch.load(file, map_location="cpu", weights_only=True)
        return state if state["fingerprint"] == self._fingerprint else None

    def _write_log(self) -> None:
        def write(partial: Path) -> None:
            with partial.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, list(self._rows[-1]), extrasaction="ignore")
                writer.writeheader()
                writer.writerows(self._rows)

        _whole(self._log, write)


def _progress(checkpoint: Mapping[str, Any] | None) -> Progress:
    return Progress() if checkpoint is None else Progress(*checkpoint["progress"])


def _rows(log: Path) -> list[dict[str, str]]:
    """The lines of a log; none where there is none."""
    if not log.exists():
        return []
    with log.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _whole(file: Path, write: Callable[[Path], object]) -> None:
    """Write a file whole or not at all."""
    partial = file.with_name(f"{file.name}.partial")
    write(partial)
    with partial.open("r+b") as written:
        os.fsync(written.fileno())  # else a power cut may leave the new name without its content
    partial.replace(file)
