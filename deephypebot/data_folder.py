"""The data folder: one bot at a time, and never two timelines in one memory."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from deephypebot.errors import CommandError
from deephypebot.vendors import Environment

DEFAULT = "data"
LOCK = "up.lock"
TIMELINE = "timeline"


def folder_of(wish: Path | None) -> Path:
    """The folder that was asked for, else the setting's, else `data` here."""
    return (wish or Path(Environment.here().get("DATA_DIR") or DEFAULT)).resolve()


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Hold the folder; the kernel lets go of it when this process ends, however it ends.

    Raises CommandError when it cannot be written to, or when another process holds it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / LOCK).open("a+", encoding="utf-8")
    except OSError as error:
        raise CommandError(_unwritable(folder, error)) from error
    with lock:
        _take(lock, folder)
        yield


def _take(lock: TextIO, folder: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.seek(0)
        raise CommandError(
            f"Another deephypebot (process {lock.read().strip() or 'unknown'}) runs on the data "
            f"folder {folder}: stop it, or choose another folder with --data."
        ) from error
    lock.seek(0)
    lock.truncate()
    lock.write(f"{os.getpid()}\n")
    lock.flush()


def remember_timeline(folder: Path, timeline: str) -> None:
    """Keep a folder to the timeline it began with: `sandbox`, or a platform's name.

    What was approved under the sandbox must never reach a real account, nor a real cursor the
    sandbox. Raises CommandError.
    """
    note = folder / TIMELINE
    try:
        if not note.exists():
            note.write_text(f"{timeline}\n", encoding="utf-8")
        before = note.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise CommandError(_unwritable(folder, error)) from error
    if before != timeline:
        raise CommandError(
            f"The data folder {folder} belongs to the timeline '{before}', and this would be "
            f"'{timeline}': choose another folder with --data, so that drafts approved for one "
            "are never published to the other."
        )


def _unwritable(folder: Path, error: OSError) -> str:
    return f"The data folder {folder} cannot be written to ({error.strerror}): see --data."
