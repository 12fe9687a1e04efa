"""`deephypebot evaluate`: the measures of a trained writer, with what they need checked first."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from deephypebot.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from model.evaluation.run import Evaluation


def evaluate(
    bundle: Path, output: Path | None, *, quick: bool, options: dict[str, object]
) -> tuple[Path, Evaluation]:
    """Measure a writer; the folder of the page, and the figures.

    `options` are settings of the evaluation by name; None leaves the default. Raises CommandError
    and ModelError.
    """
    try:
        # Only here do torch and scikit-learn matter.
        from model.evaluation import run  # noqa: PLC0415
        from model.evaluation.settings import EvaluationSettings  # noqa: PLC0415
    except ImportError as error:
        raise CommandError(
            f"{error}: install what an evaluation needs with "
            "`pip install --constraint constraints.txt '.[train]'`."
        ) from error
    given = {name: value for name, value in options.items() if value is not None}
    usual = EvaluationSettings().quick() if quick else EvaluationSettings()
    settings = replace(usual, **given)  # type: ignore[arg-type]  # the command line types them
    folder = output or bundle.with_name(f"{bundle.name}-evaluation")
    return folder, run.evaluate(bundle, folder, settings)


def verdicts(evaluation: Evaluation) -> Iterator[str]:
    """A line for each bar."""
    words = {True: "holds", False: "DOES NOT HOLD", None: "not measured"}
    for one in evaluation.verdicts:
        measured = "-" if one.value is None else f"{one.value:.4g}"
        bar = f"{one.bar.side} {one.bar.limit:g}"
        yield f"{one.bar.claim:44} {measured:>9}   {bar:13}  {words[one.holds]}"
