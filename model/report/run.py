"""The whole report in order: a writer's folder in, `report.html` and its figures out."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NoReturn, TypeVar

import torch
from matplotlib.axes import Axes
from tqdm import tqdm

from model.bundle import Bundle
from model.errors import ReportError
from model.evaluation.bias import bias
from model.evaluation.evidence import Evidence, Rows
from model.evaluation.settings import EvaluationSettings
from model.report.corpus import CorpusFigures, corpus_figures
from model.report.homotopies import Homotopy, homotopies
from model.report.latent import LatentMap, draw_map, latent_map
from model.report.page import page
from model.report.pictures import bars, save
from model.report.samples import GenreSamples, Twins, across_families, genre_samples, twins
from model.report.settings import ReportSettings
from model.report.topics import TopicShift, draw_favoured, draw_means, topic_shift
from model.training.figures import plot_losses
from model.writer import Writer

T = TypeVar("T")

PAGE = "report.html"
LOG = "log.csv"  # what a training leaves beside its bundle


@dataclass(frozen=True)
class Report:
    """Everything that is on the page."""

    name: str
    revision: str
    settings: ReportSettings
    homotopies: list[Homotopy]
    samples: list[GenreSamples]
    twins: list[Twins]
    shift: TopicShift
    latent: LatentMap
    corpus: CorpusFigures
    bias: Rows
    figures: dict[str, Path]  # name -> file; `losses` only where there is a log


def report(folder: Path, output: Path, settings: ReportSettings) -> Report:
    """Look at the bundle in a folder; write the page and the figures to `output`.

    Raises:
        BundleError: there is no bundle that can be used.
        CorpusError: the corpus can't be read, or holds too little.
        ReportError: the log is absent, or no training's.
    """
    torch.set_num_threads(settings.threads or os.cpu_count() or 1)
    log = _log(folder, settings)
    evidence = Evidence(Bundle.load(folder), _evaluation(settings), output)
    output.mkdir(parents=True, exist_ok=True)
    losses = {} if log is None else {"losses": _losses(log, output / "losses.png")}
    found = _found(evidence, settings, output, losses)
    (output / PAGE).write_text(page(found), encoding="utf-8")
    return found


def _found(
    evidence: Evidence, settings: ReportSettings, output: Path, losses: dict[str, Path]
) -> Report:
    bundle, writer = evidence.bundle, Writer(evidence.bundle)
    genres = across_families(evidence.train, writer.facts.genres, settings.genres)
    with tqdm(total=7, desc="report", unit="section") as bar:
        shift = _done(bar, topic_shift(evidence))
        latent = _done(bar, latent_map(evidence, settings))
        corpus = _done(bar, corpus_figures(evidence, settings))
        return Report(
            name=bundle.name,
            revision=bundle.revision,
            settings=settings,
            homotopies=_done(bar, homotopies(evidence, writer, settings)),
            samples=_done(bar, genre_samples(writer, genres, settings)),
            twins=_done(bar, twins(writer, bundle.topics, genres, settings)),
            shift=shift,
            latent=latent,
            corpus=corpus,
            bias=_done(bar, _bias(evidence)),
            figures=losses | _drawn(output, shift, latent, corpus),
        )


def _done(bar: "tqdm[NoReturn]", found: T) -> T:
    """What a section found, told to the bar."""
    bar.update()
    return found


def _bias(evidence: Evidence) -> Rows:
    return bias({"train": [line.text for line in evidence.train]} | evidence.columns)


def _drawn(
    output: Path, shift: TopicShift, latent: LatentMap, corpus: CorpusFigures
) -> dict[str, Path]:
    """The figures, a file each."""
    leading = corpus.leading
    drawings: dict[str, tuple[tuple[float, float], Callable[[Axes], None]]] = {
        "topics": ((7, 3.5), partial(draw_means, shift)),
        "favoured": ((7, 3.5), partial(draw_favoured, shift)),
        "map_pca": ((9, 6), partial(draw_map, latent, "PCA")),
        "map_tsne": ((9, 6), partial(draw_map, latent, "t-SNE")),
        "words": ((7, 7), partial(bars, names=list(leading), values=list(leading.values()))),
    }
    return {
        name: save(output / f"{name}.svg", size, draw) for name, (size, draw) in drawings.items()
    }


def _log(folder: Path, settings: ReportSettings) -> Path | None:
    """The log to draw: the one named, or else the one beside the bundle's folder if it is there."""
    if settings.log is not None:
        return settings.log
    beside = folder.parent / LOG
    return beside if beside.is_file() else None


def _losses(log: Path, file: Path) -> Path:
    try:
        plot_losses(log, file)
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise ReportError(
            f"{log} can't be drawn ({error!r}); name the log.csv that `deephypebot train` wrote"
        ) from error
    return file


def _evaluation(settings: ReportSettings) -> EvaluationSettings:
    """What the evaluation's own code has to know to gather the same evidence."""
    return EvaluationSettings(
        corpus=settings.corpus,
        seed=settings.seed,
        drafts=settings.drafts,
        judged=settings.drafts,
        served=settings.served,
    )
