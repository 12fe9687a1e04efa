"""What is left of the engine's own rate through HTTP: `python -m benchmarks.serving.through_http`.

The engine decodes the benchmark's sentences in this process, with all of its slots full; our
serving layer does so for twice as many callers as there are slots, so that its slots are full too.
Both in turn, several times; each waits while the other works.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import torch

from benchmarks.serving.load import Load, Outcome
from benchmarks.serving.processes import Launch, free_port, running, said_by
from benchmarks.serving.setting import SEEDS, Setting
from benchmarks.serving.work import load_engine
from benchmarks.table import print_row
from model.precision import PRECISIONS, chosen


def main() -> None:
    """Print sentences a second and their ratio, medians of the repeats."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each load")
    parser.add_argument("--precision", choices=list(PRECISIONS), help="default: the fastest")
    options = parser.parse_args()
    precision = str(chosen(options.precision, torch.device("cpu"))).removeprefix("torch.")
    setting = Setting(precision=precision, port=free_port())
    engine, jobs = load_engine(setting)
    rows = []
    with tempfile.TemporaryDirectory() as folder, running(_launch(setting, Path(folder))) as server:
        for _ in range(options.repeats):
            began = time.perf_counter()
            engine.decode(jobs)
            own = len(jobs) / (time.perf_counter() - began)
            through = _driven(server.port, server.mark, 2 * setting.slots, options.seconds)
            rows.append({"engine/s": own, "HTTP/s": through, "share": through / own})
    print_row(
        precision, {key: statistics.median(row[key] for row in rows) for key in rows[0]}, first=True
    )


def _launch(setting: Setting, folder: Path) -> Launch:
    return Launch(
        command=[sys.executable, "-m", "benchmarks.serving.ours"],
        environment=setting.environment(),
        port=setting.port,
        path="/",
        body='{"seed": 0}',
        log=folder / "log",
    )


def _driven(port: int, mark: str, callers: int, seconds: float) -> float:
    load = Load(
        port=port,
        path="/",
        body='{"seed": SEED}',
        mark=mark,
        seeds=SEEDS,
        expected=None,
        seconds=seconds,
        warm_seconds=1.0,
        callers=callers,
    )
    told = json.dumps(asdict(load))
    said = said_by([sys.executable, "-m", "benchmarks.serving.load"], told=told)
    return Outcome(**json.loads(said)).sentences_per_second


if __name__ == "__main__":
    main()
