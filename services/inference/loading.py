"""Loads and warms up the writer; runs on the writer's thread."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import model
from model.errors import ModelError

if TYPE_CHECKING:
    from model.writer import Writer
    from services.inference.settings import InferenceSettings

CARD = "MODEL_CARD.md"
NO_CARD = f"This bundle has no {CARD}.\n"


class WriterMissingError(ModelError):
    """The writer cannot run on this machine as it is."""


def load_writer(settings: InferenceSettings) -> Writer:
    """A writer that has already written once. Raises ModelError, which says what to do."""
    # Imports torch, which takes seconds: not at the service's import.
    try:
        import torch  # noqa: PLC0415 - see above

        from model.memory import hold_memory  # noqa: PLC0415 - see above
        from model.writer import Request, Writer  # noqa: PLC0415 - see above
    except ImportError as error:
        message = (
            f"{error}: install the writer with "
            "`pip install --constraint constraints.txt '.[inference]'`."
        )
        raise WriterMissingError(message) from error

    torch.set_num_threads(settings.threads)
    hold_memory()
    writer = Writer.load(
        settings.bundle,
        _device(settings.device, gpu=torch.cuda.is_available()),
        None if settings.precision == "auto" else getattr(torch, settings.precision),
        settings.slots,
    )
    writer.write([Request(num_samples=1, seed=0)])
    return writer


def _device(wanted: str, *, gpu: bool) -> str:
    if wanted == "auto":
        return "cuda" if gpu else "cpu"
    if wanted.startswith("cuda") and not gpu:
        message = f"There is no usable GPU for INFERENCE_DEVICE={wanted}: set it to cpu or auto."
        raise WriterMissingError(message)
    return wanted


def read_card(bundle: Path | None) -> str:
    """The model card of a bundle, the shipped one unless a folder is named."""
    folder = bundle or Path(model.__file__).parent / "pretrained"
    try:
        return (folder / CARD).read_text(encoding="utf-8")
    except FileNotFoundError:
        return NO_CARD
