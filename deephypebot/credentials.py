"""Where credentials are kept: lines of a `.env` file, or a file for each secret.

Either way only their owner may read them, and what is replaced is replaced whole or not at all.
"""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Protocol

from dotenv import dotenv_values
from dotenv.parser import parse_stream

from deephypebot.errors import CommandError
from services.common.private_file import write_private_file

PLAIN = re.compile(r"[A-Za-z0-9_.:/@+-]+")
ASSIGNMENT = re.compile(
    r"""
    (?P<head>\s* (?:export[^\S\r\n]+)? [^=\s]+ [^\S\r\n]* =)
    (?: [^\S\r\n]*'(?:\\.|[^'\\])*' | [^\S\r\n]*"(?:\\.|[^"\\])*" | [^\r\n]*? )
    (?P<tail>(?:[^\S\r\n]+\#[^\r\n]*)? [^\S\r\n]* (?:\r\n|\n|\r)?)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Credential:
    """A setting and its value; some are no secret."""

    name: str
    value: str = field(repr=False)
    secret: bool = True


class Keeper(Protocol):
    def check(self) -> None:
        """Raises CommandError where nothing can be kept, as far as that shows beforehand."""

    def keep(self, credentials: Sequence[Credential]) -> list[str]:
        """Keep them; what the operator is to know about it. Raises CommandError."""


@dataclass(frozen=True)
class DotenvFile:
    path: Path

    def check(self) -> None:
        self._read()
        _refuse_unwritable(self._place().parent, "--env")

    def keep(self, credentials: Sequence[Credential]) -> list[str]:
        values = {each.name: each.value for each in credentials}
        content = with_values(self._read(), values)
        found = dotenv_values(stream=StringIO(content))
        if lost := [name for name in values if found.get(name) != values[name]]:
            raise CommandError(f"A .env file cannot hold {lost[0]} as it is: use --secrets.")
        try:
            write_private_file(self._place(), content)
        except OSError as error:
            raise CommandError(_unwritable(self.path, error.strerror, "--env")) from error
        stored = f"Stored in {self.path}, which only you may read: {', '.join(values)}."
        return [stored, *map(_first, _shadows(values, [*values, *map("{}_FILE".format, values)]))]

    def _place(self) -> Path:
        """Where the file is, should the path be a link to it."""
        return self.path.resolve()

    def _read(self) -> str:
        try:
            # Ends of lines stay as they are.
            with self.path.open(encoding="utf-8", newline="") as file:
                return file.read()
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is no UTF-8 text"
            raise CommandError(f"{self.path} cannot be read ({reason}): see --env.") from error


@dataclass(frozen=True)
class SecretFolder:
    """A file for each secret, as orchestrators mount them; what is no secret is only named."""

    path: Path

    def check(self) -> None:
        place = self.path.resolve()
        existing = next(each for each in (place, *place.parents) if each.exists())
        _refuse_unwritable(existing, "--secrets")

    def keep(self, credentials: Sequence[Credential]) -> list[str]:
        folder = self.path.resolve()
        settings = []
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for each in credentials:
                file = folder / each.name.lower()
                if each.secret:
                    write_private_file(file, each.value)
                settings.append(
                    f"{each.name}_FILE={file}" if each.secret else f"{each.name}={each.value}"
                )
        except OSError as error:
            raise CommandError(_unwritable(folder, error.strerror, "--secrets")) from error
        values = {each.name: each.value for each in credentials}
        return [
            f"Stored in {folder}, in files that only you may read.",
            "Set these in the environment of the services:",
            *(f"  {setting}" for setting in settings),
            *map(_first, _shadows(values, values)),
        ]


def with_values(text: str, values: Mapping[str, str]) -> str:
    """The text of a .env file with these values, in the place of older ones or else at its end."""
    lines, new = [], dict(values)
    for binding in parse_stream(StringIO(text)):
        line, name = binding.original.string, binding.key
        if name is not None and name in values:
            line = _assigned(line, name, quoted(values[name]))
            new.pop(name, None)
        lines.append(line)
    if new and lines and not lines[-1].endswith(("\n", "\r")):
        lines.append("\n")
    return "".join(lines) + "".join(f"{name}={quoted(new[name])}\n" for name in new)


def quoted(value: str) -> str:
    """As python-dotenv reads it back; it fills in `${NAME}` in quotes, too."""
    if PLAIN.fullmatch(value):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _assigned(line: str, name: str, value: str) -> str:
    """The line with another value; its comment stays."""
    match = ASSIGNMENT.fullmatch(line)
    return f"{match['head']}{value}{match['tail']}" if match else f"{name}={value}\n"


def _shadows(values: Mapping[str, str], names: Iterable[str]) -> list[str]:
    """Those in the environment that come before what was stored, and say something else."""
    set_there = {name: os.environ.get(name) for name in names}
    return [name for name, there in set_there.items() if there and there != values.get(name)]


def _first(name: str) -> str:
    return f"ATTENTION: {name} in the environment comes first: unset it there."


def _refuse_unwritable(folder: Path, option: str) -> None:
    if not folder.is_dir():
        raise CommandError(_unwritable(folder, "it is no folder", option))
    if not os.access(folder, os.W_OK | os.X_OK):
        raise CommandError(_unwritable(folder, "permission denied", option))


def _unwritable(path: Path, reason: str | None, option: str) -> str:
    return f"{path} cannot be written to ({reason}): see {option}."
