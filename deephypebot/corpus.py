"""`deephypebot corpus`: what a writer learns from, counted, and more of it imported."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from deephypebot.errors import CommandError
from model.corpus.families import family
from model.corpus.funnel import Funnel, funnel
from model.corpus.lines import ORIGINALS


def count(folder: Path | None) -> Funnel:
    """The corpus of a folder, the repository's own unless one is named. Raises ModelError."""
    return funnel(folder or ORIGINALS)


def as_json(found: Funnel) -> str:
    """The counts as one JSON object."""
    return json.dumps(asdict(found))


def told(found: Funnel) -> Iterator[str]:
    """The counts for people, a line each: the funnel, then every genre with its family."""
    yield from (f"{name:40} {lines:>11,}" for name, lines in found.rows().items())
    yield ""
    yield from (f"{name:26} {family(name):22} {lines:>7,}" for name, lines in found.genres.items())


def import_sets(data: Path, output: Path) -> Iterator[str]:
    """Import the open sets under a folder; a line of counts for each.

    Raises CommandError and ModelError.
    """
    try:
        # Only here does the parser of wikitext matter.
        from model.corpus import open_sets  # noqa: PLC0415
    except ImportError as error:
        raise CommandError(
            f"{error}: install what an import needs with "
            "`pip install --constraint constraints.txt '.[train]'`."
        ) from error
    if output.is_file():
        raise CommandError(f"{output} is a file; name a folder for the imported lines.")
    try:
        found = open_sets.import_sets(data, output)
    except (OSError, ValueError, KeyError) as error:
        raise CommandError(
            f"The sets in {data} are not as they are published ({error!r}); fetch them again."
        ) from error
    return (_counts(name, fates) for name, fates in found.items())


def _counts(name: str, fates: Counter[str]) -> str:
    parts = ", ".join(f"{fate} {lines}" for fate, lines in fates.most_common())
    return f"{name}: {fates.total()} sentences: {parts}"
