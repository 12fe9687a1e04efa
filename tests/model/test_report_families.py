import json
from collections import Counter
from pathlib import Path

import model.corpus.families
from model.corpus.families import FAMILIES, OTHER, family
from model.corpus.genres import vocabulary
from model.corpus.lines import read_corpus


def test_every_label_of_the_corpus_has_a_family() -> None:
    labels = vocabulary(line.genres for line in read_corpus())
    assert [label for label in labels if family(label) not in FAMILIES] == []


def test_no_label_has_two_families_and_none_is_made_up() -> None:
    file = Path(model.corpus.families.__file__).with_name("families.json")
    named = Counter(label for labels in json.loads(file.read_text()).values() for label in labels)
    assert set(named) <= set(vocabulary(line.genres for line in read_corpus()))
    assert set(named.values()) == {1}


def test_a_name_that_is_no_label_belongs_to_none_of_them() -> None:
    assert family("bagpipe core") == OTHER
    assert OTHER not in FAMILIES
