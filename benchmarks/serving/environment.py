"""The peers' own virtual environments: the project as it is here, and each peer that can be had."""

import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.serving.processes import ROOT, last_line
from benchmarks.serving.servers import Server

PROJECT = ("torch==2.13.0", "--editable", f"{ROOT}[inference]")


@dataclass(frozen=True)
class Environment:
    """A virtual environment in a folder, and its record of what is in it."""

    folder: Path
    python: str  # that it is made with

    @property
    def interpreter(self) -> str:
        """Its Python."""
        return str(self.folder / "bin" / "python")

    def has_project(self) -> str | None:
        """Make it if it isn't there; returns why that can't be done."""
        if not Path(self.interpreter).is_file():
            _say(f"making {self.folder}")
            made = [self.python, "-m", "venv", str(self.folder)]
            if reason := _failure(made):
                return reason
        if self._record.is_file():
            return None
        reason = self._install("--constraint", str(ROOT / "constraints.txt"), *PROJECT)
        if reason is None:
            frozen = [self.interpreter, "-m", "pip", "freeze", "--exclude-editable"]
            self._frozen.write_text(subprocess.check_output(frozen, text=True))
            self._record.write_text("{}")
        return reason

    def has(self, server: Server) -> str | None:
        """Install what a peer needs; returns why it can't be had.

        In the environment that peers share, none may change what the project runs on.
        """
        if server.package is None:
            return None
        tried: dict[str, str | None] = json.loads(self._record.read_text())
        if server.package not in tried:
            fixed = () if server.own_environment else ("--constraint", str(self._frozen))
            tried[server.package] = self._install(*fixed, server.package)
            self._record.write_text(json.dumps(tried, indent=1))
        return tried[server.package]

    @property
    def _record(self) -> Path:
        """Package -> why it is missing, or null."""
        return self.folder / "tried.json"

    @property
    def _frozen(self) -> Path:
        return self.folder / "project.txt"

    def _install(self, *what: str) -> str | None:
        _say(f"installing {what[-1]}")
        return _failure([self.interpreter, "-m", "pip", "install", "--quiet", *what])


class Here(Environment):
    """The environment of this very process, which is left as it is."""

    def __init__(self) -> None:
        super().__init__(Path(sys.prefix), sys.executable)

    @property
    def interpreter(self) -> str:
        return sys.executable

    def has_project(self) -> str | None:
        return None

    def has(self, server: Server) -> str | None:
        return server.package and "not looked for: nothing is installed with --here"


class Environments:
    """That which most peers share, and the own ones of those that get on with none.

    Where nothing can be installed, all runs `here`, and peers that need more are missing.
    """

    def __init__(self, folder: Path, *, here: bool = False) -> None:
        self.folder = folder
        self._here = here

    def of(self, server: Server) -> Environment:
        """Where a server runs."""
        if self._here:
            return Here()
        name = server.own_environment or "shared"
        return Environment(self.folder / name, server.python or sys.executable)

    def make(self, servers: Iterable[Server]) -> dict[str, str]:
        """Make them; returns which peers can't be had, and why."""
        self.folder.mkdir(parents=True, exist_ok=True)
        missing = {}
        for server in servers:
            environment = self.of(server)
            if reason := environment.has_project() or environment.has(server):
                missing[server.name] = reason
        return missing


def _failure(command: list[str]) -> str | None:
    """Run a command; returns its last words if it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        return str(error)
    return None if done.returncode == 0 else last_line(done.stderr or done.stdout)


def _say(what: str) -> None:
    print(what, "...", file=sys.stderr, flush=True)
