import pytest
import torch

from model import topics
from model.topics import TopicModel
from model.training.config import TopicTraining
from model.training.topics import bag, fit_topics

_HUSH = ["breath", "silence", "note", "room", "alone"]
_PLACE = ["street", "kitchen", "river", "window", "train"]
_SETTINGS = TopicTraining(counts=(2, 3), iterations=60, minimum=2, common=0.9)


def _texts() -> list[str]:
    generator = torch.Generator().manual_seed(0)

    def draw(pool: list[str]) -> str:
        return " ".join(pool[i] for i in torch.randint(5, (6,), generator=generator).tolist())

    return [draw(pool) for _ in range(150) for pool in (_HUSH, _PLACE)]


def test_fitting_again_gives_the_same_topics() -> None:
    one, two = (fit_topics(_texts(), _SETTINGS, seed=3) for _ in range(2))
    assert one.coherence == two.coherence
    assert one.model.vocabulary == two.model.vocabulary
    assert torch.equal(one.model.phi, two.model.phi)


def test_the_favoured_topic_is_the_one_of_the_seed_words() -> None:
    model = fit_topics(_texts(), TopicTraining(**{**vars(_SETTINGS), "counts": (2,)}), 3).model
    favoured = next(topic for topic in model.describe(5) if topic.favoured)
    assert set(favoured.words) == set(_HUSH)
    assert model.favour(["the silence and a breath and a note"])[0] > 0.8
    assert model.favour(["the river by the street"])[0] < 0.2


def test_folding_in_agrees_with_the_sampler() -> None:
    tomotopy = pytest.importorskip("tomotopy")
    lda = tomotopy.LDAModel(k=2, min_df=2, alpha=0.1, eta=0.01, seed=1)
    lda.optim_interval = 0
    for text in _texts():
        lda.add_doc(bag(text))
    lda.train(100, workers=1)
    model = TopicModel(
        tuple(lda.used_vocabs),
        torch.tensor([lda.get_topic_word_dist(k).tolist() for k in range(2)]),
        torch.tensor([0.1, 0.1]),
        favoured=0,
    )
    for text in ("breath silence note", "river train street window", "breath river silence train"):
        theirs, _ = lda.infer(lda.make_doc(text.split()), iterations=500)
        ours = model.mixtures([text])[0]
        assert torch.allclose(ours, torch.from_numpy(theirs), atol=0.15)


def test_a_text_of_unknown_words_has_the_priors_mixture() -> None:
    model = TopicModel(("drums",), torch.tensor([[1.0], [1.0]]), torch.tensor([0.1, 0.3]), 0)
    assert torch.allclose(model.mixtures(["zzz", ""]), torch.tensor([[0.25, 0.75]] * 2))


def test_a_mixture_does_not_depend_on_the_texts_beside_it() -> None:
    model = fit_topics(_texts(), _SETTINGS, seed=3).model
    alone = model.mixtures(["breath street"])
    beside = model.mixtures(["breath street", " ".join(_PLACE * 4)])[:1]
    assert torch.allclose(alone, beside, atol=1e-6)


def test_texts_settle_each_in_its_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    model = fit_topics(_texts(), _SETTINGS, seed=3).model
    drawn = [" ".join(text.split()[:length]) for text in _texts()[:60] for length in (1, 3, 6)]
    texts = [*drawn, *(f"{a} {b}" for a in _HUSH for b in _PLACE), "unknown words", ""]
    together = model.mixtures(texts)
    assert torch.allclose(together.sum(1), torch.ones(len(texts)), atol=1e-5)
    for text, mixture in zip(texts, together, strict=True):
        assert torch.allclose(model.mixtures([text])[0], mixture, atol=1e-6)
    monkeypatch.setattr(topics, "_STILL", 0.0)
    monkeypatch.setattr(topics, "_MOST", 400)
    assert torch.allclose(model.mixtures(texts), together, atol=5e-3)
    assert model.mixtures([]).shape == (0, model.size)
