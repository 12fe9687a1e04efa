"""The inference service against serving frameworks: `python -m benchmarks.serving`.

Two comparisons, each of one table and the ratios that the service is held to.

`layer` is the serving layer alone. Every server calls the decode of our engine on the same weights,
in the same precision, with as many threads of torch; a request is a sentence. Peers that batch
requests decode a batch of up to 64 to its end; ours and LitServe's continuous loop let rows join
and leave between steps. With `--lengths equal` all sentences have sixteen pieces, with `spread`
anything from five to thirty, all as likely; without a word they are as long as the model has them.

`product` is the service as it ships (one sample of one candidate, which is drawn, read again,
judged and filtered) against the frameworks around the same network in plain torch (`plain.py`).

Each server runs by itself as its own processes; the loader is another process. Loads are a closed
loop of 1, 16 and 64 callers and Poisson arrivals at 30, 70 and 90 % of what ours does with 64
callers, latency counted from the scheduled arrival. Figures are medians of the repeats, each of
which begins with another server; ratios are medians of the ratios within a repeat. Every answer
must be for the seed that was asked, and hold what the engine gives for that seed (a plain module
gives no seed its own text, so of it the seed alone is checked). One wrong answer fails the run.

- Memory is the proportional set size: what the processes of a server share counts once.
- `start s` is from the start of the process to its first right answer.
- `failed` counts requests of all repeats that had no answer: by status or, in the open loop,
  `unanswered` 20 s after the last arrival. Those count in the latencies with as long as was waited.
- `other cores` says how busy the machine was with something else: where it is not near 0,
  differences below 15 % say nothing.

The peers live in environments of their own, made on the first run: one that most share; one for
BentoML, whose OpenTelemetry is not Ray's; and one for Triton, which needs an older NumPy and the
Python that its wheel was built for, Debian's 3.11.2. A peer that can't be installed or does not
start is named below the table with the reason.
"""

import argparse
import sys
from pathlib import Path
from typing import get_args

import torch

from benchmarks.serving.comparison import Plan, Runs
from benchmarks.serving.environment import Environments
from benchmarks.serving.processes import ROOT, StartError
from benchmarks.serving.report import print_claims, print_table
from benchmarks.serving.servers import PEERS, Server, servers
from benchmarks.serving.setting import Comparison, Lengths, Setting
from benchmarks.serving.shapes import SHAPES
from model.precision import PRECISIONS, chosen


def main() -> None:
    """Run what is asked for; leaves with 1 if an answer was wrong."""
    options = read_options()
    wrong = sum(run(comparison, options) for comparison in options.comparison)
    if wrong:
        sys.exit(f"{wrong} answers were not those of their seeds")


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.serving",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    both = ["layer", "product"]
    names, loads = [peer.name for peer in PEERS], [shape.name for shape in SHAPES]
    parser.add_argument("--comparison", nargs="+", choices=both, default=both)
    parser.add_argument("--lengths", choices=get_args(Lengths), default="mixed", help="of `layer`")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each load")
    parser.add_argument("--threads", type=int, default=1, help="of torch, in every server")
    parser.add_argument(
        "--precision", choices=list(PRECISIONS), help="of our engine; default: the fastest"
    )
    parser.add_argument("--servers", nargs="+", choices=names, default=names, help="beside ours")
    parser.add_argument("--loads", nargs="+", choices=loads, default=loads)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument(
        "--here", action="store_true", help="run all in this environment, installing nothing"
    )
    parser.add_argument("--peers", type=Path, default=ROOT / "build" / "serving-peers")
    return parser.parse_args()


def run(comparison: Comparison, options: argparse.Namespace) -> int:
    """One comparison; returns how many answers were wrong."""
    plan = make_plan(comparison, options)
    try:
        found = Runs(plan).run()
    except StartError as error:
        sys.exit(f"Our own server did not start: {error}")
    kind = f"{plan.setting.lengths} lengths, " if comparison == "layer" else ""
    print(f"\n## {comparison}: {kind}{plan.setting.precision}, {plan.setting.threads} thread(s),")
    print(f"{plan.repeats} repeats of {plan.seconds:g} s")
    print_table(found)
    print_claims(found, plan)
    return found.wrong


def make_plan(comparison: Comparison, options: argparse.Namespace) -> Plan:
    """What a comparison is to run."""
    setting = Setting(
        comparison=comparison,
        lengths=options.lengths,
        precision=options.precision
        or str(chosen(None, torch.device(options.device))).removeprefix("torch."),
        threads=options.threads,
        device=options.device,
    )
    return Plan(
        setting=setting,
        servers=[each for each in servers(setting) if _wanted(each, options)],
        shapes=[shape for shape in SHAPES if shape.name in options.loads],
        peers=Environments(options.peers.absolute(), here=options.here),
        repeats=options.repeats,
        seconds=options.seconds,
    )


def _wanted(server: Server, options: argparse.Namespace) -> bool:
    return server.ours or server.name in options.servers


if __name__ == "__main__":
    main()
