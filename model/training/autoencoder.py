"""The first training: the CVAE.

The loss of a batch is the mean over sentences of reconstruction + beta * KL with free bits, divided
by the sentence's length so that the step size means the same for short and long. beta rises from a
little to 1; at exactly 0 the posterior would run away and need epochs to come back.

The first passes read the clear register alone, whose few words teach grammar quickest; all
others read every line. What is kept is the state after the epoch that validated best.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor
from tqdm import tqdm

from model.cvae import CVAE, REGISTERS, free_bits_kl
from model.training.batches import Batch, Dataset, corrupt, hide
from model.training.config import CVAETraining, TrainingConfig
from model.training.journal import Journal

_TRIAL, _TRIALS = 256, 3  # rows of the matrices that decide the precision, and products of them
_PROBE_STEPS = 60  # steps after which the speed is known well enough to plan the epochs


@dataclass(frozen=True)
class Loss:
    """A batch's terms in nats per sentence."""

    total: Tensor
    reconstruction: Tensor
    kl: Tensor


class Schedule:
    """Learning rate and beta as functions of the share of the training that is done."""

    def __init__(self, settings: CVAETraining, steps: int) -> None:
        self._settings = settings
        self.steps = steps

    def rate(self, step: int) -> float:
        """Linear warm-up, then a cosine down to the floor."""
        s = self._settings
        if step < s.warmup_steps:
            return s.rate * (step + 1) / s.warmup_steps
        done = min(1.0, (step - s.warmup_steps) / max(1, self.steps - s.warmup_steps))
        return s.rate * (s.floor + (1 - s.floor) * 0.5 * (1 + math.cos(math.pi * done)))

    def beta(self, step: int) -> float:
        """Linear from its start to 1 over `beta_share` of the training."""
        s = self._settings
        done = min(1.0, step / max(1.0, s.beta_share * self.steps))
        return s.beta_start + (1 - s.beta_start) * done


def batch_loss(model: CVAE, batch: Batch, beta: float, settings: CVAETraining) -> Loss:
    """The training loss of one batch, with condition dropout and encoder noise."""
    hidden = hide(batch, settings)
    a = model.condition(hidden.genres, hidden.register, hidden.slots)
    seen = corrupt(batch.sentences[:, 1:-1], settings.noise, model.config.vocabulary)
    posterior = model.encode(seen, a)
    reconstruction = model.token_nll(batch.sentences, posterior.sample(), a).sum(1).mean()
    kl = posterior.kl()
    total = reconstruction + beta * free_bits_kl(kl, settings.free_bits)
    return Loss(total, reconstruction, kl.sum(1).mean())


@torch.no_grad()
def validate(model: CVAE, data: Dataset) -> tuple[float, float]:
    """Reconstruction and KL, nats per sentence, with dropout off and nothing hidden."""
    model.eval()
    reconstruction = kl = 0.0
    for batch in data.each(128):
        a = model.condition(batch.genres, batch.register, batch.slots)
        loss, divergence = model(batch.sentences, a)
        reconstruction += float(loss.sum())
        kl += float(divergence.sum())
    model.train()
    return reconstruction / len(data), kl / len(data)


