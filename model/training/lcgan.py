"""The LC-GAN's training: D learns what codes lead to, G learns to move them.

D's examples are decoded by the engine at the settings the writer serves with and labelled by the
topic model; its second head tells codes of real lines from codes that were drawn or moved. After D
alone has learnt (early-stopped on decodes held out), rounds of M steps of D and one of G follow;
every so often what G does now is decoded, labelled, and shown to D, so that G cannot live off D's
ignorance; and a guard keeps G as it was at its best, and takes it back where it begins to say the
same for all codes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import NamedTuple

import torch
from torch import Tensor, nn
from tqdm import trange

from model.bundle import Bundle
from model.corpus.lines import words
from model.cvae import REGISTERS, Posterior
from model.evaluation.diversity import distinct
from model.lcgan import LCGAN
from model.novelty import CopyIndex
from model.topics import TopicModel
from model.training.batches import Dataset
from model.training.config import LCGANTraining
from model.training.decoding import Decoder, Labelled

_PATIENCE = 6  # epochs without a better held-out loss


@dataclass(frozen=True)
class CriticFit:
    """How well D foresees, on decodes it never saw."""

    loss: float  # cross-entropy, nats
    constant_loss: float  # of the best constant prediction
    correlation: float  # of the favoured topic, foreseen against the mean measured


class LCGANTrainer:
    """Trains a bundle's LC-GAN in place, against its decoder."""

    def __init__(
        self, bundle: Bundle, data: Dataset, decoder: Decoder, settings: LCGANTraining, seed: int
    ) -> None:
        self._lcgan, self._topics, self._decoder = bundle.lcgan, bundle.topics, decoder
        self._copies, self._real = bundle.copies, real_codes(bundle, data)
        self._settings, self._seed = settings, seed
        critic, actor = self._lcgan.critic.parameters(), self._lcgan.actor.parameters()
        self._critic = torch.optim.AdamW(critic, lr=settings.rate, weight_decay=1e-2)
        self._actor = torch.optim.AdamW(actor, lr=settings.actor_rate)

    def labelled(self) -> Labelled:
        """The examples that D learns from: codes of the prior, and the topics of their decodes."""
        torch.manual_seed(self._seed)
        s = self._settings
        return self._decoder.labelled(*self._decoder.draw(s.codes), s.decodes, self._seed)

    def train(self, labelled: Labelled | None = None) -> CriticFit:
        """Both networks, from examples that may be given.

        Returns how well D does on held-out decodes before G starts.
        """
        labelled = labelled or self.labelled()
        torch.manual_seed(self._seed)
        order = torch.randperm(len(labelled))
        held = int(self._settings.held_out * len(labelled))
        held_out, seen = labelled[order[:held]], labelled[order[held:]]
        self._pretrain(seen, held_out)
        fit = measure_critic(self._lcgan, held_out)
        self._alternate(seen)
        self._lcgan.eval()
        return fit

    def _pretrain(self, seen: Labelled, held_out: Labelled) -> None:
        """D alone, until the decodes held out say that it has learnt enough."""
        critic = self._lcgan.critic
        best, best_state, waited = float("inf"), critic.state_dict(), 0
        for _ in trange(self._settings.epochs, desc="lc-gan: D", unit="epoch", mininterval=2):
            order = torch.randperm(len(seen))
            for start in range(0, len(seen), self._settings.batch):
                self._critic_step(seen[order[start : start + self._settings.batch]])
            loss = measure_critic(self._lcgan, held_out).loss
            waited += 1
            if loss < best:
                best, best_state, waited = loss, _copied(critic), 0
            if waited == _PATIENCE:
                break
        critic.load_state_dict(best_state)

    def _alternate(self, seen: Labelled) -> None:
        """Rounds of M steps of D and one of G; G is left as it was at its best.

        At every relabelling the guard looks at what G now says. Of the looks at which G was diverse
        enough and copied no more than is copied without it, the one with most of the favoured topic
        is kept. Where G has lost diversity in the second half, it goes back there, and learns on
        under twice the penalty; earlier this would stop what mends itself: G runs ahead until D has
        seen where to.
        """
        s = self._settings
        penalty = s.penalty
        for group in self._critic.param_groups:
            group["lr"] = s.rate / 10
        actor, guard = self._lcgan.actor, self._guard()
        best, most, learnt = _copied(actor), guard.look(actor).topic, False
        for turn in trange(s.rounds, desc="lc-gan: D and G", unit="round", mininterval=2):
            for _ in range(s.critic_steps):
                self._critic_step(seen[torch.randint(len(seen), (s.batch,))])
            self._actor_step(penalty)
            if (turn + 1) % s.relabel_every == 0:
                look = guard.look(actor)
                if self._allowed(look):
                    if look.topic > most:
                        best, most, learnt = _copied(actor), look.topic, True
                elif look.diversity < s.least_diversity and 2 * turn >= s.rounds:
                    actor.load_state_dict(best)
                    penalty *= 2
                seen = seen + self._relabelled(turn)
        actor.load_state_dict(best)
        if learnt:
            self._reach(guard, most)

    def _reach(self, guard: "Guard", topic: float) -> None:
        """Let G go further the way that it learnt, if the guard allows and there is more topic."""
        actor = self._lcgan.actor
        for reach in self._settings.reaches:
            actor.reach.fill_(reach)
            look = guard.look(actor)
            if self._allowed(look) and look.topic > topic:
                return
        actor.reach.fill_(1.0)

    def _allowed(self, look: "Look") -> bool:
        s = self._settings
        return look.diversity >= s.least_diversity and look.copied <= s.most_copied

    def _guard(self) -> "Guard":
        codes = self._decoder.draw(self._settings.guarded)
        return Guard(self._decoder, self._topics, self._copies, codes, self._seed)

    @torch.no_grad()
    def _relabelled(self, turn: int) -> Labelled:
        z, a = self._decoder.draw(self._settings.relabel)
        moved, decodes = self._lcgan.actor(z, a), self._settings.decodes
        return self._decoder.labelled(moved, a, decodes, self._seed + 1_000_000 * (turn + 1))

    def _critic_step(self, batch: Labelled) -> None:
        """Both heads of D: topics of what was decoded; real codes against drawn and moved ones."""
        self._lcgan.critic.train()
        loss = self._lcgan.topic_loss(batch.z, batch.a, batch.topics)
        real_z, real_a = self._real.draw(self._settings.batch)
        z, a = self._decoder.draw(self._settings.batch)
        with torch.no_grad():
            moved = self._lcgan.actor(z, a, torch.randint(2, (len(z), 1)))
        real = torch.cat([torch.ones(len(real_z)), torch.zeros(len(moved))])
        loss = loss + self._lcgan.realism_loss(
            torch.cat([real_z, moved]), torch.cat([real_a, a]), real
        )
        self._critic.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own
        self._critic.step()

    def _actor_step(self, penalty: float) -> None:
        z, a = self._decoder.draw(self._settings.batch)
        self._lcgan.critic.eval()
        loss = self._lcgan.actor_loss(z, a, penalty, self._settings.realism)
        self._actor.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own
        self._actor.step()


