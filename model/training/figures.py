"""The course of a training as a picture (Rhodes and Jaques 2018, figure 7)."""

import csv
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

_SIZE, _DOTS = (7.0, 6.0), 120  # inches, and dots in each
_TRAIN, _VALID, _BETA = "tab:blue", "tab:orange", "tab:gray"

Columns = dict[str, list[float]]


def plot_losses(log: Path, file: Path) -> None:
    """Draw loss, KL and beta by epoch from a training's log.csv, as a PNG file.

    The loss is the negative ELBO in nats a sentence, reconstruction + KL, whatever beta was.
    """
    columns = _read(log)
    figure = Figure(figsize=_SIZE)
    figure.subplots_adjust(left=0.1, right=0.91, bottom=0.08, top=0.98, hspace=0.06)
    upper, lower = figure.subplots(2, 1, sharex=True)
    _draw_loss(upper, columns)
    _draw_kl(lower, columns)
    partial = file.with_name(f"{file.name}.partial")
    figure.savefig(partial, format="png", dpi=_DOTS)
    partial.replace(file)


def _draw_loss(axes: Axes, columns: Columns) -> None:
    for name, colour in (("train", _TRAIN), ("valid", _VALID)):
        reconstruction, kl = columns[f"{name}_reconstruction"], columns.get(f"{name}_kl")
        if kl is not None:
            loss = [sum(pair) for pair in zip(reconstruction, kl, strict=True)]
            axes.plot(columns["epoch"], loss, color=colour, marker=".", label=name)
        axes.plot(
            columns["epoch"], reconstruction, color=colour, linestyle=":",
            label=f"{name}, reconstruction alone",
        )  # fmt: skip
    axes.set_ylabel("loss, nats a sentence")
    axes.legend()


def _draw_kl(axes: Axes, columns: Columns) -> None:
    for name, colour in (("train", _TRAIN), ("valid", _VALID)):
        if f"{name}_kl" in columns:
            axes.plot(columns["epoch"], columns[f"{name}_kl"], color=colour, marker=".", label=name)
    axes.set(xlabel="epoch", ylabel="KL, nats a sentence")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend()
    right = axes.twinx()
    right.plot(columns["epoch"], columns["beta"], color=_BETA, linestyle="--")
    right.set(ylabel="beta (dashed)", ylim=(0.0, 1.05))


def _read(log: Path) -> Columns:
    """The columns that every line has a number in."""
    with log.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        key: [float(row[key]) for row in rows] for key in rows[0] if all(row[key] for row in rows)
    }