def train_cvae(
    model: CVAE,
    train: Dataset,
    valid: Dataset,
    config: TrainingConfig,
    journal: Journal,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Train in place. Goes on from the journal's checkpoint when there is one."""
    settings = config.cvae
    optimiser = torch.optim.AdamW(
        model.parameters(),
        lr=settings.rate,
        betas=(0.9, 0.99),
        weight_decay=settings.weight_decay,
        fused=True,
    )
    start = journal.restore(model, optimiser)
    plan = start.plan or _plan(model, train, config, clock)
    schedule = Schedule(settings, sum(len(epoch_batches(train, settings, e)) for e in range(plan)))
    step = start.step
    for epoch in range(start.epoch, plan):
        batches = epoch_batches(train, settings, epoch)
        torch.manual_seed(config.seed + 1000 * (epoch + 1))
        began, reconstruction = clock(), 0.0
        bar = tqdm(batches, desc=f"cvae {epoch + 1}/{plan}", unit="batch", mininterval=2)
        for rows in bar:
            for group in optimiser.param_groups:
                group["lr"] = schedule.rate(step)
            loss = _step(model, optimiser, train.rows(rows), schedule.beta(step), settings)
            reconstruction += float(loss.reconstruction) * len(rows)
            step += 1
            if step % 50 == 0:
                bar.set_postfix(rec=f"{float(loss.reconstruction):.1f}", kl=f"{float(loss.kl):.1f}")
        valid_reconstruction, valid_kl = validate(model, valid)
        journal.log(
            epoch=epoch + 1,
            beta=round(schedule.beta(step - 1), 3),
            rate=schedule.rate(step - 1),
            train_reconstruction=reconstruction / sum(map(len, batches)),
            valid_reconstruction=valid_reconstruction,
            valid_kl=valid_kl,
            seconds=clock() - began,
        )
        if schedule.beta(step) == 1.0:
            journal.keep_best(model, valid_reconstruction + valid_kl)
        journal.save(model, optimiser, epoch=epoch + 1, step=step, plan=plan)
    journal.load_best(model)


def _step(
    model: CVAE, optimiser: torch.optim.Optimizer, batch: Batch, beta: float, s: CVAETraining
) -> Loss:
    with torch.autocast("cpu", torch.bfloat16, enabled=in_bf16(s)):
        loss = batch_loss(model, batch, beta, s)
    pieces = batch.sentences.shape[1] - 1
    # Small batches (rare lengths) count for as little as they are.
    weight = batch.sentences.shape[0] / s.batch
    (loss.total * weight / pieces).backward()  # type: ignore[no-untyped-call]  # torch's own
    torch.nn.utils.clip_grad_norm_(model.parameters(), s.clip)
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)
    return Loss(loss.total.detach(), loss.reconstruction.detach(), loss.kl.detach())


def in_bf16(settings: CVAETraining) -> bool:
    """Whether a training computes in mixed precision."""
    return bf16_pays() if settings.bf16 is None else settings.bf16


@cache
def bf16_pays() -> bool:
    """Whether this machine multiplies faster in bfloat16 than in single precision.

    Without the instructions for it a CPU is a hundred times slower, and may have no LSTM at all.
    """
    single = torch.randn(_TRIAL, _TRIAL)
    return _trial(single.bfloat16()) < _trial(single)


def _trial(matrix: Tensor) -> float:
    """Seconds of the fastest of a few products."""
    spans = []
    for _ in range(_TRIALS):
        began = time.perf_counter()
        torch.mm(matrix, matrix)
        spans.append(time.perf_counter() - began)
    return min(spans)


def epoch_batches(train: Dataset, settings: CVAETraining, epoch: int) -> list[list[int]]:
    """An epoch's batches: one register at first, then everything."""
    generator = torch.Generator().manual_seed(epoch)
    first = train.register == REGISTERS.index(settings.first_register)
    if epoch < settings.first_epochs and first.any():
        return train.batches(settings.batch, generator, only=first)
    return train.batches(settings.batch, generator)


def _plan(model: CVAE, train: Dataset, config: TrainingConfig, clock: Callable[[], float]) -> int:
    """How many epochs fit the minutes allowed, by the speed of a few steps that are then undone."""
    settings = config.cvae
    if config.minutes is None:
        return settings.epochs
    before = {name: value.clone() for name, value in model.state_dict().items()}
    scratch = torch.optim.AdamW(model.parameters(), lr=1e-6, fused=True)
    batches = train.batches(settings.batch, torch.Generator().manual_seed(0))
    began = clock()
    for rows in batches[:_PROBE_STEPS]:
        _step(model, scratch, train.rows(rows), 0.1, settings)
    seconds = (clock() - began) / min(_PROBE_STEPS, len(batches)) * len(batches)
    model.load_state_dict(before)
    return max(1, min(settings.epochs, int(config.minutes * 60 / seconds)))