@dataclass(frozen=True)
class RealCodes:
    """q(z|x, a) of real lines, with their conditions."""

    posterior: Posterior
    a: Tensor  # (lines, condition)

    def draw(self, count: int) -> tuple[Tensor, Tensor]:
        """Codes of so many random lines, with the conditions that these lines have."""
        rows = torch.randint(len(self.a), (count,))
        one = Posterior(self.posterior.mu[rows], self.posterior.logvar[rows])
        return one.sample(), self.a[rows]


@torch.no_grad()
def real_codes(bundle: Bundle, data: Dataset) -> RealCodes:
    """The codes of the lines in the registers that are served."""
    served = torch.tensor([REGISTERS.index(name) for name in bundle.serving.registers])
    parts = [
        (bundle.cvae.encode(batch.sentences[:, 1:-1], a), a, torch.isin(batch.register, served))
        for batch in data.each(128)
        for a in (bundle.cvae.condition(batch.genres, batch.register, batch.slots),)
    ]
    mu = torch.cat([posterior.mu[kept] for posterior, _, kept in parts])
    logvar = torch.cat([posterior.logvar[kept] for posterior, _, kept in parts])
    return RealCodes(Posterior(mu, logvar), torch.cat([a[kept] for _, a, kept in parts]))


class Look(NamedTuple):
    """What G says at one time."""

    topic: float  # the favoured topic's mean probability
    diversity: float  # distinct-2, as a share of that without G
    copied: float  # share of 4-grams that stand in training text, more than without G


class Guard:
    """Watches over G: how much of the topic it brings, how diverse and how new its words stay."""

    def __init__(
        self,
        decoder: Decoder,
        topics: TopicModel,
        copies: CopyIndex,
        codes: tuple[Tensor, Tensor],
        seed: int,
    ) -> None:
        self._decoder, self._topics, self._copies = decoder, topics, copies
        (self._z, self._a), self._seed = codes, seed
        before = decoder.texts(*codes, seed)
        self._variety, self._novelty = _variety(before), self._newness(before)

    @torch.no_grad()
    def look(self, actor: Callable[[Tensor, Tensor], Tensor]) -> Look:
        """What G makes of the guard's codes, by the same draws every time."""
        texts = self._decoder.texts(actor(self._z, self._a), self._a, self._seed)
        return Look(
            topic=fmean(self._topics.favour(texts)),
            diversity=_variety(texts) / self._variety,
            copied=self._novelty - self._newness(texts),
        )

    def _newness(self, texts: Sequence[str]) -> float:
        return fmean(map(self._copies.novelty, texts))


def _variety(texts: Sequence[str]) -> float:
    return distinct([words(text) for text in texts], 2) or 1.0  # no pairs at all are no monotony


def _copied(module: nn.Module) -> dict[str, Tensor]:
    return {key: value.clone() for key, value in module.state_dict().items()}


@torch.no_grad()
def measure_critic(lcgan: LCGAN, held_out: Labelled) -> CriticFit:
    """D against decodes it never saw."""
    lcgan.critic.eval()
    guess = lcgan.critic(held_out.z, held_out.a)
    mean = held_out.topics.mean(0)
    favoured = lcgan.config.favoured
    pair = torch.stack([guess[:, favoured].exp(), held_out.topics[:, favoured]])
    return CriticFit(
        loss=float(-(held_out.topics * guess).sum(1).mean()),
        constant_loss=float(-(mean * mean.log()).sum()),
        correlation=float(torch.corrcoef(pair)[0, 1]),
    )
