"""What a server costs: the accounts of its processes in /proc.

A server's processes are those that carry its mark in their environment, and their descendants:
frameworks start workers, and some of these outlive the process that started them or leave its
group.
"""

import os
from collections.abc import Iterable
from pathlib import Path

MARK = "SERVING_BENCHMARK_MARK"
TICK = os.sysconf("SC_CLK_TCK")


def members(mark: str) -> list[int]:
    """The processes of a server."""
    parents = {pid: parent for pid in everyone() if (parent := _parent(pid)) is not None}
    found = {pid for pid in parents if _marked(pid, mark)}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return sorted(found)


def cpu_seconds(mark: str) -> float:
    """Processor time of a server so far, that of its ended children included."""
    return (
        sum(sum(map(int, fields[11:15])) for fields in map(_stat, members(mark)) if fields) / TICK
    )


def resident_mebibytes(mark: str) -> float:
    """Memory of a server; what its processes share counts once (proportional set size)."""
    return sum(map(_proportional_kibibytes, members(mark))) / 1024


def most_resident_mebibytes(mark: str) -> float:
    """The most memory that a server's processes ever had, what they share counted for each."""
    return sum(map(_most_resident_kibibytes, members(mark))) / 1024


def machine_seconds() -> float:
    """Processor time that all processes of the machine have used."""
    user, nice, system, _, _, interrupt, soft, *_ = map(
        int, Path("/proc/stat").read_text("ascii").partition("\n")[0].split()[1:]
    )
    return (user + nice + system + interrupt + soft) / TICK


def everyone() -> list[int]:
    """All processes of the machine."""
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def living(pids: Iterable[int]) -> set[tuple[int, str]]:
    """Those that have not ended, each with when it started: numbers are given out again."""
    found = [(pid, _stat(pid)) for pid in pids]
    return {(pid, fields[19]) for pid, fields in found if fields and fields[0] != "Z"}


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the third on; none if it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def _proportional_kibibytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
    except OSError:
        return 0
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _most_resident_kibibytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)


def _parent(pid: int) -> int | None:
    fields = _stat(pid)
    return int(fields[1]) if fields and fields[0] != "Z" else None


def _marked(pid: int, mark: str) -> bool:
    try:
        return f"{MARK}={mark}".encode() in Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False
