"""`deephypebot sheet`: make the Google Sheet ready; move drafts and decisions between sheets.

An operator changes from one sheet to the other with the bot stopped: `sheet export` from the one,
`sheet import` to the other, then SHEET. What was decided stays decided, what is published stays
published, and words that stand in the target are never written over.
"""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import chain
from pathlib import Path
from typing import Any, Literal, TypeVar

from prometheus_client import CollectorRegistry
from pydantic import BaseModel, ValidationError

from deephypebot.data_folder import claimed
from deephypebot.errors import CommandError
from deephypebot.json_lines import read_objects
from services.common.logs import configure_logs
from services.common.problems import ProblemError
from services.common.serve import load_settings
from services.gateway.app import open_gateway_database
from services.gateway.settings import GatewaySettings
from services.gateway.sheets.google import GoogleSheet, Prepared
from services.gateway.sheets.local import LocalSheet
from services.gateway.sheets.opening import open_google
from services.gateway.sheets.records import row_of
from services.gateway.sheets.rows import COLUMNS, Cell
from services.gateway.sheets.sheet import Carried, DeskDraft, Movable
from services.gateway.vendor_calls import VendorCalls, VendorMetrics

T = TypeVar("T")
SheetName = Literal["local", "google"]

FORMATS = (".jsonl", ".csv")
SHOWN = COLUMNS[:-1]  # without the details, which are for machines


class Exported(BaseModel):
    """What a file now holds."""

    sheet: SheetName
    file: str
    drafts: int
    decided: int
    published: int


def settings_for(data: Path) -> GatewaySettings:
    """What the gateway would read, on this data folder."""
    configure_logs("sheet", "error")
    return load_settings(GatewaySettings).model_copy(update={"data_dir": data})


def init(data: Path) -> Prepared:
    """Make the worksheet ready for curators. Raises CommandError and SettingsError."""
    settings = settings_for(data)

    async def prepare() -> Prepared:
        async with google(settings) as sheet:
            return await sheet.prepare()

    return _run(prepare)


def export(name: SheetName | None, file: Path, data: Path) -> Exported:
    """Write everything in a sheet to a file, which is there whole or not at all.

    Raises CommandError and SettingsError.
    """
    if file.suffix not in FORMATS:
        raise CommandError(f"{file}: name a file that ends in {' or '.join(FORMATS)}.")
    settings = settings_for(data)
    name = name or settings.sheet

    async def read() -> list[DeskDraft]:
        async with opened(name, settings) as sheet:
            return await sheet.records()

    records = _run(read)
    lines = as_csv(records) if file.suffix == ".csv" else as_json_lines(records)
    _write(file, lines)
    return Exported(
        sheet=name,
        file=str(file),
        drafts=len(records),
        decided=sum(record.decision is not None for record in records),
        published=sum(
            record.outcome is not None and record.outcome.state == "published" for record in records
        ),
    )


def import_(name: SheetName | None, file: str, data: Path) -> Carried:
    """Carry a file's records into a sheet. Raises CommandError and SettingsError."""
    if file.endswith(".csv"):
        raise CommandError(f"{file}: a CSV is for reading; import what was exported as .jsonl.")
    records = list(read_records(file))
    settings = settings_for(data)

    async def carry() -> Carried:
        async with opened(name or settings.sheet, settings) as sheet:
            return await sheet.carry(records)

    with claimed(data):  # a running bot could choose the same rows
        return _run(carry)


def read_records(file: str) -> Iterator[DeskDraft]:
    """The records of a JSON Lines file; raises CommandError that names the line."""
    for place, value in read_objects(file):
        try:
            record = DeskDraft.model_validate(value)
        except ValidationError as error:
            fault = error.errors()[0]
            where = ".".join(map(str, fault["loc"]))
            raise CommandError(
                f"{place}: no record of `sheet export` ({where}: {fault['msg']})."
            ) from error
        if record.decision is not None and record.decision.draft_id != record.draft.id:
            raise CommandError(f"{place}: the decision is on another draft than the one beside it.")
        yield record


def as_json_lines(records: Iterable[DeskDraft]) -> Iterator[str]:
    return (f"{record.model_dump_json()}\n" for record in records)


def as_csv(records: Iterable[DeskDraft]) -> Iterator[str]:
    """A table as the Google Sheet shows it; nothing in it is a formula to whoever opens it."""
    rows = (row_of(record)[: len(SHOWN)] for record in records)
    for row in chain[Sequence[Cell]]([SHOWN], rows):
        line = io.StringIO()
        csv.writer(line).writerow(row)
        yield line.getvalue()


@asynccontextmanager
async def google(settings: GatewaySettings) -> AsyncIterator[GoogleSheet]:
    metrics = VendorMetrics(CollectorRegistry())
    sheet = open_google(settings, VendorCalls("google", settings.upstream_timeout, metrics))
    try:
        yield sheet
    finally:
        sheet.close()


@asynccontextmanager
async def opened(name: SheetName, settings: GatewaySettings) -> AsyncIterator[Movable]:
    if name == "google":
        async with google(settings) as sheet:
            yield sheet
        return
    engine = open_gateway_database(settings)
    try:
        yield LocalSheet(engine)
    finally:
        engine.dispose()


def _run(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    try:
        return asyncio.run(work())
    except ProblemError as error:
        raise CommandError(error.detail) from error


def _write(file: Path, lines: Iterable[str]) -> None:
    unfinished = file.with_name(f"{file.name}.unfinished")
    try:
        with unfinished.open("w", encoding="utf-8", newline="") as stream:
            stream.writelines(lines)
        unfinished.replace(file)
    except OSError as error:
        raise CommandError(f"{file} cannot be written: {error.strerror}.") from error


def told_ready(prepared: Prepared) -> str:
    done = ", ".join(prepared.deeds) or "there was nothing to do"
    return f"The worksheet is ready ({done}): {prepared.address}"


def told_exported(exported: Exported) -> str:
    return (
        f"{exported.file} holds {exported.drafts} drafts of the {exported.sheet} sheet: "
        f"{exported.decided} decided, {exported.published} published."
    )


def told_carried(carried: Carried) -> str:
    return (
        f"{carried.new} drafts are new, {carried.decided} decisions came along, "
        f"{carried.published} are published; on {carried.kept} the words that stood there "
        "were kept."
    )
