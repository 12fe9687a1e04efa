"""A whole report of a tiny writer, and what it leaves behind."""

import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from model.bundle import Bundle
from model.errors import ReportError
from model.report.homotopies import Homotopy
from model.report.page import page
from model.report.run import PAGE, Report, report
from model.report.samples import GenreSamples, Twins
from model.report.settings import ReportSettings

LABELS = ("dream pop", "folk", "hip hop", "r&b")
_LOG = "epoch,beta,train_reconstruction,train_kl,valid_reconstruction,valid_kl\n1,1,70,3,60,4\n"


@pytest.fixture(scope="module")
def settings(corpus: Path) -> ReportSettings:
    return replace(
        ReportSettings(corpus=corpus, threads=1),
        homotopies=2, steps=3, genres=2, best=2, drafts=12, served=5, codes=40, words=8,
    )  # fmt: skip


@pytest.fixture(scope="module")
def found(
    bundle: Bundle, settings: ReportSettings, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Report, Path]:
    folder = tmp_path_factory.mktemp("writer")
    bundle.save(folder / "bundle")
    (folder / "log.csv").write_text(_LOG)
    return report(folder / "bundle", folder / "out", settings), folder


def test_the_page_is_whole_and_fetches_nothing(found: tuple[Report, Path]) -> None:
    text = (found[1] / "out" / PAGE).read_text("utf-8")
    reader = _Reader()
    reader.feed(text)
    assert reader.open == []
    assert not {"script", "link", "iframe", "object"} & set(reader.seen)
    assert "http" not in text
    assert reader.seen["svg"] == 5
    assert all(source.startswith("data:image/png;base64,") for source in reader.sources)
    assert [name for name, count in reader.ids.items() if count > 1] == []


def test_every_section_is_on_the_page(found: tuple[Report, Path]) -> None:
    text = (found[1] / "out" / PAGE).read_text("utf-8")
    assert re.findall("<h2>(.*?)</h2>", text) == [
        "Homotopies",
        "Samples by genre",
        "VAE and GAN+VAE",
        "Loss curves",
        "Topics before and after G",
        "The latent map",
        "The corpus",
        "Bias",
    ]


def test_the_figures_lie_beside_the_page(found: tuple[Report, Path]) -> None:
    files = {file.name for file in (found[1] / "out").iterdir()}
    assert files == {PAGE, *(file.name for file in found[0].figures.values())}
    assert "losses.png" in files


def test_the_same_seed_gives_the_same_page(
    found: tuple[Report, Path], settings: ReportSettings, tmp_path: Path
) -> None:
    report(found[1] / "bundle", tmp_path, settings)
    assert (tmp_path / PAGE).read_text() == (found[1] / "out" / PAGE).read_text()


def test_without_a_log_the_losses_are_left_out_with_a_word(found: tuple[Report, Path]) -> None:
    figures = {name: file for name, file in found[0].figures.items() if name != "losses"}
    text = page(replace(found[0], figures=figures))
    assert "Left out: no log.csv" in text
    assert "<img" not in text


@pytest.mark.parametrize("text", [None, "", "epoch\n1\n", "a,b\nc,d\n"])
def test_a_log_that_is_none_is_refused_by_name(
    text: str | None, found: tuple[Report, Path], settings: ReportSettings, tmp_path: Path
) -> None:
    log = tmp_path / "other.csv"
    if text is not None:
        log.write_text(text)
    with pytest.raises(ReportError, match=re.escape(str(log))):
        report(found[1] / "bundle", tmp_path / "out", replace(settings, log=log))


def test_text_on_the_page_is_text(found: tuple[Report, Path]) -> None:
    hostile = '<script>alert(1)</script> & "more"'
    text = page(
        replace(
            found[0],
            name=hostile,
            homotopies=[Homotopy(hostile, hostile, [hostile])],
            samples=[GenreSamples(hostile, 1, [hostile])],
            twins=[Twins(hostile, hostile, 0.5, hostile, 0.5)],
        )
    )
    assert "<script" not in text
    assert text.count("&lt;script&gt;") == 2 + 3 + 2 + 3


def test_a_twin_that_may_not_leave_is_not_shown(found: tuple[Report, Path]) -> None:
    text = page(replace(found[0], twins=[Twins("folk", None, None, "Fine.", 0.25)]))
    assert "<td>(not fit to be shown)</td><td></td><td>Fine.</td><td>0.25</td>" in text


def test_homotopies_begin_and_end_with_test_sentences(found: tuple[Report, Path]) -> None:
    assert len(found[0].homotopies) == 2
    for one in found[0].homotopies:
        assert len(one.sentences) == 3
        assert one.start.startswith("The ")
        assert "{artist}" not in one.start + one.end


class _Reader(HTMLParser):
    """What a page is made of, and which of its elements are never closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: Counter[str] = Counter()
        self.ids: Counter[str] = Counter()
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen[tag] += 1
        values = {name: value or "" for name, value in attrs}
        self.sources += [values["src"]] if "src" in values else []
        self.ids.update([values["id"]] if "id" in values else [])
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
