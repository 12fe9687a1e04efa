"""How fast the shipped writer loads and writes: `python benchmarks/writer.py [--threads N]`.

A request asks for five samples, from twenty drafts unless the line says otherwise. Processor time
stands beside wall-clock, for a machine that has other work.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch

from model.request import Request
from model.writer import Writer

_REPEATS = 15


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Median wall-clock and processor milliseconds of a piece of work, after one unmeasured run."""
    work()
    wall, processor = [], []
    for _ in range(_REPEATS):
        began, began_processor = time.perf_counter(), time.process_time()
        work()
        wall.append(1000 * (time.perf_counter() - began))
        processor.append(1000 * (time.process_time() - began_processor))
    return statistics.median(wall), statistics.median(processor)


def requests(writer: Writer, count: int, candidates: int | None = 20) -> list[Request]:
    """So many requests of five samples, each for another genre."""
    return [
        Request(genres=(writer.genres[i * 5],), seed=i, candidates=candidates) for i in range(count)
    ]


def main() -> None:
    """Print a line for each measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    torch.set_num_threads(parser.parse_args().threads)
    writer = Writer.load()
    for name, work in (
        ("load", Writer.load),
        ("1 request", lambda: writer.write(requests(writer, 1))),
        ("as served", lambda: writer.write(requests(writer, 1, candidates=None))),
        ("8 requests", lambda: writer.write(requests(writer, 8))),
        ("32 requests", lambda: writer.write(requests(writer, 32))),
    ):
        wall, processor = timed(work)
        print(f"{name:12} {wall:8.1f} ms wall  {processor:8.1f} ms processor")


if __name__ == "__main__":
    main()
