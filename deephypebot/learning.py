"""`deephypebot train`: the trainings, with what they need checked first."""

from pathlib import Path
from typing import Literal

from deephypebot.errors import CommandError

# Those of model.training, torch unread.
Accelerator = Literal["auto", "cpu", "cuda", "mps"]
RecipeName = Literal["short", "long"]


def train(
    output: Path,
    *,
    minutes: float | None,
    epochs: int | None,
    seed: int,
    recipe: RecipeName,
    accelerator: Accelerator,
    devices: int,
) -> Path:
    """Train from the corpus; the bundle's folder.

    Raises CommandError, ModelError, and KeyboardInterrupt with a message that says where the same
    command would go on.
    """
    try:
        from model.training import run  # noqa: PLC0415 - only here do tomotopy and torch matter
    except ImportError as error:
        raise CommandError(
            f"{error}: install what training needs with "
            "`pip install --constraint constraints.txt '.[train]'`."
        ) from error
    return run(
        output,
        minutes=minutes,
        epochs=epochs,
        seed=seed,
        recipe=recipe,
        accelerator=accelerator,
        devices=devices,
    )
