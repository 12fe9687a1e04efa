"""A whole evaluation of a tiny writer, and what it leaves behind."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from model.bundle import Bundle
from model.errors import CorpusError
from model.evaluation import evidence as evidence_module
from model.evaluation.bars import BARS, verdicts
from model.evaluation.constraint import best_of, foreseen
from model.evaluation.evidence import Evidence
from model.evaluation.genres import GenreJudge
from model.evaluation.glossary import GLOSSARY
from model.evaluation.page import page
from model.evaluation.run import JSON, PAGE, Evaluation, as_json, evaluate
from model.evaluation.samples import Samples, Twins, Uncurated
from model.evaluation.settings import EvaluationSettings
from model.training.config import CVAETraining

LABELS = ("dream pop", "folk", "hip hop", "r&b")


@pytest.fixture(scope="module")
def settings(corpus: Path) -> EvaluationSettings:
    return EvaluationSettings(corpus=corpus, threads=1).quick()


@pytest.fixture(scope="module")
def evaluation(
    bundle: Bundle, settings: EvaluationSettings, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Evaluation, Path]:
    folder = tmp_path_factory.mktemp("writer")
    bundle.save(folder / "bundle")
    return evaluate(folder / "bundle", folder / "out", settings), folder


def test_every_figure_is_explained_and_every_explanation_has_a_figure(
    evaluation: tuple[Evaluation, Path],
) -> None:
    measured = {group: set(rows) for group, rows in evaluation[0].figures.items()}
    assert measured == {group: set(one.measures) for group, one in GLOSSARY.items()}


def test_every_bar_names_a_figure_that_is_explained() -> None:
    for bar in BARS:
        group, measure, _ = bar.place.split(".")
        assert measure in GLOSSARY[group].measures


def test_the_json_holds_all_of_it(evaluation: tuple[Evaluation, Path]) -> None:
    found, folder = evaluation
    stored = json.loads((folder / "out" / JSON).read_text("utf-8"))
    assert stored["figures"] == json.loads(json.dumps(found.figures))
    assert stored["revision"] == found.revision
    assert len(stored["verdicts"]) == len(BARS)
    assert set(stored["seconds"]) == set(found.seconds)


def test_the_json_says_of_files_their_names_alone(
    evaluation: tuple[Evaluation, Path], tmp_path: Path
) -> None:
    found, _ = evaluation
    elsewhere = replace(found.settings, language_model=tmp_path / "lm.safetensors")
    text = as_json(replace(found, settings=elsewhere))
    assert json.loads(text)["settings"]["language_model"] == "lm.safetensors"
    assert str(tmp_path) not in text


def test_the_same_seed_gives_the_same_figures(
    evaluation: tuple[Evaluation, Path], settings: EvaluationSettings, tmp_path: Path
) -> None:
    found, folder = evaluation
    again = evaluate(folder / "bundle", tmp_path, settings)
    assert as_json(replace(again, seconds={})) == as_json(replace(found, seconds={}))


def test_the_page_is_whole_and_fetches_nothing(evaluation: tuple[Evaluation, Path]) -> None:
    text = (evaluation[1] / "out" / PAGE).read_text("utf-8")
    reader = _Reader()
    reader.feed(text)
    assert reader.open == []
    assert not {"script", "link", "img", "iframe"} & reader.seen
    assert "http" not in text
    for group in GLOSSARY.values():
        assert group.title.replace("'", "&#x27;") in text


def test_text_on_the_page_is_text(evaluation: tuple[Evaluation, Path]) -> None:
    hostile = '<script>alert(1)</script> & "more"'
    samples = Samples([Uncurated(hostile, 1, hostile)], [Twins((hostile,), hostile, hostile)])
    text = page(replace(evaluation[0], samples=samples, name=hostile))
    assert "<script" not in text
    assert text.count("&lt;script&gt;") == 7


def test_a_bar_holds_fails_or_was_not_measured() -> None:
    figures = {"constraint": {"topic_gain": {"mean": 0.3}, "distinct_2_kept": {"mean": 0.5}}}
    holds = {one.bar.place: one.holds for one in verdicts(figures)}
    assert holds["constraint.topic_gain.mean"] is True
    assert holds["constraint.distinct_2_kept.mean"] is False
    assert holds["served.unique.served"] is None


def test_a_corpus_that_holds_nothing_out_is_refused(bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"text": "One line.", "genres": []}\n')
    with pytest.raises(CorpusError, match="too few lines"):
        Evidence(bundle, EvaluationSettings(corpus=tmp_path), tmp_path / "out")


def test_d_picks_among_eight_and_its_pick_is_worth_more(
    saved: Callable[[], Path], settings: EvaluationSettings, tmp_path: Path
) -> None:
    evidence = Evidence(Bundle.load(saved()), settings, tmp_path)
    codes = evidence.draw(64, seed=3)
    own = foreseen(evidence, codes)
    best = foreseen(evidence, replace(codes, z=best_of(evidence, codes)))
    assert bool((best >= own).all())
    kept = float((best == own).float().mean())
    assert 0.02 < kept < 0.35  # one in eight


def test_the_genre_judge_tells_what_its_words_tell() -> None:
    texts = [f"a {word} hums {i} times" for i in range(30) for word in ("banjo", "snare")]
    labels = np.array([[i % 2 == 0, i % 2 == 1, False] for i in range(60)])
    judge = GenreJudge(texts, labels, seed=1)
    assert judge.auc(["banjo night", "snare night"] * 4, labels[:8]) == {0: 1.0, 1: 1.0}
    assert judge.auc(["night"] * 8, labels[:8]) == {0: 0.5, 1: 0.5}


def test_evidence_is_read_by_a_bundle_that_knows_fewer_registers(
    saved: Callable[[], Path], corpus: Path, tmp_path: Path
) -> None:
    bundle = Bundle.load(saved())
    known = bundle.cvae.condition.register.num_embeddings
    evidence = Evidence(bundle, EvaluationSettings(corpus=corpus), tmp_path)
    assert int(evidence.test_data.register.max()) < known


def test_the_language_model_learns_as_the_writer_did(
    bundle: Bundle, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[CVAETraining] = []

    def trained(*arguments: object, **_: object) -> None:
        asked.append(cast("CVAETraining", arguments[4]))

    monkeypatch.setattr(evidence_module, "trained_language_model", trained)
    learnt = CVAETraining(batch=7, epochs=3, whole=("plain",))
    record = json.loads(json.dumps({"cvae": asdict(learnt)}))
    for told, epochs in ((bundle.with_training(**record), None), (bundle, 2)):
        settings = EvaluationSettings(corpus=corpus, language_model_epochs=epochs)
        _ = Evidence(told, settings, tmp_path).language_model
    assert asked == [learnt, CVAETraining(epochs=2)]


class _Reader(HTMLParser):
    """Which elements a page has, and which of them are never closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self.seen.add(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
