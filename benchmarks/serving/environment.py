"""The peers' own virtual environment: the project as it is here, and each peer that can be had."""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from benchmarks.serving.processes import ROOT, last_line

PROJECT = ("torch==2.13.0", "--editable", f"{ROOT}[inference]")
MADE = "installed.json"  # package -> why it is missing, or null


def make(folder: Path, packages: Iterable[str], python: str = sys.executable) -> dict[str, str]:
    """Make the environment, or complete it; returns why packages are missing, by package.

    Each peer is installed by itself, so that one that can't be had keeps no other away.
    """
    record = folder / MADE
    if not record.is_file():
        print(f"making {folder} ...", file=sys.stderr, flush=True)
        subprocess.run([python, "-m", "venv", str(folder)], check=True)
        reason = _install(folder, *PROJECT)
        if reason:
            sys.exit(f"The project could not be installed into {folder}: {reason}")
        record.write_text("{}")
    outcome: dict[str, str | None] = json.loads(record.read_text())
    for package in dict.fromkeys(packages):
        if package not in outcome:
            outcome[package] = _install(folder, package)
            record.write_text(json.dumps(outcome, indent=1))
    return {package: reason for package, reason in outcome.items() if reason}


def interpreter(folder: Path) -> str:
    """The environment's Python."""
    return str(folder / "bin" / "python")


def _install(folder: Path, *packages: str) -> str | None:
    """Why packages could not be installed; None when they were."""
    print(f"installing {' '.join(packages)} ...", file=sys.stderr, flush=True)
    constraints = ["--constraint", str(ROOT / "constraints.txt")]
    done = subprocess.run(
        [interpreter(folder), "-m", "pip", "install", "--quiet", *constraints, *packages],
        capture_output=True,
        text=True,
        check=False,
    )
    return None if done.returncode == 0 else f"pip: {last_line(done.stderr)}"
