"""Foretelling what readers give sentences."""

import json
from pathlib import Path

import pytest
import torch

from model.bundle import Bundle
from model.corpus.lines import words
from model.corpus.ratings import HIGHEST, RATINGS, Rated, read_ratings
from model.cvae import CVAEConfig
from model.drafting import Drafter
from model.engine import Engine
from model.errors import CorpusError
from model.ranking import echoes
from model.request import Request
from model.taste import Taste, feature_count
from model.training.taste import features_of, fit_taste, learn_taste


def _ratings(count: int) -> list[Rated]:
    """Readers who mind nothing but words that come twice."""
    chance = torch.Generator().manual_seed(2)
    heavy = ("guitar", "piano", "room", "street", "slow", "voice", "bass", "corner", "beat")
    rated = []
    for _ in range(count):
        picks = torch.randint(len(heavy), (5,), generator=chance).tolist()
        text = "The " + " and the ".join(heavy[pick] for pick in picks) + " fill the night."
        rating = max(1, 5 - echoes(words(text)))
        rated.append(Rated(text, ("folk",), rating))
    return rated


def test_what_readers_mind_is_learnt(bundle: Bundle) -> None:
    rated = _ratings(200)
    taste, fit = learn_taste(bundle, rated, seed=1)
    assert fit.ratings == 200
    assert fit.correlation > 0.9
    assert fit.auc > 0.9
    fresh = [
        Rated("The guitar and the piano fill the room.", ("folk",), 5),
        Rated("The guitar and the guitar fill the guitar.", ("folk",), 1),
    ]
    better, worse = taste.rate(features_of(bundle, fresh))
    assert better > worse + 0.5


def test_ratings_that_follow_nothing_are_not_foretold(bundle: Bundle) -> None:
    rated = _ratings(200)
    given = torch.randint(1, 6, (200,), generator=torch.Generator().manual_seed(3)).float()
    _, fit = fit_taste(features_of(bundle, rated), given, seed=1)
    assert abs(fit.correlation) < 0.25


def test_ratings_stay_on_the_scale() -> None:
    taste = Taste(torch.ones(2), torch.tensor(0.0))
    assert taste.rate(torch.tensor([[9.0, 9.0], [-9.0, 0.0]])).tolist() == [HIGHEST, 0.0]


def test_a_power_sets_the_best_apart() -> None:
    torch.manual_seed(2)
    # One kind of sentence is sure to be fair; of the other, one in three is the best there is.
    features = torch.tensor([[1.0], [0.0]]).repeat(300, 1)
    ratings = torch.tensor([3.0, 1.0, 3.0, 1.0, 3.0, 5.0]).repeat(100)
    fair, risky = torch.tensor([[1.0], [0.0]])
    plain, _ = fit_taste(features, ratings, seed=1)
    bold, _ = fit_taste(features, ratings, seed=1, power=4.0)
    assert plain.rate(fair[None]) > plain.rate(risky[None])
    assert bold.rate(fair[None]) < bold.rate(risky[None])


def test_no_taste_likes_all_alike() -> None:
    config = CVAEConfig(vocabulary=20, genres=3)
    ratings = Taste.none(config).rate(torch.randn(3, feature_count(config)))
    assert len(set(ratings.tolist())) == 1


@pytest.mark.parametrize(
    "record",
    [
        {"text": "Fine.", "genres": ["folk"], "rating": 6},
        {"text": "Fine.", "genres": ["folk"], "rating": "4"},
        {"text": "Fine.", "genres": ["folk"]},
        {"text": 4, "genres": ["folk"], "rating": 4},
    ],
)
def test_a_malformed_rating_is_named_by_file_and_line(tmp_path: Path, record: object) -> None:
    good = json.dumps({"text": "Fine.", "genres": ["Folk"], "rating": 4})
    (tmp_path / "a.jsonl").write_text(f"{good}\n{json.dumps(record)}\n", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"a\.jsonl, line 2: expected"):
        read_ratings(tmp_path)


def test_a_folder_without_ratings_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"no \.jsonl files"):
        read_ratings(tmp_path)


@pytest.mark.parametrize(("question", "fewest"), [("sense", 6000), ("delight", 2000)])
def test_the_shipped_ratings_can_be_read(question: str, fewest: int) -> None:
    ratings = read_ratings(RATINGS / question)
    assert len(ratings) > fewest
    assert {rated.rating for rated in ratings} == {1, 2, 3, 4, 5}
    assert all(rated.genres for rated in ratings)


def test_a_draft_is_rated_by_its_text_and_genres_alone() -> None:
    bundle = Bundle.load()
    drafter, engine = Drafter(bundle), Engine(bundle.cvae)
    plan = drafter.plan(Request(("folk", "jazz"), artist="Low", title="Words"), seed=3)
    with torch.inference_mode():
        fit = drafter.fit_to_show(plan, engine.decode(drafter.jobs(plan, drafter.codes(plan, 0))))
        read = engine.decode(drafter.readings(plan, fit))
        drafts = drafter.judged(plan, fit, read)
    rated = [Rated(draft.text, ("folk", "jazz"), 1) for draft in drafts]
    features = features_of(bundle, rated)
    assert len(drafts) > 5
    for taste, name in ((bundle.sense, "sense"), (bundle.delight, "delight")):
        ratings = torch.tensor([getattr(draft, name) for draft in drafts])
        assert ratings.std() > 0.1
        assert torch.allclose(ratings, taste.rate(features), atol=1e-3)
