"""`deephypebot train`: the three trainings, with what they need checked first."""

from pathlib import Path

from deephypebot.errors import CommandError


def train(output: Path, *, minutes: float | None, epochs: int | None, seed: int) -> Path:
    """Train from the corpus; the bundle's folder. Raises CommandError and ModelError."""
    try:
        from model.training import run  # noqa: PLC0415 - only here do tomotopy and torch matter
    except ImportError as error:
        raise CommandError(
            f"{error}: install what training needs with "
            "`pip install --constraint constraints.txt '.[train]'`."
        ) from error
    return run(output, minutes=minutes, epochs=epochs, seed=seed)
