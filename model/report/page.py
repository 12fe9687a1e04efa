"""The page of a report: each section with what it is and what of the 2018 paper it stands for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from model.corpus.families import family
from model.evaluation.glossary import GLOSSARY
from model.report.corpus import CorpusFigures
from model.report.html import document, paragraph, picture, section, sentences, table
from model.report.latent import LatentMap
from model.report.samples import GenreSamples, Twins
from model.report.topics import TopicShift

if TYPE_CHECKING:  # run writes pages
    from model.evaluation.evidence import Rows
    from model.report.homotopies import Homotopy
    from model.report.run import Report

_COLUMNS = {
    "train": "train text",
    "held_out": "test text",
    "before": "before G",
    "after": "after G",
    "served": "served",
}
_UNFIT = "(not fit to be shown)"


def page(report: Report) -> str:
    """The whole document."""
    title = f"The pictures of {report.name}, revision {report.revision}"
    introduction = (
        "What Rhodes and Jaques (2018) show of deephypebot, shown of this writer: its sentences, "
        "its latent space, its topics and its corpus. Everything was drawn with the seed "
        f"{report.settings.seed}; nothing was chosen by hand."
    )
    body = (
        paragraph(introduction),
        _homotopies(report.homotopies),
        _samples(report.samples),
        _twins(report.twins),
        _losses(report.figures),
        _topics(report.shift, report.figures, report.settings.drafts),
        _map(report.latent, report.figures),
        _corpus(report.corpus, report.figures, report.settings.genre_rows),
        _bias(report.bias),
    )
    return document(title, "\n".join(body))


def _homotopies(lines: Iterable[Homotopy]) -> str:
    about = (
        "Two sentences of the test split are encoded, and the points on the straight line between "
        "their codes are decoded, each into its likeliest words, no genre named. The paper's "
        "Table 6."
    )
    parts = [
        f"<h3>From and to</h3>{table(('', ''), (('from', one.start), ('to', one.end)))}"
        f"{sentences(one.sentences)}"
        for one in lines
    ]
    return section("Homotopies", about, *parts)


def _samples(samples: Iterable[GenreSamples]) -> str:
    about = (
        "The best sentences of one default request for each genre, as the writer ranks them, no "
        "artist and no title given. The paper's Table 7, whose sentences were the best three of "
        "fifty, picked by hand."
    )
    rows = [(one.genre, str(one.seed), text) for one in samples for text in one.texts]
    return section("Samples by genre", about, table(("genre", "seed", "sentence"), rows))


def _twins(twins: Iterable[Twins]) -> str:
    about = (
        "One code, one condition and one noise, decoded by the VAE alone and with the GAN, with "
        "the favoured topic's probability in each. The sentence with the GAN was ranked and "
        "filtered, its twin was not, and is withheld where it quotes the corpus. The paper's "
        "tables of samples of VAE and GAN+VAE side by side."
    )
    rows = [
        (
            one.genre,
            one.before or _UNFIT,
            _share(one.before_topic),
            one.after,
            _share(one.after_topic),
        )
        for one in twins
    ]
    head = ("genre", "VAE", "topic", "GAN+VAE", "topic")
    return section("VAE and GAN+VAE", about, table(head, rows))


def _losses(figures: Mapping[str, Path]) -> str:
    about = (
        "Reconstruction, KL and the weight beta over the epochs of the CVAE's training. The "
        "paper's Figure 7, which had no validation split."
    )
    if "losses" in figures:
        shown = picture(figures["losses"], "Losses in nats a sentence by epoch.")
    else:
        shown = paragraph(
            "Left out: no log.csv lies beside the bundle's folder, and none was named with --log."
        )
    return section("Loss curves", about, shown)


def _topics(shift: TopicShift, figures: Mapping[str, Path], drafts: int) -> str:
    about = (
        f"Topics of {drafts:,} drafts before and after G: the same z, the same conditions, the "
        "same noise, neither ranked nor filtered; beside them the real sentences of the test "
        "split. The paper's distribution of topics before and after the LC-GAN."
    )
    rows = [
        (
            f"{topic.name} (favoured)" if topic.favoured else topic.name,
            ", ".join(topic.words),
            *(_share(means[topic.index]) for means in shift.means.values()),
        )
        for topic in shift.topics
    ]
    return section(
        "Topics before and after G",
        about,
        table(("topic", "leading words", *shift.means), rows),
        picture(figures["topics"], "Mean probability of each topic."),
        picture(figures["favoured"], "Spread of the favoured topic's probability over sentences."),
    )


def _map(found: LatentMap, figures: Mapping[str, Path]) -> str:
    about = (
        f"The encoder's posterior means of {len(found.families):,} real sentences, coloured by the "
        "family of their first genre. The encoder is told the genres, and so is the decoder: what "
        "z need not carry it may leave out. The nearest neighbour in all "
        f"{found.dimensions} dimensions is of the same family for {found.neighbours:.0%} of the "
        f"sentences; {found.chance:.0%} would be by chance. The paper's latent space by genre."
    )
    return section(
        "The latent map",
        about,
        picture(figures["map_pca"], f"PCA; the axes hold {found.variance:.0%} of the variance."),
        picture(figures["map_tsne"], "t-SNE; distances between far-off points mean nothing."),
    )


def _corpus(corpus: CorpusFigures, figures: Mapping[str, Path], genre_rows: int) -> str:
    about = (
        "From the files to what the writer learnt from; the genres with the most lines; the words "
        "that come most often in the train split, stop words left out. The paper's counts of words "
        "and data, its table of genres and its word cloud."
    )
    genres = list(corpus.funnel.genres.items())[:genre_rows]
    rows = [(name, family(name), f"{count:,}") for name, count in genres]
    return section(
        "The corpus",
        about,
        table(("", "count"), _funnel(corpus), "figures"),
        table(("genre", "family", "lines"), rows),
        picture(figures["words"], "Leading words of the train split, times."),
    )


def _funnel(corpus: CorpusFigures) -> list[tuple[str, str]]:
    counts = corpus.funnel.rows() | {
        "train lines short enough to be learnt": corpus.learnt,
        "pieces of these": corpus.pieces,
    }
    return [(name, f"{count:,}") for name, count in counts.items()]


def _bias(rows: Rows) -> str:
    about = (
        "Pronouns, gendered words and places in 1,000 sentences of each kind. Test text is real; "
        "before and after G are the drafts above; served is what left the writer. The paper's "
        "audit of bias."
    )
    measures = GLOSSARY["bias"].measures
    columns = list(next(iter(rows.values())))
    lines = [
        (
            f"{measures[name].label} ({measures[name].explanation})",
            *(f"{values[column]:.1f}" for column in columns),
        )
        for name, values in rows.items()
    ]
    head = ("", *(_COLUMNS.get(name, name) for name in columns))
    return section("Bias", about, table(head, lines, "figures"))


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
