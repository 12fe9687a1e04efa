"""`deephypebot report`: the pictures of a trained writer, with what they need checked first."""

from pathlib import Path

from deephypebot.errors import CommandError


def report(bundle: Path | None, output: Path, *, quick: bool, options: dict[str, object]) -> Path:
    """Draw a writer, the shipped one unless a folder is named; the file of the page.

    `options` are settings of the report by name; None leaves the default. Raises CommandError and
    ModelError.
    """
    try:
        # Only here do torch, scikit-learn and matplotlib matter.
        from model.bundle import SHIPPED  # noqa: PLC0415
        from model.report import run  # noqa: PLC0415
        from model.report.settings import ReportSettings  # noqa: PLC0415
    except ImportError as error:
        raise CommandError(
            f"{error}: install what a report needs with "
            "`pip install --constraint constraints.txt '.[train]'`."
        ) from error
    if output.is_file():
        raise CommandError(f"{output} is a file; name a folder for the report.")
    given = {name: value for name, value in options.items() if value is not None}
    settings = ReportSettings(**given)  # type: ignore[arg-type]  # the command line types them
    run.report(bundle or SHIPPED, output, settings.quick() if quick else settings)
    return output / run.PAGE
