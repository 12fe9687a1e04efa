"""What every server is asked to do: write a sentence for a seed.

In the comparison `layer` it is a decode of our engine, whose jobs are made beforehand, so a request
costs its sentence and the serving. In `product` it is a plain module of the same network.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from benchmarks.serving.contract import Answer
from benchmarks.serving.setting import SEEDS, Lengths, Setting
from model.bundle import Bundle
from model.cvae import REGISTERS, SLOTS
from model.engine import Engine, Job
from model.memory import hold_memory
from model.precision import PRECISIONS
from model.sampling import mix, normal
from model.tokenizer import EOS

EQUAL_LENGTH = 16  # pieces, about the mean of those as the model makes them
SPREAD = 5, 30  # pieces, of lengths that are all as likely

Decode = Callable[[Sequence[int]], list[Answer]]


def load_decode(setting: Setting) -> Decode:
    """What answers a batch of seeds, already warm."""
    torch.set_num_threads(setting.threads)
    if setting.comparison == "product":
        from benchmarks.serving.plain import Plain  # noqa: PLC0415 - it needs this module

        decode: Decode = Plain(Bundle.load(device=setting.device))
    else:
        decode = _engine_decode(setting)
    decode(range(2))
    return decode


def load_engine(setting: Setting) -> tuple[Engine, list[Job]]:
    """Our engine, warm, and the job of each seed."""
    torch.set_num_threads(setting.threads)
    bundle = Bundle.load(device=setting.device)
    engine = Engine(bundle.cvae, PRECISIONS[setting.precision], setting.slots)
    all_jobs = jobs(bundle, setting.lengths)
    hold_memory()  # once all is loaded, as the service does; peers are given it too
    engine.decode(all_jobs[:2])
    return engine, all_jobs


def _engine_decode(setting: Setting) -> Decode:
    engine, all_jobs = load_engine(setting)

    def decode(seeds: Sequence[int]) -> list[Answer]:
        rows = engine.decode([all_jobs[seed] for seed in seeds])
        return [{"seed": seed, "ids": row.ids} for seed, row in zip(seeds, rows, strict=True)]

    return decode


def jobs(bundle: Bundle, lengths: Lengths) -> list[Job]:
    """A job for each seed, with the sampling that the bundle is served with."""
    seeds = mix(torch.arange(SEEDS))
    serving = bundle.serving
    drawn = [
        Job(
            z=z,
            a=a,
            seed=seed,
            temperature=serving.temperature,
            top_k=serving.top_k,
            top_p=serving.top_p,
            longest=serving.longest,
            forbidden=slots(bundle),
        )
        for z, a, seed in zip(
            *codes(bundle, normal(seeds, bundle.cvae.config.latent)), seeds.tolist(), strict=True
        )
    ]
    shortest, longest = SPREAD if lengths == "spread" else (EQUAL_LENGTH, EQUAL_LENGTH)
    if lengths == "mixed":
        return drawn
    return [
        replace(
            job,
            longest=shortest + job.seed % (longest - shortest + 1),
            forbidden=(*job.forbidden, EOS),
        )
        for job in drawn
    ]


@torch.inference_mode()
def codes(bundle: Bundle, noise: Tensor) -> tuple[Tensor, Tensor]:
    """z, moved by the LC-GAN, and a, no genre given, for rows of noise (rows, latent)."""
    rows, device = len(noise), bundle.cvae.bias.device
    wanted = (
        torch.zeros(rows, len(bundle.genres.labels) + 1),
        torch.full((rows,), REGISTERS.index(bundle.serving.registers[0])),
        torch.full((rows,), SLOTS.index("none")),
    )
    a: Tensor = bundle.cvae.condition(*(values.to(device) for values in wanted))
    placed = bundle.prior.place(bundle.serving.spread * noise.to(device))
    z: Tensor = bundle.lcgan.actor(placed, a)
    return z, a


def slots(bundle: Bundle) -> tuple[int, ...]:
    """The pieces that are not to be said where no song is named."""
    return bundle.pieces.artist_ids + bundle.pieces.title_ids
