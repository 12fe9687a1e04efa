"""Writes docs/settings.md from the settings classes: `python -m deephypebot.settings_table`.

A test fails when the file and the classes disagree.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from annotated_types import Ge, Gt, Le
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from services.common.settings import ServiceSettings, environment_name
from services.gateway.settings import GatewaySettings
from services.inference.settings import InferenceSettings
from services.sandbox.settings import SandboxSettings
from worker.settings import WorkerSettings

SERVICES: dict[str, type[ServiceSettings]] = {
    "gateway": GatewaySettings,
    "inference": InferenceSettings,
    "worker": WorkerSettings,
    "sandbox": SandboxSettings,
}
HEADER = """\
# Settings

Written by `python -m deephypebot.settings_table`; the text is the settings classes' own.

Each is an environment variable, or a line in a `.env` file in the working directory; the
environment wins. `NAME_FILE=/path/to/file` in the environment gives a value as a file's content,
for secrets. An empty value is no value. `deephypebot up` listens on loopback whatever `*_HOST`
says, and for vendors without credentials sets what points them at the sandbox.
"""


@dataclass(frozen=True)
class Setting:
    """An environment variable, and the services that read it."""

    name: str
    services: tuple[str, ...]
    default: str
    description: str
    bounds: str

    def row(self) -> str:
        text = f"{self.description} {self.bounds}".rstrip()
        return f"| `{self.name}` | {_escaped(self.default)} | {_escaped(text)} |"


def settings() -> list[Setting]:
    """Every setting of every service, once."""
    readers: dict[str, list[str]] = {}
    fields: dict[str, FieldInfo] = {}
    for service, kind in SERVICES.items():
        for field_name, field in kind.model_fields.items():
            name = environment_name(kind, field_name, field)
            readers.setdefault(name, []).append(service)
            fields.setdefault(name, field)
    return [
        Setting(
            name,
            tuple(readers[name]),
            _default(field),
            field.description or "",
            _bounds(field),
        )
        for name, field in fields.items()
    ]


def page() -> str:
    return "\n".join(_page())


def _page() -> Iterator[str]:
    every = settings()
    yield HEADER
    yield from _section("Shared by several services", [s for s in every if len(s.services) > 1])
    for service in SERVICES:
        yield from _section(service.capitalize(), [s for s in every if s.services == (service,)])


def _section(title: str, members: list[Setting]) -> Iterator[str]:
    yield f"## {title}\n"
    yield "| setting | default | what it does |"
    yield "|---|---|---|"
    yield from (setting.row() for setting in members)
    yield ""


def _default(field: FieldInfo) -> str:
    value = field.default
    if value is PydanticUndefined or value in (None, (), ""):
        return ""
    if isinstance(value, tuple):
        value = ",".join(map(str, value))
    if isinstance(value, bool):
        value = str(value).lower()
    return f"`{value}`"


def _bounds(field: FieldInfo) -> str:
    """From where to where a number goes, in words; empty for what is none."""
    said = []
    for bound in field.metadata:
        match bound:
            case Ge(ge=least):
                said.append(f"from {least:,.10g}")
            case Gt(gt=below):
                said.append(f"above {below:,.10g}")
            case Le(le=most):
                said.append(f"up to {most:,.10g}")
    return f"{' '.join(said).capitalize()}." if said else ""


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    target = Path(__file__).resolve().parent.parent / "docs" / "settings.md"
    target.write_text(page(), encoding="utf-8")
    print(f"wrote {target}", file=sys.stderr)


if __name__ == "__main__":
    main()
