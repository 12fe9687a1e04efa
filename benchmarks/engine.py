"""What the decoder makes of the machine, as a share of what the machine could do.

The limit is the floating-point operations of the decoder's steps over the rate at which this
machine multiplies two large matrices in the same precision, on one thread or one GPU. Beside it
stands the way of the system of 2018: one sentence after another, a step of one row at a time, with
this writer's own layers. All are run in turn, several times, and the medians are printed.

    python benchmarks/engine.py [--device cuda --rows 20000 --slots 256 2048]
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own habit
from table import print_row

from model.bundle import Bundle
from model.cvae import CVAE, CVAEConfig, multi_hot
from model.engine import SLOTS, Decoded, Engine, Job
from model.memory import hold_memory
from model.precision import PRECISIONS
from model.products import multiplied
from model.tokenizer import BOS, EOS

SIDE = {"cpu": 1024, "cuda": 8192}  # of the matrices whose product is the machine's rate
PRODUCTS = 10
ALONE = 20  # sentences of the way of 2018

T = TypeVar("T")


def main() -> None:
    """Print a line for each precision."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1000, help="sentences decoded in a run")
    parser.add_argument("--repeats", type=int, default=5, help="runs, of which the median counts")
    parser.add_argument("--device", default="cpu", choices=list(SIDE))
    parser.add_argument("--slots", type=int, nargs="+", default=[SLOTS], help="rows side by side")
    options = parser.parse_args()
    torch.set_num_threads(1)
    hold_memory()
    bundle = Bundle.load(device=options.device)
    jobs = drafts(bundle, options.rows)
    engines = {
        f"{name}, {slots} slots": Engine(bundle.cvae, PRECISIONS[name], slots)
        for name in PRECISIONS
        if name != "int8" or options.device == "cpu"
        for slots in options.slots
    }
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in engines}
    for engine in engines.values():
        engine.decode(jobs[:SLOTS])
    for _ in range(options.repeats):
        for name, engine in engines.items():
            runs[name].append(measured(bundle.cvae, engine, jobs))
    for name, rows in runs.items():
        middle = {key: statistics.median(row[key] for row in rows) for key in rows[0]}
        print_row(name, middle, first=name == next(iter(runs)))


def drafts(bundle: Bundle, count: int) -> list[Job]:
    """Sentences as the writer draws them, their genres in turn."""
    generator = torch.Generator().manual_seed(1)
    labels = len(bundle.genres.labels)
    hot = multi_hot([[row % labels] for row in range(count)], labels)
    register, slots = torch.full((count,), 3), torch.ones(count, dtype=torch.long)
    device = bundle.cvae.bias.device
    a = bundle.cvae.condition(hot.to(device), register.to(device), slots.to(device))
    noise = torch.randn(count, bundle.cvae.config.latent, generator=generator).to(device)
    z, s = bundle.prior.place(bundle.serving.spread * noise), bundle.serving
    return [
        Job(z[i], a[i], seed=i, temperature=s.temperature, top_p=s.top_p, longest=s.longest)
        for i in range(count)
    ]


def measured(cvae: CVAE, engine: Engine, jobs: Sequence[Job]) -> dict[str, float]:
    """One run: sentences a second, and how they stand to the limit and to the way of 2018."""
    rate = matrix_rate(engine.steps.device, engine.steps.precision)
    drawn, seconds = timed(lambda: engine.decode(jobs))
    reading = [Job(job.z, job.a, said=row.ids) for job, row in zip(jobs, drawn, strict=True)]
    _, reading_seconds = timed(lambda: engine.decode(reading))
    limit = len(jobs) * rate / (tokens(drawn) * operations(cvae.config))
    _, alone_seconds = timed(lambda: [one_by_one(cvae, job) for job in jobs[:ALONE]])
    return {
        "G/s": rate / 1e9,
        "limit/s": limit,
        "drawn/s": len(jobs) / seconds,
        "share": len(jobs) / seconds / limit,
        "read/s": len(jobs) / reading_seconds,
        "share ": len(jobs) / reading_seconds / limit,
        "2018/s": ALONE / alone_seconds,
        "times": len(jobs) / seconds * alone_seconds / ALONE,
    }


def tokens(rows: Sequence[Decoded]) -> int:
    """Steps that rows took."""
    return sum(len(row.log_probs) for row in rows)


def operations(config: CVAEConfig) -> int:
    """Operations of the products that one step of one row can't do without."""
    recurrent = config.decoder * 4 * config.decoder
    return 2 * (
        recurrent + config.decoder * config.embedding + config.embedding * config.vocabulary
    )


def matrix_rate(device: torch.device, precision: torch.dtype) -> float:
    """Operations a second in the product of two large matrices."""
    side = SIDE[device.type]
    matrix = (100 * torch.rand(side, side, device=device)).to(precision)
    multiply = multiplied if precision == torch.int8 else torch.mm

    def product() -> None:
        multiply(matrix, matrix.T)
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    product()
    return 2 * side**3 / min(timed(product)[1] for _ in range(PRODUCTS))


@torch.inference_mode()
def one_by_one(cvae: CVAE, job: Job) -> list[int]:
    """A sentence as the system of 2018 decoded it, which drew each word from the whole softmax."""
    context = torch.cat([job.z, job.a])[None]
    state = tuple(part[None] for part in cvae.initial_state(context))
    said, token = list[int](), BOS
    while token != EOS and len(said) < job.longest:
        inputs = torch.cat([cvae.embedding.weight[token][None], context], dim=1)
        hidden, state = cvae.decoder(inputs[None], state)
        scores = cvae.logits(hidden[0], context)[0] / job.temperature
        token = int(torch.multinomial(F.softmax(scores, dim=0), 1))
        said.append(token)
    return said


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """What comes of a piece of work, and its seconds."""
    began = time.perf_counter()
    value = work()
    return value, time.perf_counter() - began


if __name__ == "__main__":
    main()
