"""What lower precisions cost the writer: drafts drawn in each, judged in float32.

The rows are the same codes decoded with the same seeds. `nats` is what the float32 decoder thinks
of a draft's pieces where it was drawn, `fit` the share that may be shown, `sense` and `delight` the
ratings foretold of them; "of the best" is of the first sample of each request. Below stands how far
the ratings of the same drafts are from those in float32 if another precision reads them.

    python benchmarks/precision.py
"""

import argparse
from itertools import product

import torch
from table import print_row
from torch import Tensor

from model.bundle import Bundle
from model.drafting import Drafter, Plan, Sentence
from model.engine import Decoded, Engine, Job
from model.memory import hold_memory
from model.precision import PRECISIONS
from model.ranking import Draft
from model.request import Request


class Desk:
    """Draws, reads and judges with engines of several precisions."""

    def __init__(self, bundle: Bundle) -> None:
        self.drafter = Drafter(bundle)
        self.engines = {
            name: Engine(bundle.cvae, precision) for name, precision in PRECISIONS.items()
        }

    def drawn(self, plan: Plan, precision: str) -> tuple[list[Job], list[Decoded]]:
        jobs = self.drafter.jobs(plan, self.drafter.codes(plan, 0))
        return jobs, self.engines[precision].decode(jobs)

    def judged(self, plan: Plan, fit: list[Sentence], precision: str) -> list[Draft]:
        reading = self.drafter.readings(plan, fit)
        return self.drafter.judged(plan, fit, self.engines[precision].decode(reading))

    def nats(self, jobs: list[Job], rows: list[Decoded]) -> list[float]:
        """What float32 thinks of rows where they were drawn, a piece."""
        reading = [Job(job.z, job.a, said=row.ids) for job, row in zip(jobs, rows, strict=True)]
        read = self.engines["float32"].decode(reading)
        return [-sum(row.log_probs) / len(row.log_probs) for row in read]


@torch.inference_mode()
def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=100, help="of 80 drafts each")
    count = parser.parse_args().requests
    torch.set_num_threads(1)
    hold_memory()
    bundle = Bundle.load()
    desk, labels = Desk(bundle), bundle.genres.labels
    plans = [
        desk.drafter.plan(Request(genres=(labels[i % len(labels)],)), seed=i) for i in range(count)
    ]
    lower = [name for name in PRECISIONS if name != "float32"]
    ratings: dict[str, list[tuple[Draft, Draft]]] = {name: [] for name in lower}
    for precision in desk.engines:
        nats, fit, drafts, best = list[float](), 0, list[Draft](), list[Draft]()
        for plan in plans:
            jobs, rows = desk.drawn(plan, precision)
            shown = desk.drafter.fit_to_show(plan, rows)
            exact = desk.judged(plan, shown, "float32")
            if precision == "float32":
                for name in lower:
                    ratings[name] += zip(exact, desk.judged(plan, shown, name), strict=True)
            nats, fit = nats + desk.nats(jobs, rows), fit + len(shown)
            drafts, best = drafts + exact, [*best, max(exact, key=lambda draft: draft.score)]
        row = {
            "nats": float(torch.tensor(nats).mean()),
            "fit": fit / len(nats),
            "sense": _mean(drafts, "sense"),
            "delight": _mean(drafts, "delight"),
            "of the best": _mean(best, "delight"),
            "score": _mean(best, "score"),
        }
        print_row(f"drawn in {precision}", row, first=precision == "float32", digits=3)
    print()
    for precision, taste in product(lower, ("sense", "delight", "score")):
        exact, near = (_values([pair[i] for pair in ratings[precision]], taste) for i in (0, 1))
        row = {
            "correlation": float(torch.corrcoef(torch.stack([exact, near]))[0, 1]),
            "mean apart": float((exact - near).abs().mean()),
            "spread": float(exact.std()),
        }
        first = (precision, taste) == (lower[0], "sense")
        print_row(f"{taste}, read in {precision}", row, first=first, digits=4)


def _mean(drafts: list[Draft], name: str) -> float:
    return float(_values(drafts, name).mean())


def _values(drafts: list[Draft], name: str) -> Tensor:
    return torch.tensor([getattr(draft, name) for draft in drafts])


if __name__ == "__main__":
    main()
