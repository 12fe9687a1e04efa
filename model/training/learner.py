"""One step of the CVAE's training, the same in one process and in several.

The loss of a batch is the mean over sentences of reconstruction + beta * KL with free bits, divided
by the sentence's length so that the step size means the same for short and long. Several processes
take every n-th row of the same batch; their gradients are averaged, each weighted by its rows, so
that a step is what one process would have made of it, their random draws apart.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any, NamedTuple

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from model.cvae import CVAE, free_bits_kl
from model.training.batches import Batch, Dataset, corrupt, hide
from model.training.config import CVAETraining


class Loss(NamedTuple):
    """The terms of a batch, or of a process's share of it, in nats per sentence."""

    total: Tensor
    reconstruction: Tensor
    kl: Tensor


class Objective(nn.Module):
    """The loss as a module: what Fabric knows of a network is its `forward`."""

    def __init__(
        self, cvae: CVAE, free_bits: float, sum_of_all: Callable[[Tensor], Tensor]
    ) -> None:
        super().__init__()
        self.cvae = cvae
        self.free_bits = free_bits
        self.sum_of_all = sum_of_all  # over the processes

    def forward(self, seen: Tensor, batch: Batch, beta: float, share: float) -> Loss:
        """The loss of this process's share of a batch; `seen` is what its encoder reads."""
        a = self.cvae.condition(batch.genres, batch.register, batch.slots)
        posterior = self.cvae.encode(seen, a)
        nats = self.cvae.token_nll(batch.sentences, posterior.sample(), a)  # (batch, time - 1)
        reconstruction = nats.sum(1).mean()
        kl = posterior.kl()
        whole = self.sum_of_all(kl.detach().mean(0) * share)
        total = reconstruction + beta * free_bits_kl(kl, self.free_bits, whole)
        return Loss(total, reconstruction, kl.sum(1).mean())


class Learner:
    """A CVAE and its optimiser in the hands of Fabric."""

    def __init__(self, fabric: Fabric, cvae: CVAE, settings: CVAETraining) -> None:
        self.cvae = cvae
        self.optimiser = torch.optim.AdamW(
            cvae.parameters(),
            lr=settings.rate,
            betas=(0.9, 0.99),
            weight_decay=settings.weight_decay,
            fused=True,
        )
        self._fabric = fabric
        self.settings = settings
        objective = Objective(cvae, settings.free_bits, self._sum_of_all)
        self._objective, self._stepper = fabric.setup(objective, self.optimiser)

    def step(self, data: Dataset, rows: Sequence[int], rate: float, beta: float) -> Loss:
        """Learn from the rows of a batch; the loss is that of this process's share."""
        fabric, s = self._fabric, self.settings
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        own = self.own(rows)
        share = len(own) / len(rows)
        # A process without a row goes along with a borrowed one that counts for nothing.
        batch = hide(data.rows(own or rows[:1]), s)
        seen = corrupt(batch.sentences[:, 1:-1], s.noise, self.cvae.config.vocabulary)
        loss: Loss = self._objective(*fabric.to_device((seen, batch)), beta, share)
        pieces = batch.sentences.shape[1] - 1
        # Small batches (rare lengths) count for as little as they are; Fabric averages processes.
        weight = len(own) * fabric.world_size / s.batch
        fabric.backward(loss.total * weight / pieces)
        fabric.clip_gradients(
            self._objective, self._stepper, max_norm=s.clip, error_if_nonfinite=False
        )
        self._stepper.step()
        self.optimiser.zero_grad(set_to_none=True)
        return Loss(*(term.detach() for term in loss))

    def own(self, rows: Sequence[int]) -> Sequence[int]:
        """This process's share of a batch, which may be empty."""
        return rows[self._fabric.global_rank :: self._fabric.world_size]

    def means(
        self, losses: Sequence[Loss], batches: Sequence[Sequence[int]]
    ) -> tuple[float, float]:
        """Reconstruction and KL over the sentences of these batches, in all processes."""
        counts = [len(self.own(rows)) for rows in batches]
        sums = [
            sum(float(term) * count for term, count in zip(terms, counts, strict=True))
            for terms in ([x.reconstruction for x in losses], [x.kl for x in losses])
        ]
        reconstruction, kl = self._sum_of_all(torch.tensor(sums)) / sum(map(len, batches))
        return float(reconstruction), float(kl)

    def state(self) -> dict[str, Any]:
        """A copy of everything that a step changes."""
        return deepcopy({"model": self.cvae.state_dict(), "optimiser": self.optimiser.state_dict()})

    def load(self, state: dict[str, Any]) -> None:
        """Go back to, or on from, a state."""
        self.cvae.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])

    def _sum_of_all(self, values: Tensor) -> Tensor:
        total = self._fabric.all_reduce(values, reduce_op="sum")
        assert isinstance(total, Tensor)  # as what was given
        return total
