"""Which label stands nearest to each microgenre on a map of genres.

Run once, when the labels change: `python -m model.corpus.nearness MAP.csv` reads a map (`genre`,
`x`, `y`, `hex_colour`) and rewrites microgenres.json beside this file. On such a map x runs from
heavy to light, y from organic to mechanical, and the colour holds three more traits of the sound.
"""

import csv
import json
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from model.corpus.genres import GenreBook, normal, vocabulary
from model.corpus.lines import read_corpus

MICROGENRES = Path(__file__).with_name("microgenres.json")
_COLOUR_WEIGHT = 0.5


def read_microgenres(file: Path = MICROGENRES) -> dict[str, str]:
    """Microgenre to nearest label, as `main` wrote it."""
    nearest: dict[str, str] = json.loads(file.read_text("utf-8"))
    return nearest


def nearest_labels(
    places: Mapping[str, tuple[float, ...]], labels: tuple[str, ...]
) -> dict[str, str]:
    """For each place that has no label in its name, the label whose place is nearest."""
    book = GenreBook(labels, {})
    names = list(places)
    points = np.array([places[name] for name in names])
    points = (points - points.mean(0)) / points.std(0)
    points[:, 2:] *= _COLOUR_WEIGHT
    own = {normal(label): label for label in labels}
    landmarks = [i for i, name in enumerate(names) if normal(name) in own]
    nearest = {}
    for i, name in enumerate(names):
        if book.substitute(name) is None:
            distance = np.linalg.norm(points[landmarks] - points[i], axis=1)
            nearest[name] = own[normal(names[landmarks[int(distance.argmin())]])]
    return nearest


def _read_map(file: Path) -> dict[str, tuple[float, ...]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return {
            row["genre"]: (float(row["x"]), float(row["y"]), *_colour(row["hex_colour"]))
            for row in csv.DictReader(stream)
        }


def _colour(code: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(code.removeprefix("#")))


def main(arguments: list[str]) -> None:
    """Rewrite microgenres.json from the map named in the arguments."""
    labels = vocabulary(line.genres for line in read_corpus())
    nearest = nearest_labels(_read_map(Path(arguments[0])), labels)
    text = json.dumps(nearest, indent=0, sort_keys=True, ensure_ascii=False)
    MICROGENRES.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
