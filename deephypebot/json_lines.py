"""JSON Lines in: one object a line, and an error that names the line."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deephypebot.errors import CommandError

STANDARD_INPUT = "-"


def read_objects(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each object with its place ("posts.jsonl:3"); `-` is standard input, empty lines are skipped.

    Raises CommandError when the file or a line cannot be read.
    """
    for number, line in enumerate(_lines(name), 1):
        if line.strip():
            place = f"line {number}" if name == STANDARD_INPUT else f"{name}:{number}"
            yield place, _object(line, place)


def _lines(name: str) -> Iterator[bytes]:
    if name == STANDARD_INPUT:
        yield from sys.stdin.buffer
        return
    try:
        with Path(name).open("rb") as lines:
            yield from lines
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}.") from error


def _object(line: bytes, place: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise CommandError(f"{place}: not JSON ({error}).") from error
    if not isinstance(value, dict):
        raise CommandError(f"{place}: a JSON object is needed, not {type(value).__name__}.")
    return value


def text_of(value: dict[str, Any], place: str) -> str:
    """The object's `text`; raises CommandError when it has none."""
    text = value.get("text")
    if not isinstance(text, str):
        raise CommandError(f"{place}: an object with a string `text` is needed.")
    return text
