"""Times the local desk with many waiting posts, before the real gateway and in Chromium.

`python -m benchmarks.desk [--items 10000]`. The first answer of each kind is that of a gateway that
was just started; the following ones give median and worst.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.desk.asking import a_gateway, times
from benchmarks.desk.filling import APPROVED, fill
from benchmarks.serving.accounts import most_resident_mebibytes, resident_mebibytes
from benchmarks.table import print_row


def main(given: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=10_000, help="posts that wait")
    parser.add_argument("--each", type=int, default=5, help="drafts for each of them")
    parser.add_argument("--posts", type=int, default=20, help="decided by keys in Chromium")
    options = parser.parse_args(given)
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), options.items, options.each, options.posts)


def measure(folder: Path, items: int, each: int, posts: int) -> None:
    try:
        from benchmarks.desk.keys import CHROMIUM, a_pass  # noqa: PLC0415 - it wants playwright
    except ImportError as error:
        sys.exit(
            f"{error}: install what the pass by keys needs with "
            "`pip install --constraint constraints.txt '.[dev]'`."
        )
    took = fill(folder / "gateway.sqlite3", items, each)
    print(f"{items + APPROVED:,} posts with {each} drafts each were laid in {took:.1f} s\n")
    with a_gateway(folder) as gateway:
        print(f"The gateway was up after {gateway.start_seconds:.1f} s. Milliseconds:\n")
        table(dict(times(gateway, f"{items // 2:09}")))
        memory = resident_mebibytes(gateway.mark), most_resident_mebibytes(gateway.mark)
        print(f"\nMemory of the gateway: {memory[0]:.0f} MiB, {memory[1]:.0f} MiB at most")
        if not CHROMIUM.exists():
            print(f"\nNo Chromium at {CHROMIUM}: no pass by keys.")
            return
        print(f"\n{posts} posts decided by keys, each as soon as it was seen:\n")
        table({"": a_pass(gateway, posts)})


def table(rows: Mapping[str, Mapping[str, float]]) -> None:
    for name, row in rows.items():
        print_row(name, row, first=name == next(iter(rows)), digits=1)


if __name__ == "__main__":
    main()
