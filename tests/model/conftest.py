"""Tiny writers: random weights, a few dozen lines of text, no training."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from model.bundle import Bundle
from model.corpus.genres import GenreBook
from model.cvae import CVAE, CVAEConfig
from model.lcgan import LCGAN, LCGANConfig
from model.novelty import CopyIndex
from model.prior import Prior
from model.probe import GenreProbe
from model.taste import Taste, feature_count
from model.tokenizer import Pieces
from model.topics import TopicModel

TEXTS = [
    f"The {what} of {{artist}} {does} the {room} on {{title}}, and nobody {ends}."
    for what in ("guitar", "piano", "slow beat", "old voice", "bass")
    for does, room in (("warms", "room"), ("fills", "street"), ("turns", "corner"))
    for ends in ("minds", "leaves early")
]
LABELS = ("dream pop", "folk", "hip hop", "r&b")


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Tiny products are slower on several threads."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def pieces() -> Pieces:
    """Pieces learnt from the tiny text."""
    return Pieces.train(TEXTS, 340)


@pytest.fixture(scope="session")
def cvae(pieces: Pieces) -> CVAE:
    """A CVAE of a few thousand random weights."""
    torch.manual_seed(3)
    config = CVAEConfig(
        vocabulary=pieces.size, genres=len(LABELS), embedding=16, encoder=8, decoder=32, latent=8
    )
    return CVAE(config).eval()


@pytest.fixture(scope="session")
def bundle(pieces: Pieces, cvae: CVAE) -> Bundle:
    """A whole writer around the tiny CVAE."""
    torch.manual_seed(4)
    topics = TopicModel(
        ("guitar", "piano", "room", "street"),
        torch.tensor([[0.4, 0.4, 0.1, 0.1], [0.1, 0.1, 0.4, 0.4]]),
        torch.tensor([0.1, 0.1]),
        favoured=0,
    )
    config = cvae.config
    return Bundle(
        name="tiny",
        pieces=pieces,
        cvae=cvae,
        prior=Prior.standard(cvae.config.latent),
        lcgan=LCGAN(LCGANConfig(config.latent, config.condition, topics=2, favoured=0, hidden=8)),
        topics=topics,
        probe=GenreProbe(torch.randn(len(LABELS), pieces.size)),
        copies=CopyIndex.of(TEXTS),
        sense=Taste(torch.randn(feature_count(config)) / 9, torch.tensor(3.0)),
        delight=Taste(torch.randn(feature_count(config)) / 9, torch.tensor(3.0)),
        genres=GenreBook(LABELS, {"vaporwave": "dream pop"}),
    )


@pytest.fixture
def saved(bundle: Bundle, tmp_path: Path) -> Callable[[], Path]:
    """Saves the tiny bundle to a fresh folder."""

    def save() -> Path:
        bundle.save(tmp_path / "bundle")
        return tmp_path / "bundle"

    return save


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus large enough that a split of it is held out."""
    folder = tmp_path_factory.mktemp("corpus")
    records = [
        {
            "genres": [LABELS[number % len(LABELS)]],
            "text": f"The {what} of {who} {does} the {where} at {number} in the morning.",
        }
        for what in ("guitar", "old piano", "slow beat", "voice", "bass")
        for who in ("{artist}", "nobody")
        for does in ("warms", "fills", "turns")
        for where in ("room", "street")
        for number in range(8)
    ]
    text = "\n".join(map(json.dumps, records))
    (folder / "plain_x.jsonl").write_text(text, encoding="utf-8")
    return folder
