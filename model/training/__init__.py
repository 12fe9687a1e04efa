"""Learning to write: the trainings, and the report beside them.

`train` does the whole of it for a `TrainingConfig`; `run` is the same with the settings that a
command line offers. Only this package needs Lightning Fabric, TensorBoard, matplotlib and tomotopy,
of the extra `train`.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from model.corpus.lines import ORIGINALS
from model.training.config import RECIPES, Accelerator, RecipeName, TrainingConfig
from model.training.run import train

__all__ = ["Accelerator", "RecipeName", "TrainingConfig", "run", "train"]


def run(
    output: Path,
    *,
    corpus: Path = ORIGINALS,
    also: Sequence[Path] = (),
    minutes: float | None = None,
    seed: int = 2018,
    name: str = "originals",
    threads: int | None = None,
    epochs: int | None = None,
    accelerator: Accelerator = "auto",
    devices: int = 1,
    recipe: RecipeName = "short",
) -> Path:
    """Train from a corpus, and the lines of other folders, to `output/bundle`; returns that folder.

    `minutes` limits the CVAE's share: fewer epochs are made where the machine is too slow for all.
    """
    config = TrainingConfig(
        output=output,
        corpus=corpus,
        also=tuple(also),
        name=name,
        seed=seed,
        minutes=minutes,
        threads=threads,
        accelerator=accelerator,
        devices=devices,
        sizes=RECIPES[recipe].sizes,
        cvae=RECIPES[recipe].cvae,
    )
    if epochs is not None:
        config = replace(config, cvae=replace(config.cvae, epochs=epochs))
    command = f"deephypebot train --output {output.name} --seed {seed}"
    if recipe != "short":
        command += f" --recipe {recipe}"
    return train(config, command if devices == 1 else f"{command} --devices {devices}")
