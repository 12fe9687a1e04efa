"""The fourth training: the critic of drafts learns to tell them from the corpus.

Its examples of drafts are made as the writer makes them, by way of the LC-GAN, for the genres of
random lines; its real sentences are lines of the same registers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own habit
from torch import Tensor
from tqdm import trange

from model.bundle import Bundle
from model.cvae import REGISTERS
from model.realism import Realism, padded_pieces
from model.tokenizer import PAD
from model.training.batches import Dataset
from model.training.config import RealismTraining
from model.training.decoding import Decoder

_PATIENCE = 3  # epochs without a better held-out loss


@dataclass(frozen=True)
class RealismFit:
    """How well real and drafted sentences are told apart that were never seen."""

    loss: float  # cross-entropy, nats
    auc: float  # chance that a real sentence is marked above a drafted one


@dataclass(frozen=True)
class Examples:
    """Sentences with whether they are real."""

    pieces: Tensor  # (rows, LONGEST)
    real: Tensor  # (rows,), 1 or 0

    @classmethod
    def of(cls, lines: Sequence[Sequence[int]], drafts: Sequence[Sequence[int]]) -> "Examples":
        """As many of both kinds as there are of the rarer one."""
        count = min(len(lines), len(drafts))
        pieces = padded_pieces([*lines[:count], *drafts[:count]])
        return cls(pieces, torch.tensor([1.0] * count + [0.0] * count))


@torch.no_grad()
def drafted(bundle: Bundle, decoder: Decoder, count: int, seed: int) -> list[tuple[int, ...]]:
    """The pieces of so many drafts."""
    torch.manual_seed(seed)
    z, a = decoder.draw(count)
    return [row.ids for row in decoder.decoded(bundle.lcgan.actor(z, a), a, seed)]


def real(data: Dataset, registers: Sequence[str], seed: int) -> list[list[int]]:
    """The pieces of corpus lines in random order, the registers in the shares that are served."""
    torch.manual_seed(seed)
    kinds = [REGISTERS.index(name) for name in registers]
    rows = {kind: (data.register == kind).nonzero()[:, 0] for kind in kinds}
    unit = min(len(found) // kinds.count(kind) for kind, found in rows.items() if len(found))
    chosen = torch.cat(
        [
            found[torch.randperm(len(found))[: unit * kinds.count(kind)]]
            for kind, found in rows.items()
        ]
    )
    return [data.ids[i][1:-1] for i in chosen[torch.randperm(len(chosen))].tolist()]


def train_realism(
    critic: Realism, seen: Examples, held_out: Examples, settings: RealismTraining, seed: int
) -> RealismFit:
    """Train in place until the held-out examples say that it is enough."""
    torch.manual_seed(seed)
    optimiser = torch.optim.AdamW(critic.parameters(), lr=settings.rate, weight_decay=1e-2)
    best, state, waited = float("inf"), critic.state_dict(), 0
    for _ in trange(settings.epochs, desc="critic of drafts", unit="epoch", mininterval=2):
        critic.train()
        for rows in torch.split(torch.randperm(len(seen.real)), settings.batch):
            marks = critic(_trimmed(seen.pieces[rows]))
            loss = F.binary_cross_entropy_with_logits(marks, seen.real[rows])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch's own
            optimiser.step()
        fit = measure_realism(critic, held_out)
        waited += 1
        if fit.loss < best:
            best, waited = fit.loss, 0
            state = {key: value.clone() for key, value in critic.state_dict().items()}
        if waited == _PATIENCE:
            break
    critic.load_state_dict(state)
    return measure_realism(critic, held_out)


@torch.no_grad()
def measure_realism(critic: Realism, held_out: Examples) -> RealismFit:
    """The critic on sentences that it never saw."""
    critic.eval()
    marks = torch.cat([critic(_trimmed(pieces)) for pieces in torch.split(held_out.pieces, 512)])
    loss = F.binary_cross_entropy_with_logits(marks, held_out.real)
    lines, drafts = marks[held_out.real == 1], marks[held_out.real == 0]
    return RealismFit(float(loss), float((lines[:, None] > drafts[None]).float().mean()))


def _trimmed(pieces: Tensor) -> Tensor:
    """The rows without the columns that are padding in all of them."""
    return pieces[:, : int((pieces != PAD).sum(1).max())]
