"""`deephypebot doctor`: what is configured, what answers, what is missing and what to do.

Every check gives findings; a finding that is `wrong` says what to do about it. No secret is
ever shown, only its name.
"""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

import httpx

from deephypebot.embedded import House, Wishes
from deephypebot.errors import CommandError
from deephypebot.ports import is_free, refuse_twins
from deephypebot.refusals import refusals
from deephypebot.vendors import (
    TIMELINES,
    Environment,
    Standing,
    mixture,
    refuse_unbounded,
    sheet_lacks,
)
from model.errors import ModelError

PYTHONS = ((3, 11), (3, 14))
ENOUGH_BYTES = 500_000_000
GIGABYTE = 1e9


@dataclass(frozen=True)
class Finding:
    """`note`: nothing is broken, but somebody may want to know."""

    about: str
    state: Literal["ok", "note", "wrong"]
    detail: str
    remedy: str = ""


def examine(data: Path, *, as_json: bool) -> int:
    """Print all findings; 0 when the bot can be used as it is, otherwise 1."""
    findings = list(_findings(data))
    usable = all(finding.state != "wrong" for finding in findings)
    if as_json:
        print(json.dumps({"usable": usable, "findings": [asdict(one) for one in findings]}))
    else:
        print("\n".join(map(_line, findings)))
        print("\nReady to use." if usable else "\nNot usable yet: see the lines marked 'wrong'.")
    return 0 if usable else 1


def _line(finding: Finding) -> str:
    remedy = f": {finding.remedy}" if finding.remedy else ""
    return f"{finding.about:<12} {finding.state:<6} {finding.detail}{remedy}"


def _findings(data: Path) -> Iterator[Finding]:
    yield _python()
    yield _torch()
    environment = Environment.here()
    yield _bundle(environment)
    yield _folder(data)
    yield _disk(data)
    yield _sheet(environment)
    try:
        house = House(Wishes(data), environment)
        refuse_twins(house.port_settings())
    except CommandError as error:
        yield Finding("settings", "wrong", str(error))
        return
    yield from _settings(house)
    yield from map(_vendor, house.standings)
    try:
        refuse_unbounded(house.standings, environment)
    except CommandError as error:
        yield Finding("X", "wrong", str(error))
    if warning := mixture(house.standings):
        yield Finding("vendors", "note", warning)
    for name, setting in zip(house.ports, house.port_settings(), strict=True):
        yield _service(name, setting, house)


def _python() -> Finding:
    number = ".".join(map(str, sys.version_info[:3]))
    least, beyond = PYTHONS
    if least <= sys.version_info[:2] < beyond:
        return Finding("Python", "ok", number)
    return Finding("Python", "wrong", number, "Python 3.11, 3.12 or 3.13 is needed")


def _torch() -> Finding:
    try:
        return Finding("torch", "ok", version("torch"))
    except PackageNotFoundError:
        remedy = "pip install --constraint constraints.txt '.[inference]'"
        return Finding("torch", "wrong", "not installed; the writer needs it", remedy)


def _bundle(environment: Environment) -> Finding:
    folder = environment.get("INFERENCE_BUNDLE")
    try:
        from model.bundle import SHIPPED, Bundle  # noqa: PLC0415 - imports torch, if there is one

        bundle = Bundle.load(Path(folder) if folder else SHIPPED)
    except ImportError as error:
        return Finding("writer", "wrong", f"cannot be loaded: {error}", "see torch")
    except ModelError as error:
        return Finding("writer", "wrong", str(error))
    return Finding("writer", "ok", f"{bundle.name}, revision {bundle.revision}")


def _nearest_existing(folder: Path) -> Path:
    return next(one for one in (folder, *folder.parents) if one.exists())


def _folder(data: Path) -> Finding:
    existing = _nearest_existing(data)
    if existing.is_dir() and os.access(existing, os.W_OK | os.X_OK):
        return Finding("data", "ok", f"{data} can be written to")
    remedy = "change its permissions, or choose another with --data or DATA_DIR"
    return Finding("data", "wrong", f"{data} cannot be written to", remedy)


def _disk(data: Path) -> Finding:
    free = shutil.disk_usage(_nearest_existing(data)).free
    detail = f"{free / GIGABYTE:.1f} GB free"
    if free >= ENOUGH_BYTES:
        return Finding("disk", "ok", detail)
    return Finding("disk", "wrong", detail, f"make room: {ENOUGH_BYTES / GIGABYTE:g} GB is little")


def _sheet(environment: Environment) -> Finding:
    if environment.get("SHEET") != "google":
        return Finding("sheet", "ok", "local: drafts are curated on the page /curate")
    if missing := sheet_lacks(environment):
        return Finding("sheet", "wrong", "Google's, half configured", f"set {' '.join(missing)}")
    return Finding("sheet", "ok", "Google's")


def _settings(house: House) -> Iterator[Finding]:
    faults = refusals(house.programs())
    for fault in faults:
        yield Finding("settings", "wrong", fault)
    if not faults:
        yield Finding("settings", "ok", "every service can start with its own")


def _vendor(standing: Standing) -> Finding:
    name = standing.vendor.name
    if standing.live:
        return Finding(name, "ok", f"live, by {' '.join(standing.vendor.credentials)}")
    remedy = f"set {' '.join(standing.missing)}"
    if timeline := next((key for key, each in TIMELINES.items() if each is standing.vendor), None):
        remedy = f"`deephypebot login {timeline}`, or {remedy}"
    if standing.half:
        return Finding(name, "wrong", "half configured", remedy)
    return Finding(name, "ok", "played by the sandbox", f"to go live, {remedy}")


def _service(name: str, setting: str, house: House) -> Finding:
    url = house.url(name)
    if is_free(house.ports[name]):
        return Finding(name, "note", f"not running; its port {house.ports[name]} is free")
    try:
        answer = httpx.get(f"{url}/readyz", trust_env=False, timeout=5.0)
        state = answer.json()
    except (httpx.HTTPError, ValueError):
        state = None
    if not isinstance(state, dict) or "status" not in state:
        remedy = f"stop it, or set {setting}"
        return Finding(name, "wrong", f"port {house.ports[name]} is another program's", remedy)
    if answer.is_success:
        return Finding(name, "ok", f"ready at {url}")
    missing = "; ".join(f"{what}: {why}" for what, why in state.get("missing", {}).items())
    return Finding(name, "wrong", f"not ready at {url}", missing)
