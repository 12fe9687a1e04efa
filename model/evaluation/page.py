"""One page of an evaluation: self-contained, no script, nothing fetched. All text is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from model.evaluation.bars import Verdict
from model.evaluation.glossary import GLOSSARY, Group, Measure
from model.evaluation.samples import Samples

if TYPE_CHECKING:  # run writes pages
    from model.evaluation.run import Evaluation

_STYLE = Path(__file__).with_name("page.css")
_COLUMNS = {
    "held_out": "held-out text",
    "before": "before G",
    "after": "after G",
    "train": "train text",
    "writer": "the writer",
    "standard_normal": "N(0, I)",
    "writers_prior": "the writer's prior",
}


def page(evaluation: Evaluation) -> str:
    """The whole document."""
    title = f"Evaluation of {evaluation.name}, revision {evaluation.revision}"
    body = "\n".join(
        (
            f"<h1>{escape(title)}</h1>",
            _introduction(evaluation),
            _bars(evaluation.verdicts),
            *(_group(GLOSSARY[key], rows) for key, rows in evaluation.figures.items()),
            _samples(evaluation.samples),
            _times(evaluation.seconds),
        )
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE.read_text('utf-8')}</style></head>\n"
        f"<body><main>\n{body}\n</main></body></html>\n"
    )


def _introduction(evaluation: Evaluation) -> str:
    s = evaluation.settings
    return (
        "<p>Held-out text is real text of the test split, which nothing was trained on. Before G "
        "and after G are drafts of the same codes and the same noise without and with the LC-GAN, "
        "neither ranked nor filtered. Served is what left the writer, ranked and filtered. "
        f"{s.drafts:,} drafts of each kind, {s.served:,} served sentences, seed {s.seed}.</p>"
    )


def _bars(verdicts: Iterable[Verdict]) -> str:
    rows = [
        (
            escape(one.bar.claim),
            _number(one.value),
            f"{one.bar.side} {_number(one.bar.limit)}",
            _mark(one.holds),
        )
        for one in verdicts
    ]
    return "<h2>Bars</h2>" + _table(("", "measured", "bar", "holds"), rows)


def _mark(holds: bool | None) -> str:
    if holds is None:
        return '<span class="unknown">not measured</span>'
    return '<span class="yes">yes</span>' if holds else '<span class="no">no</span>'


def _group(group: Group, rows: Mapping[str, Mapping[str, float]]) -> str:
    columns = list(dict.fromkeys(column for values in rows.values() for column in values))
    lines = [
        (_label(group.measures[name]), *(_number(values.get(column)) for column in columns))
        for name, values in rows.items()
    ]
    head = ("", *(escape(_COLUMNS.get(name, name.replace("_", " "))) for name in columns))
    return f"<h2>{escape(group.title)}</h2><p>{escape(group.about)}</p>" + _table(head, lines)


def _label(measure: Measure) -> str:
    return f"{escape(measure.label)}<small>{escape(measure.explanation)}</small>"


def _samples(samples: Samples) -> str:
    written = [(escape(one.genre), str(one.seed), escape(one.text)) for one in samples.uncurated]
    twins = [
        (escape(", ".join(one.genres)), escape(one.before), escape(one.after))
        for one in samples.twins
    ]
    return (
        "<h2>Uncurated samples</h2><p>The writer's first sentence for each genre and seed, as "
        "served, the song's names invented. Nobody has chosen among them.</p>"
        + _table(("genre", "seed", "sentence"), written, "texts")
        + "<h2>Twins</h2><p>One code, one noise: without the LC-GAN and with it. Neither ranked "
        "nor filtered.</p>" + _table(("genres", "before G", "after G"), twins, "texts")
    )


def _times(seconds: Mapping[str, float]) -> str:
    rows = [(escape(stage), f"{spent:.0f}") for stage, spent in seconds.items()]
    return "<h2>Time</h2>" + _table(("stage", "seconds"), rows)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]], kind: str = "figures") -> str:
    """A table of cells that are HTML already."""
    top = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>\n" for row in rows)
    return (
        f'<div class="wide"><table class="{kind}"><thead><tr>{top}</tr></thead>\n'
        f"<tbody>{body}</tbody></table></div>"
    )


def _number(value: float | None) -> str:
    """Three or four figures, and no more than a measure has."""
    if value is None:
        return ""
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.1f}" if abs(value) >= 100 else f"{value:.4g}"
