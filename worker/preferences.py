"""`python -m worker --export-preferences FILE`: what the next LC-GAN learns from, as JSON Lines."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from worker.store import Store

STDOUT = "-"


def export(store: Store, target: str) -> int:
    """Write a line per draft into a file, or to stdout (`-`); how many. Raises OSError."""
    count = 0
    with _opened(target) as lines:
        for record in store.preferences.records():
            lines.write(json.dumps(record) + "\n")
            count += 1
    return count


@contextmanager
def _opened(target: str) -> Iterator[TextIO]:
    """A file that takes its name when it is complete."""
    if target == STDOUT:
        yield sys.stdout
        return
    path = Path(target)
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        with unfinished.open("w", encoding="utf-8") as lines:
            yield lines
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
