"""The whole evaluation in order: a writer's folder in, `evaluation.json` and one page out."""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from operator import attrgetter
from pathlib import Path

import torch
from tqdm import tqdm

from model.bundle import Bundle
from model.evaluation.bars import Verdict, verdicts
from model.evaluation.bias import bias
from model.evaluation.constraint import constraint, topics
from model.evaluation.copying import copying
from model.evaluation.distribution import distribution
from model.evaluation.diversity import diversity
from model.evaluation.evidence import Evidence, Rows
from model.evaluation.fluency import fluency
from model.evaluation.genres import genres
from model.evaluation.glossary import GLOSSARY
from model.evaluation.held_out import held_out_likelihood
from model.evaluation.latent import aggregated_posterior, homotopies, posterior_codes, priors
from model.evaluation.page import page
from model.evaluation.samples import Samples, samples
from model.evaluation.served import cleanliness
from model.evaluation.settings import EvaluationSettings
from model.memory import hold_memory

JSON, PAGE = "evaluation.json", "evaluation.html"

Stage = Callable[[Evidence], dict[str, Rows]]


@dataclass(frozen=True)
class Evaluation:
    """Everything that was found out about a writer."""

    name: str
    revision: str
    settings: EvaluationSettings
    figures: dict[str, Rows]  # group -> measure -> column -> value; glossary.json explains them
    verdicts: list[Verdict]
    samples: Samples
    seconds: dict[str, float]  # by stage


def evaluate(folder: Path, output: Path, settings: EvaluationSettings) -> Evaluation:
    """Measure the bundle in a folder and write both files to `output`.

    Raises:
        BundleError: there is no bundle that can be used.
        CorpusError: the corpus can't be read, or holds too little.
    """
    torch.set_num_threads(settings.threads or os.cpu_count() or 1)
    hold_memory()
    evidence = Evidence(Bundle.load(folder), settings, output)
    if settings.language_model is not None:
        _ = evidence.language_model  # a wrong file is to be known before an hour's work
    output.mkdir(parents=True, exist_ok=True)
    figures, seconds = _measured(evidence)
    evaluation = Evaluation(
        name=evidence.bundle.name,
        revision=evidence.bundle.revision,
        settings=settings,
        figures={group: figures[group] for group in GLOSSARY},
        verdicts=verdicts(figures),
        samples=samples(evidence),
        seconds=seconds,
    )
    (output / JSON).write_text(as_json(evaluation), encoding="utf-8")
    (output / PAGE).write_text(page(evaluation), encoding="utf-8")
    return evaluation


def _measured(evidence: Evidence) -> tuple[dict[str, Rows], dict[str, float]]:
    """All figures by group, and the seconds of each stage."""
    figures: dict[str, Rows] = {}
    seconds: dict[str, float] = {}
    bar = tqdm(_STAGES.items(), desc="evaluation", unit="stage")
    for name, stage in bar:
        bar.set_postfix_str(name)
        began = time.monotonic()
        figures |= stage(evidence)
        seconds[name] = round(time.monotonic() - began, 1)
        bar.write(f"{name:24} {seconds[name]:7.1f} s", file=sys.stderr)
    return figures, seconds


def as_json(evaluation: Evaluation) -> str:
    """The evaluation as JSON, its figures explained by the glossary that stands beside them."""
    values = asdict(evaluation)
    values["glossary"] = {key: asdict(group) for key, group in GLOSSARY.items()}
    # Paths by their names: where they lie is nobody's business.
    return json.dumps(values, indent=1, ensure_ascii=False, default=attrgetter("name")) + "\n"


def _likelihood(evidence: Evidence) -> dict[str, Rows]:
    return {"likelihood": held_out_likelihood(evidence)}


def _text(evidence: Evidence) -> dict[str, Rows]:
    columns = evidence.columns
    return {
        "fluency": fluency(evidence),
        "distribution": distribution(evidence),
        "diversity": diversity(columns),
        "copying": copying(evidence.training_text, columns),
        "bias": bias({"train": [line.text for line in evidence.train]} | columns),
        "topics": topics(evidence, columns),
    }


def _constraint(evidence: Evidence) -> dict[str, Rows]:
    return {"constraint": constraint(evidence)}


def _genres(evidence: Evidence) -> dict[str, Rows]:
    return {"genres": genres(evidence)}


def _latent(evidence: Evidence) -> dict[str, Rows]:
    codes = posterior_codes(evidence, evidence.settings.codes, evidence.settings.seed)
    return {
        "homotopies": homotopies(evidence),
        "posterior": aggregated_posterior(codes, evidence.bundle.prior, evidence.settings.seed),
        "priors": priors(evidence, codes),
    }


def _served(evidence: Evidence) -> dict[str, Rows]:
    asked, copies = evidence.settings.served, evidence.bundle.copies
    return {"served": cleanliness(evidence.served, copies, asked)}


def _prepare(what: str) -> Stage:
    """A stage that only makes a piece of the evidence, so that its time is told apart."""

    def stage(evidence: Evidence) -> dict[str, Rows]:
        getattr(evidence, what)
        return {}

    return stage


_STAGES: Mapping[str, Stage] = {
    "served sentences": _served,
    "drafts": _prepare("drafts"),
    "language model": _prepare("language_model"),
    "text": _text,
    "LC-GAN": _constraint,
    "genre probe": _genres,
    "latent space": _latent,
    "likelihood": _likelihood,
}
