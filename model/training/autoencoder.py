"""The first training: the CVAE.

beta rises from a little to 1; at exactly 0 the posterior would run away and need epochs to come
back. The first passes read the clear register alone, whose few words teach grammar quickest; later
ones read the witty register and a share of the other lines beside it. What is kept is the state
after the epoch that validated best; when no better one has come for some epochs the training ends
early.
"""

import math
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import partial
from itertools import accumulate

import torch
from lightning_fabric import Fabric
from tqdm import tqdm

from model.cvae import CVAE, REGISTERS
from model.training.batches import Dataset
from model.training.config import CVAETraining, TrainingConfig
from model.training.journal import Journal, Progress
from model.training.learner import Learner
from model.training.machine import launch
from model.training.validation import check_alive, validate

_PROBE_STEPS = 60  # steps after which the speed is known well enough to plan the epochs
_TRACE_STEPS = 50  # steps from one sign of life to the next


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


def train_cvae(
    model: CVAE,
    train: Dataset,
    valid: Dataset,
    config: TrainingConfig,
    journal: Journal,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Train in place, on the devices of the config, from the journal's checkpoint if it has one.

    Raises:
        TrainingError: the checkpoint has other settings, the machine lacks the devices, or the
            posterior collapsed.
        KeyboardInterrupt: its message says where the same call would go on.
    """
    try:
        learn = partial(_learn, config=config, journal=journal, clock=clock)
        launch(config, learn, model, train, valid)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(journal.whereabouts()) from None
    journal.load_best(model.cpu())


def _learn(
    fabric: Fabric,
    model: CVAE,
    train: Dataset,
    valid: Dataset,
    *,
    config: TrainingConfig,
    journal: Journal,
    clock: Callable[[], float],
) -> None:
    """The training, in one of its processes; the first of them keeps the journal."""
    settings, stopping, first = config.cvae, config.stopping, fabric.is_global_zero
    learner = Learner(fabric, model, settings)
    now = journal.restore(model, learner.optimiser)
    plan = now.plan or fabric.broadcast(_plan(learner, train, config, clock))
    now = replace(now, plan=plan)
    ends = list(accumulate(len(epoch_batches(train, settings, e)) for e in range(plan)))
    schedule = Schedule(settings, ends[-1])
    rising = sum(schedule.beta(start) < 1.0 for start in [0, *ends[:-1]])  # epochs, at their start
    with closing(journal):
        for epoch in range(now.epoch, plan):
            if now.waited >= stopping.patience:
                break
            # Each process draws noise of its own; the batches are everybody's.
            torch.manual_seed(config.seed + 1000 * (epoch + 1) + fabric.global_rank)
            began = clock()
            trained = _epoch(learner, train, schedule, now, journal if first else None)
            found = fabric.broadcast(validate(model, valid))
            step = ends[epoch]
            if first:
                journal.log(
                    step,
                    epoch=epoch + 1,
                    beta=round(schedule.beta(step - 1), 3),
                    rate=schedule.rate(step - 1),
                    **trained,
                    valid_reconstruction=found.reconstruction,
                    valid_kl=found.kl,
                    active_units=found.active,
                    mutual_information=found.information,
                    seconds=clock() - began,
                )
            if epoch + 1 - rising >= stopping.full_epochs:
                check_alive(found, model.config.latent, settings.free_bits, stopping)
            waited = now.waited
            if first and schedule.beta(step) == 1.0:
                waited = 0 if journal.keep_best(model, found.loss) else waited + 1
            now = Progress(epoch + 1, step, plan, fabric.broadcast(waited))
            if first:
                journal.save(model, learner.optimiser, now)


def _epoch(
    learner: Learner,
    train: Dataset,
    schedule: Schedule,
    now: Progress,
    journal: Journal | None,
) -> dict[str, float]:
    """Read the lines once; the terms of the loss over them, in nats per sentence."""
    batches, losses = epoch_batches(train, learner.settings, now.epoch), []
    title = f"cvae {now.epoch + 1}/{now.plan}"
    bar = tqdm(batches, title, unit="batch", mininterval=2, disable=journal is None)
    for step, rows in enumerate(bar, start=now.step):
        rate, beta = schedule.rate(step), schedule.beta(step)
        losses.append(learner.step(train, rows, rate, beta))
        if journal is not None and (step + 1) % _TRACE_STEPS == 0:
            loss, reconstruction, kl = map(float, losses[-1])
            bar.set_postfix(rec=f"{reconstruction:.1f}", kl=f"{kl:.1f}")
            journal.trace(
                step + 1, loss=loss, reconstruction=reconstruction, kl=kl, rate=rate, beta=beta
            )
    reconstruction, kl = learner.means(losses, batches)
    return {"train_reconstruction": reconstruction, "train_kl": kl}


def epoch_batches(train: Dataset, settings: CVAETraining, epoch: int) -> list[list[int]]:
    """An epoch's batches: one register at first, then others whole and a share of the rest."""
    generator = torch.Generator().manual_seed(epoch)
    read = train.register == REGISTERS.index(settings.first_register)
    if not read.any():
        return train.batches(settings.batch, generator)
    if epoch >= settings.first_epochs:
        whole = torch.tensor([REGISTERS.index(name) for name in settings.whole])
        some = torch.rand(len(train), generator=generator) < settings.other_share
        read = read | torch.isin(train.register, whole) | some
    return train.batches(settings.batch, generator, only=read)


def _plan(
    learner: Learner, train: Dataset, config: TrainingConfig, clock: Callable[[], float]
) -> int:
    """How many epochs fit the minutes allowed, by the speed of a few steps that are then undone."""
    settings = config.cvae
    if config.minutes is None:
        return settings.epochs
    before = learner.state()
    batches = train.batches(settings.batch, torch.Generator().manual_seed(0))
    began = clock()
    for rows in batches[:_PROBE_STEPS]:
        learner.step(train, rows, rate=1e-6, beta=0.1)
    seconds = (clock() - began) / min(_PROBE_STEPS, len(batches)) * len(batches)
    learner.load(before)
    return max(1, min(settings.epochs, int(config.minutes * 60 / seconds)))
