"""What the sections of a report are made of."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.axes import Axes

from model.bundle import Bundle
from model.corpus.funnel import funnel
from model.corpus.lines import Line
from model.errors import CorpusError
from model.evaluation.evidence import Evidence
from model.evaluation.settings import EvaluationSettings
from model.report.corpus import leading_words
from model.report.latent import posterior_means
from model.report.pictures import INK, bars, inline, save
from model.report.samples import across_families


def _line(*genres: str) -> Line:
    return Line("A line.", genres, "plain", "train")


def _corpus(folder: Path, *texts: str, name: str = "plain_x") -> Path:
    records = [{"text": text, "genres": ["folk"]} for text in texts]
    (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, records)))
    return folder


def test_the_funnel_counts_what_is_read_dropped_and_kept(tmp_path: Path) -> None:
    _corpus(tmp_path, "A slow song.", "A slow  song.", "", "{artist} hums a song.")
    found = funnel(_corpus(tmp_path, "A slow song.", "Loud.", name="clear_x"))
    assert (found.files, found.read, found.dropped, found.kept) == (2, 6, 3, 3)
    assert found.registers == {"clear": 2, "plain": 1}
    assert sum(found.splits.values()) == 3
    assert (found.words, found.distinct_words) == (7, 5)
    assert (found.genres, found.labels) == ({"folk": 3}, 0)


def test_a_folder_without_a_corpus_has_no_funnel(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"no \.jsonl files"):
        funnel(tmp_path)


def test_genres_come_from_all_families_in_turn_the_largest_first() -> None:
    lines = [_line("folk"), _line("hip hop"), _line("hip hop"), _line("rap"), _line("rap")]
    lines += [_line("rap"), _line("no label")]
    labels = ("folk", "hip hop", "rap", "techno")
    assert across_families(lines, labels, 3) == ["rap", "folk", "hip hop"]
    assert across_families(lines, labels, 2) == ["rap", "folk"]


def test_leading_words_say_something_of_music() -> None:
    texts = ["The drums and the bass.", "All of the drums.", "A bass, an alto, a bass."]
    assert leading_words(texts, 2) == {"bass": 3, "drums": 2}


def test_posterior_means_come_in_the_order_of_the_lines(bundle: Bundle, tmp_path: Path) -> None:
    texts = [f"The {n} guitars of nobody warm {n} rooms{' again' * (n % 3)}." for n in range(200)]
    evidence = Evidence(bundle, EvaluationSettings(corpus=_corpus(tmp_path, *texts)), tmp_path)
    lines = evidence.train[:9]
    means = posterior_means(evidence, lines)
    for line, mean in zip(lines, means, strict=True):
        batch = evidence.dataset([line]).rows([0])
        a = bundle.cvae.condition(batch.genres, batch.register, batch.slots)
        with torch.no_grad():
            own = bundle.cvae.encode(batch.sentences[:, 1:-1], a).mu[0]
        np.testing.assert_allclose(mean, own.numpy(), atol=1e-5)


def test_a_picture_takes_the_ink_of_its_page_and_ids_of_its_own(tmp_path: Path) -> None:
    def draw(axes: Axes) -> None:
        bars(axes, ["drums <&>", "bass"], [2.0, 1.0])

    one, other = (save(tmp_path / f"{name}.svg", (3, 2), draw) for name in ("one", "other"))
    assert one.read_bytes() == other.read_bytes()
    text = inline(one)
    assert text.startswith("<svg")
    assert INK not in text
    assert "currentColor" in text
    assert "drums &lt;&amp;&gt;" in text
    assert 'id="one-' in text
    assert inline(other) == text.replace("one-", "other-")
