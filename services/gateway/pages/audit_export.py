"""The audit log as a file: JSON Lines for programs, CSV for a spreadsheet."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields
from datetime import datetime

from services.gateway.audit import Entry

# A cell that begins so is a formula to a spreadsheet, or hides one behind white space;
# some take the full-width signs too.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
COLUMNS = tuple(field.name for field in fields(Entry))


def as_json_lines(entries: Iterable[Entry]) -> Iterator[str]:
    for entry in entries:
        yield json.dumps(asdict(entry), default=datetime.isoformat, ensure_ascii=False) + "\n"


def as_csv(entries: Iterable[Entry]) -> Iterator[str]:
    """With a head row; what a spreadsheet would run is text there, behind an apostrophe."""
    page = io.StringIO()
    writer = csv.writer(page)
    writer.writerow(COLUMNS)
    for entry in entries:
        yield _taken(page)
        writer.writerow([cell(value) for value in asdict(entry).values()])
    yield _taken(page)


def cell(value: object) -> str:
    if value is None:
        return ""
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text


def _taken(page: io.StringIO) -> str:
    text = page.getvalue()
    page.seek(0)
    page.truncate()
    return text
