"""What each figure means: the titles, labels and explanations of `glossary.json`, typed."""

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Measure:
    """One row of figures."""

    label: str
    explanation: str


@dataclass(frozen=True)
class Group:
    """One table of figures."""

    title: str
    about: str
    measures: dict[str, Measure]


def _read() -> dict[str, Group]:
    stored = json.loads(Path(__file__).with_name("glossary.json").read_text("utf-8"))
    return {
        key: Group(
            group["title"],
            group["about"],
            {name: Measure(*texts) for name, texts in group["measures"].items()},
        )
        for key, group in stored.items()
    }


GLOSSARY = _read()
