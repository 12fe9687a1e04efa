"""Folders of JSON Lines: every object made into what it stands for, or named by file and line."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from model.errors import CorpusError

_Record = TypeVar("_Record")


def files_of(folder: Path, holds: str) -> list[Path]:
    """The files of a folder in the order of their names.

    Raises:
        CorpusError: there are none; the message says what the folder should hold, and where it is.
    """
    files = sorted(folder.glob("*.jsonl"))
    if not files:
        raise CorpusError(
            f"no .jsonl files in {folder}; pass the folder that holds {holds} "
            "in a checkout of this repository"
        )
    return files


def records(
    file: Path, made: Callable[[dict[str, Any]], _Record], expected: str
) -> Iterator[_Record]:
    """What `made` makes of each object of a file.

    Raises:
        CorpusError: a line is no JSON, or lacks what `made` wants of it.
    """
    for number, raw in enumerate(file.read_text("utf-8").splitlines(), start=1):
        try:
            record = made(json.loads(raw))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CorpusError(
                f"{file}, line {number}: expected an object with {expected}, found {raw[:80]!r}"
            ) from error
        yield record
