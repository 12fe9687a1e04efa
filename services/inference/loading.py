"""Loads and warms up the writer; runs on the writer's thread."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from model.errors import BundleCorruptError, ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model.writer import Sample, Writer
    from services.inference.settings import InferenceSettings


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
    writer = Writer.load(
        settings.bundle,
        device_of(settings.device),
        None if settings.precision == "auto" else settings.precision,
        settings.slots,
    )
    hold_memory()  # from here on: what loading has used is given back
    _check(writer.write([Request(num_samples=1, seed=0)])[0].samples)
    return writer


def _check(samples: Sequence[Sample]) -> None:
    """A writer whose numbers are none can't serve, however whole its files are."""
    numbers = [each for one in samples for each in (one.score, one.log_prob, *one.latent)]
    if not numbers or not all(map(math.isfinite, numbers)):
        raise BundleCorruptError(
            "the bundle's writer writes nothing that can be shown; restore it or train again"
        )


def device_of(wanted: str) -> str:
    """Where to compute; raises WriterMissingError for a device that this machine has not."""
    if wanted == "cpu":
        return wanted
    import torch  # noqa: PLC0415 - it takes seconds

    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if wanted == "auto":
        return "cuda" if gpus else "cpu"
    kind, _, number = wanted.partition(":")
    usable = int(number or 0) < gpus if kind == "cuda" else torch.backends.mps.is_available()
    if not usable:
        message = f"There is no usable GPU for INFERENCE_DEVICE={wanted}: set it to cpu or auto."
        raise WriterMissingError(message)
    return wanted
