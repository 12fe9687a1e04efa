import copy
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from model.bundle import Bundle, Serving
from model.corpus.lines import Line
from model.cvae import multi_hot
from model.lcgan import LCGAN, LCGANConfig
from model.novelty import CopyIndex
from model.topics import TopicModel
from model.training.batches import Dataset
from model.training.config import LCGANTraining
from model.training.decoding import Decoder, Labelled
from model.training.lcgan import Guard, LCGANTrainer, Look, measure_critic
from tests.model.conftest import LABELS, TEXTS

_CONFIG = LCGANConfig(latent=6, condition=3, topics=4, favoured=2, hidden=16)


def _codes() -> tuple[LCGAN, torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    return LCGAN(_CONFIG).eval(), torch.randn(20, 6), torch.randn(20, 3)


def test_strength_zero_is_the_identity() -> None:
    lcgan, z, a = _codes()
    assert torch.equal(lcgan.actor(z, a, 0.0), z)


def test_strength_scales_the_step() -> None:
    lcgan, z, a = _codes()
    whole, half = lcgan.actor(z, a, 1.0) - z, lcgan.actor(z, a, 0.5) - z
    assert torch.allclose(half, whole / 2, atol=1e-6)


def test_each_row_may_have_its_own_strength() -> None:
    lcgan, z, a = _codes()
    strength = torch.linspace(0, 1, 20)[:, None]
    assert torch.equal(lcgan.actor(z, a, strength)[:1], z[:1])


def test_an_untrained_actor_hardly_moves() -> None:
    lcgan, z, a = _codes()
    assert (lcgan.actor(z, a) - z).abs().mean() < 0.3 * z.abs().mean()


def test_the_critic_gives_a_distribution_over_topics() -> None:
    lcgan, z, a = _codes()
    assert torch.allclose(lcgan.critic(z, a).exp().sum(1), torch.ones(20))


def test_the_penalty_charges_for_distance_alone() -> None:
    lcgan, z, a = _codes()
    free, dear = lcgan.actor_loss(z, a, 0.0, 0.0), lcgan.actor_loss(z, a, 2.0, 0.0)
    distance = torch.log1p((lcgan.actor(z, a) - z).square()).mean()
    assert torch.allclose(dear - free, 2.0 * distance, atol=1e-6)


def test_the_actors_loss_leads_it_to_codes_that_the_critic_favours() -> None:
    lcgan, z, a = _codes()
    lcgan.critic.topics.weight.data *= 10
    optimiser = torch.optim.Adam(lcgan.actor.parameters(), lr=1e-2)
    before = lcgan.critic(z, a)[:, 2].mean()
    for _ in range(60):
        optimiser.zero_grad()
        lcgan.actor_loss(z, a, 0.01, 0.0).backward()  # type: ignore[no-untyped-call]  # torch's own
        optimiser.step()
    assert lcgan.critic(lcgan.actor(z, a), a)[:, 2].mean() > before + 0.5


def test_realism_draws_the_actor_towards_codes_of_real_text() -> None:
    lcgan, z, a = _codes()
    optimiser = torch.optim.Adam(lcgan.actor.parameters(), lr=1e-2)
    before = lcgan.critic.realism(z, a).mean()
    for _ in range(60):
        optimiser.zero_grad()
        lcgan.actor_loss(z, a, 0.0, 50.0).backward()  # type: ignore[no-untyped-call]  # torch's own
        optimiser.step()
    assert lcgan.critic.realism(lcgan.actor(z, a), a).mean() > before + 0.5


def test_the_critic_learns_which_codes_are_real() -> None:
    lcgan, z, a = _codes()
    optimiser = torch.optim.Adam(lcgan.critic.parameters(), lr=1e-2)
    real = (z[:, 0] > 0).float()
    for _ in range(60):
        optimiser.zero_grad()
        lcgan.realism_loss(z, a, real).backward()  # type: ignore[no-untyped-call]  # torch's own
        optimiser.step()
    assert torch.equal(lcgan.critic.realism(z, a) > 0, real.bool())


class _Plainspoken(Decoder):
    """Says the first three numbers of a code."""

    def __init__(self) -> None:
        """There is nothing behind it."""

    def texts(self, z: torch.Tensor, a: torch.Tensor, seed: int) -> list[str]:
        assert len(a) == len(z)
        return [" ".join(f"n{round(x * 100)}" for x in row[:3]) for row in (z + seed).tolist()]


_TOPICS = TopicModel(
    ("silence", "street"), torch.tensor([[0.9, 0.1], [0.1, 0.9]]), torch.tensor([0.1, 0.1]), 0
)


class _Torn(_Plainspoken):
    """Speaks of silence or of a street, as a code's first number has it."""

    def texts(self, z: torch.Tensor, a: torch.Tensor, seed: int) -> list[str]:
        assert len(a) == len(z)
        assert seed == 1
        return ["the silence" if row[0] > 0 else "the street" for row in z]


def _guard(decoder: Decoder, known: str = "a line that nobody says") -> Guard:
    codes = (torch.randn(30, 6), torch.randn(30, 3))
    return Guard(decoder, _TOPICS, CopyIndex.of([known]), codes, seed=1)


class _Quoting(_Plainspoken):
    """Says what is known for a code that begins with a positive number, else news."""

    def texts(self, z: torch.Tensor, a: torch.Tensor, seed: int) -> list[str]:
        assert len(a) == len(z)
        assert seed == 1
        return [
            "the silence of a street" if row[0] > 0 else f"word{i} one{i} after{i} another{i}"
            for i, row in enumerate(z)
        ]


def test_the_guard_sees_when_more_is_copied() -> None:
    guard = _guard(_Quoting(), "the silence of a street")
    assert guard.look(lambda z, _: z).copied == 0.0
    assert guard.look(lambda z, _: z.abs()).copied > 0.2
    assert guard.look(lambda z, _: -z.abs()).copied < -0.2


def test_the_guard_sees_how_much_of_the_topic_there_is() -> None:
    guard = _guard(_Torn())
    assert guard.look(lambda z, _: z.abs()).topic > 0.7
    assert guard.look(lambda z, _: -z.abs()).topic < 0.3


def test_the_guard_sees_when_everything_becomes_the_same() -> None:
    guard = _guard(_Plainspoken())
    assert guard.look(lambda z, _: z).diversity == 1.0
    assert guard.look(lambda z, _: z.mean(0).expand_as(z)).diversity < 0.1


def _trainer(bundle: Bundle, least_diversity: float) -> LCGANTrainer:
    """A trainer of four rounds, each of which ends with the guard's look."""
    lines = [Line(text, (label,), "plain", "train") for text in TEXTS for label in LABELS[:2]]
    data = Dataset.of(lines, bundle.pieces, LABELS)
    settings = LCGANTraining(
        codes=20, decodes=1, epochs=1, batch=8, rounds=4, relabel_every=1, relabel=4,
        guarded=4,        least_diversity=least_diversity, penalty=0.5,
    )  # fmt: skip
    return LCGANTrainer(bundle, data, Decoder(bundle, data.genres), settings, seed=1)


@pytest.fixture
def learner(bundle: Bundle) -> Bundle:
    """The tiny bundle with an LC-GAN of its own to train."""
    return replace(bundle, lcgan=copy.deepcopy(bundle.lcgan), serving=Serving(registers=("plain",)))


@pytest.mark.parametrize(
    ("least_diversity", "penalties"), [(0.0, [0.5] * 4), (2.0, [0.5, 0.5, 0.5, 1.0])]
)
def test_a_guard_that_is_not_content_doubles_the_penalty(
    learner: Bundle,
    monkeypatch: pytest.MonkeyPatch,
    least_diversity: float,
    penalties: list[float],
) -> None:
    met: list[float] = []
    real = learner.lcgan.actor_loss

    def loss(z: Tensor, a: Tensor, penalty: float, realism: float) -> Tensor:
        met.append(penalty)
        return real(z, a, penalty, realism)

    monkeypatch.setattr(learner.lcgan, "actor_loss", loss)
    _trainer(learner, least_diversity).train()
    assert met == penalties


def test_a_guard_that_is_never_content_leaves_the_actor_as_it_was(learner: Bundle) -> None:
    before = copy.deepcopy(learner.lcgan.actor.state_dict())
    _trainer(learner, least_diversity=2.0).train()
    assert all(torch.equal(before[k], v) for k, v in learner.lcgan.actor.state_dict().items())


def test_the_actor_is_left_as_it_was_at_the_best_look_that_was_diverse_and_new(
    learner: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = iter(
        [
            Look(topic, diversity, copied)
            for topic, diversity, copied in (
                (0.1, 1.0, 0.0),
                (0.6, 1.0, 0.1),
                (0.5, 0.5, 0.0),
                (0.4, 1.0, 0.0),
                (0.2, 1.0, 0.0),
                (0.9, 0.5, 0.0),  # the first reach goes too far
                (0.8, 1.0, 0.0),  # the second does not
            )
        ]
    )
    seen = []

    def look(*_: object) -> Look:
        seen.append(copy.deepcopy(learner.lcgan.actor.state_dict()))
        return next(looks)

    monkeypatch.setattr(Guard, "look", look)
    _trainer(learner, least_diversity=0.9).train()
    last = learner.lcgan.actor.state_dict()
    assert float(last.pop("reach")) == pytest.approx(1.2)
    same = [all(torch.equal(state[k], last[k]) for k in last) for state in seen]
    # The looks after the rounds are at the actor that was kept.
    assert same == [False, False, False, True, False, True, True]


def test_a_critic_is_measured_beside_the_best_constant() -> None:
    lcgan, z, a = _codes()
    topics = torch.tensor([[0.7, 0.1, 0.1, 0.1], [0.1, 0.1, 0.7, 0.1]]).repeat(10, 1)
    fit = measure_critic(lcgan, Labelled(z, a, topics))
    mean = topics.mean(0)
    assert abs(fit.constant_loss + float((mean * mean.log()).sum())) < 1e-6
    assert -1.0 <= fit.correlation <= 1.0


def test_a_label_is_the_mean_over_what_a_code_says_several_times(bundle: Bundle) -> None:
    genres = multi_hot([[0], [1]], 4)
    decoder = Decoder(bundle, genres)
    z, a = decoder.draw(3)
    labelled = decoder.labelled(z, a, decodes=2, seed=5)
    rows = torch.tensor([0, 0, 1, 1, 2, 2])
    each = bundle.topics.mixtures(decoder.texts(z[rows], a[rows], seed=5))
    assert torch.allclose(labelled.topics, (each[::2] + each[1::2]) / 2)
