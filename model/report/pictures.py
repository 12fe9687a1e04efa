"""Figures as SVG: drawn once into a file, and from there set into a page.

Ink takes the colour of the page's own text where a figure is set into one, so that it is readable
on light and on dark; all other colours are of middling brightness. Text stays text.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from model.corpus.families import FAMILIES, OTHER

INK = "#1f2328"
REAL, BEFORE, AFTER = "#8a8f98", "#4c86c6", "#d9822b"  # real text, before G, after G
FAMILY_COLOURS: Mapping[str, str] = dict(
    zip(
        (*FAMILIES, OTHER),
        (
            "#3f8fd2", "#4fb3bf", "#e08a2e", "#b565c7", "#d24d57",
            "#7d6b5d", "#e377a8", "#4f9d55", "#b3a12f", "#8a8f98",
        ),
        strict=True,
    )
)  # fmt: skip

# What would change from day to day, or name an address.
_NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))
_ADDRESSES = re.compile(r'\s+xmlns(?::\w+)?="[^"]*"')
_OWN_IDS = re.compile(r'(\bid="|href="#|url\(#)')


def save(file: Path, size: tuple[float, float], draw: Callable[[Axes], None]) -> Path:
    """Draw axes of a size, in inches, into an SVG file; returns the file."""
    with _style():
        figure = Figure(figsize=size, layout="constrained")
        draw(figure.subplots())
        figure.savefig(file, format="svg", dpi=150, transparent=True, metadata=_NO_METADATA)
    return file


def _style() -> AbstractContextManager[None]:
    return mpl.rc_context(
        {
            "svg.fonttype": "none",
            "svg.hashsalt": "deephypebot",  # else the same figure has other ids each time
            "font.size": 10,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "legend.frameon": False,
            "text.color": INK,
            "axes.edgecolor": INK,
            "axes.labelcolor": INK,
            "xtick.color": INK,
            "ytick.color": INK,
        }
    )


def inline(file: Path) -> str:
    """A figure as an element of a page: its ids its own, its ink the page's."""
    text = file.read_text("utf-8")
    text = _ADDRESSES.sub("", text[text.index("<svg") :])
    return _OWN_IDS.sub(rf"\g<1>{file.stem}-", text).replace(INK, "currentColor")


def bars(axes: Axes, names: Sequence[str], values: Sequence[float]) -> None:
    """Horizontal bars, the first on top."""
    axes.barh(range(len(names)), values, color=BEFORE)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.margins(y=0.01)
