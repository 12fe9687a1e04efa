"""The latent-constraints GAN: moves z so that what the decoder says is nearer to a wish.

After Engel, Hoffman and Roberts (2017) and Jaques et al. (2018), as deephypebot used them: the
decoder stays frozen; D(z, a) learns from decoded sentences which topics a code will lead to, and
G(z, a) learns to move z so that D expects the favoured topic. Departures from the 2018 code:

- D is labelled by what the decoder really says for (z, a) at the settings it is served with;
- G moves z only and never rewrites the condition;
- the distance that G moves is charged for, log(1 + (z' - z)^2), which the papers ask for and the
  code had lost; without it G collapses to one sentence;
- D has a second head, realism: whether a code is one that the encoder gave to real text (Engel's
  realism constraint), so that G stays where the decoder has learnt to speak;
- G's gates start nearly closed, so it starts as the identity and not as noise.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own habit
from torch import Tensor, nn

_GATE_BIAS = -2.0


@dataclass(frozen=True)
class LCGANConfig:
    """The sizes of D and G."""

    latent: int
    condition: int
    topics: int
    favoured: int  # index of the topic that G steers towards
    hidden: int = 256
    dropout: float = 0.2  # in D only


def _trunk(inputs: int, hidden: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, hidden), nn.LayerNorm(hidden), nn.SiLU(), nn.Dropout(dropout),
        nn.Linear(hidden, hidden), nn.LayerNorm(hidden), nn.SiLU(), nn.Dropout(dropout),
    )  # fmt: skip


class Critic(nn.Module):
    """D: the topics that a code will lead to, and whether it is one of real text."""

    def __init__(self, config: LCGANConfig) -> None:
        super().__init__()
        self.trunk = _trunk(config.latent + config.condition, config.hidden, config.dropout)
        self.topics = nn.Linear(config.hidden, config.topics)
        self.reality = nn.Linear(config.hidden, 1)

    def forward(self, z: Tensor, a: Tensor) -> Tensor:
        """log p(topic | z, a): (batch, topics)."""
        scores: Tensor = self.topics(self.trunk(torch.cat([z, a], dim=1)))
        return F.log_softmax(scores, dim=1)

    def realism(self, z: Tensor, a: Tensor) -> Tensor:
        """Log-odds that a code is one that the encoder gave to real text: (batch,)."""
        odds: Tensor = self.reality(self.trunk(torch.cat([z, a], dim=1)))
        return odds[:, 0]


class Actor(nn.Module):
    """G: a gated step in latent space."""

    def __init__(self, config: LCGANConfig) -> None:
        super().__init__()
        self.trunk = _trunk(config.latent + config.condition, config.hidden, 0.0)
        self.proposal = nn.Linear(config.hidden, config.latent)
        self.gate = nn.Linear(config.hidden, config.latent)
        nn.init.constant_(self.gate.bias, _GATE_BIAS)
        self.reach: Tensor
        self.register_buffer("reach", torch.ones(()))  # set when G has learnt all it will

    def forward(self, z: Tensor, a: Tensor, strength: float | Tensor = 1.0) -> Tensor:
        """z' = z + strength * reach * g * (proposal - z), the gate g in (0, 1) for each dimension.

        A strength of 0 gives z itself; 1 is as far as the guard lets G go. (batch, latent)
        """
        features = self.trunk(torch.cat([z, a], dim=1))
        gate = torch.sigmoid(self.gate(features))
        moved: Tensor = z + strength * self.reach * gate * (self.proposal(features) - z)
        return moved


class LCGAN(nn.Module):
    """D and G side by side."""

    def __init__(self, config: LCGANConfig) -> None:
        super().__init__()
        self.config = config
        self.critic = Critic(config)
        self.actor = Actor(config)

    def topic_loss(self, z: Tensor, a: Tensor, topics: Tensor) -> Tensor:
        """Cross-entropy of D against the topic mixtures of what was decoded."""
        loss: Tensor = -(topics * self.critic(z, a)).sum(1).mean()
        return loss

    def realism_loss(self, z: Tensor, a: Tensor, real: Tensor) -> Tensor:
        """Cross-entropy of D's second head; real is 1 for codes of real text, else 0: (batch,)."""
        return F.binary_cross_entropy_with_logits(self.critic.realism(z, a), real)

    def actor_loss(self, z: Tensor, a: Tensor, penalty: float, realism: float) -> Tensor:
        """-log D_favoured(z', a) - realism * log D_real(z', a) + penalty * mean log(1 + (z'-z)^2).

        A mean over the batch and, for the distance, over the dimensions.
        """
        moved = self.actor(z, a)
        value = self.critic(moved, a)[:, self.config.favoured]
        value = value + realism * F.logsigmoid(self.critic.realism(moved, a))
        distance = torch.log1p((moved - z).square()).mean()
        loss: Tensor = penalty * distance - value.mean()
        return loss
