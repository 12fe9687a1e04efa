import csv
import json
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from model.bundle import Bundle, Serving
from model.corpus.lines import Line, Register, split_of
from model.corpus.ratings import Rated
from model.cvae import CVAE, REGISTERS, CVAEConfig
from model.errors import TrainingError
from model.request import Request
from model.tokenizer import EOS, Pieces
from model.training import TrainingConfig, autoencoder, train
from model.training.autoencoder import Schedule, epoch_batches, train_cvae
from model.training.batches import Batch, Dataset, corrupt, hide
from model.training.config import (
    CVAETraining,
    FinishTraining,
    LCGANTraining,
    Stopping,
    TopicTraining,
)
from model.training.finish import best_lines, finish
from model.training.journal import Journal
from model.training.run import read_material
from model.training.validation import Validation
from model.writer import Writer

_REGISTERS: tuple[tuple[str, Register], ...] = (("folk", "plain"), ("techno", "florid"))
_SIZES = CVAEConfig(embedding=16, encoder=8, decoder=24, latent=4, genre=6, voice=2)


class CutError(Exception):
    """The machine was switched off."""


def _lines() -> list[Line]:
    return [
        Line(f"The {what} {does} the {where} of {{title}}.", (genre,), register, "train")
        for what in ("guitar", "bass", "slow voice", "beat", "organ drone")
        for does in ("fills", "warms", "leaves")
        for where in ("room", "street")
        for genre, register in _REGISTERS
    ]


@pytest.fixture
def data() -> Dataset:
    lines = _lines()
    return Dataset.of(lines, Pieces.train([x.text for x in lines], 320), ("folk", "techno"))


def _config(output: Path, epochs: int = 2) -> TrainingConfig:
    ratings = output.parent / "ratings"
    rated = [
        {"genres": list(x.genres), "text": x.text, "rating": 1 + i % 5}
        for i, x in enumerate(_lines())
    ]
    for question in ("sense", "delight", "lines"):
        (ratings / question).mkdir(parents=True, exist_ok=True)
        (ratings / question / "a.jsonl").write_text("\n".join(map(json.dumps, rated)), "utf-8")
    return TrainingConfig(
        output=output,
        threads=1,
        pieces=320,
        sizes=_SIZES,
        evaluated=20,
        accelerator="cpu",
        cvae=CVAETraining(epochs=epochs, batch=8, warmup_steps=2, bf16=False),
        stopping=Stopping(active=0.0, information=-math.inf),  # too few lines to fill a space
        topics=TopicTraining(counts=(2,), iterations=10, minimum=1),
        lcgan=LCGANTraining(
            codes=20,
            decodes=2,
            epochs=2,
            batch=8,
            rounds=2,
            relabel_every=2,
            relabel=4,
            guarded=4,
        ),
        ratings=ratings,
    )


def _model(data: Dataset) -> CVAE:
    torch.manual_seed(0)
    return CVAE(replace(_SIZES, vocabulary=320, genres=data.genres.shape[1] - 1))


def _logged(folder: Path) -> list[dict[str, str]]:
    with (folder / "log.csv").open() as file:
        return list(csv.DictReader(file))


class Verdicts:
    """Stands in for the validation: losses told beforehand."""

    def __init__(self, *losses: float, active: int = 4, information: float = 2.0) -> None:
        self.losses: Iterator[float] = iter(losses)
        self.active, self.information = active, information
        self.weights: list[dict[str, torch.Tensor]] = []

    def __call__(self, model: CVAE, _: Dataset) -> Validation:
        self.weights.append({key: value.clone() for key, value in model.state_dict().items()})
        return Validation(next(self.losses), 0.0, self.active, self.information)


def _cut_at(look: int, error: BaseException) -> Callable[[], float]:
    """A clock that breaks at a look, counted from 0; two looks an epoch."""
    looks = count()

    def clock() -> float:
        if next(looks) == look:
            raise error
        return 0.0

    return clock


def _same(model: CVAE, state: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(value, state[key]) for key, value in model.state_dict().items())


def test_every_sentence_of_a_batch_is_as_long_and_each_is_read_once(data: Dataset) -> None:
    batches = data.batches(7, torch.Generator().manual_seed(1))
    assert sorted(row for rows in batches for row in rows) == list(range(len(data)))
    assert all(len({len(data.ids[row]) for row in rows}) == 1 for rows in batches)
    assert max(map(len, batches)) <= 7


def test_only_the_rows_asked_for_are_read(data: Dataset) -> None:
    plain = data.register == 1
    rows = [r for b in data.batches(4, torch.Generator().manual_seed(1), plain) for r in b]
    assert sorted(rows) == plain.nonzero()[:, 0].tolist()


def test_the_first_passes_read_one_register_alone_and_later_ones_a_share_of_the_rest(
    data: Dataset,
) -> None:
    settings = CVAETraining(
        first_epochs=1, first_register="plain", whole=("plain",), other_share=0.5
    )
    first, second, third = (
        {row for rows in epoch_batches(data, settings, epoch) for row in rows} for epoch in range(3)
    )
    plain = set((data.register == 1).nonzero()[:, 0].tolist())
    assert first == plain
    assert plain < second < set(range(len(data)))
    assert second != third


def test_some_registers_are_read_whole_in_later_passes(data: Dataset) -> None:
    names = tuple({REGISTERS[i] for i in data.register.tolist()})
    settings = CVAETraining(first_epochs=1, first_register="plain", whole=names, other_share=0.0)
    rows = [row for batch in epoch_batches(data, settings, 1) for row in batch]
    assert sorted(rows) == list(range(len(data)))


def test_a_text_without_the_first_register_is_read_whole(data: Dataset) -> None:
    rows = epoch_batches(data, CVAETraining(first_register="clear", other_share=0.1), 0)
    assert sorted(row for batch in rows for row in batch) == list(range(len(data)))


def test_hiding_takes_conditions_away_and_adds_none(data: Dataset) -> None:
    torch.manual_seed(0)
    batch = data.rows([i for i in range(len(data)) if len(data.ids[i]) == len(data.ids[0])])
    everything = hide(batch, CVAETraining(drop_genres=1.0, drop_voice=1.0))
    assert float(everything.genres.sum()) == 0.0
    assert int(everything.register.sum()) == int(everything.slots.sum()) == 0
    nothing = hide(batch, CVAETraining(drop_genres=0.0, drop_genre=0.0, drop_voice=0.0))
    assert isinstance(nothing, Batch)
    assert torch.equal(nothing.genres, batch.genres)


def test_corruption_replaces_its_share_and_never_by_a_control() -> None:
    torch.manual_seed(0)
    tokens = torch.full((200, 50), 7)
    changed = corrupt(tokens, 0.1, 300)
    assert 0.08 < float((changed != 7).float().mean()) < 0.12
    assert int(changed.min()) > EOS


def test_the_rate_rises_then_falls_and_beta_rises_to_one() -> None:
    schedule = Schedule(CVAETraining(rate=1.0, floor=0.1, warmup_steps=10), steps=110)
    assert schedule.rate(0) == pytest.approx(0.1)
    assert schedule.rate(10) == pytest.approx(1.0)
    assert schedule.rate(110) == pytest.approx(0.1)
    assert schedule.beta(0) < schedule.beta(20) < schedule.beta(60) == 1.0


def test_a_training_that_was_cut_off_ends_as_if_it_had_not(data: Dataset, tmp_path: Path) -> None:
    straight, broken = _model(data), _model(data)
    config = _config(tmp_path)
    train_cvae(straight, data, data, config, Journal(tmp_path / "a", "x"))
    clock = _cut_at(3, CutError())
    with pytest.raises(CutError):
        train_cvae(broken, data, data, config, Journal(tmp_path / "b", "x"), clock=clock)
    resumed = _model(data)
    train_cvae(resumed, data, data, config, Journal(tmp_path / "b", "x"))
    assert _same(resumed, straight.state_dict())
    assert [row | {"seconds": ""} for row in _logged(tmp_path / "b")] == [
        row | {"seconds": ""} for row in _logged(tmp_path / "a")
    ]


def test_ctrl_c_says_from_where_the_same_command_goes_on(data: Dataset, tmp_path: Path) -> None:
    clock = _cut_at(3, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt, match="goes on from epoch 2"):
        train_cvae(_model(data), data, data, _config(tmp_path), Journal(tmp_path, "x"), clock=clock)


def _full_beta(output: Path, epochs: int, stopping: Stopping) -> TrainingConfig:
    """beta is 1 from the second step."""
    config = _config(output, epochs)
    return replace(config, stopping=stopping, cvae=replace(config.cvae, beta_share=0.0))


def test_it_stops_when_no_better_epoch_has_come_for_long_and_keeps_the_best(
    data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, verdicts = _model(data), Verdicts(5.0, 4.0, 6.0, 4.5, 1.0)
    monkeypatch.setattr(autoencoder, "validate", verdicts)
    config = _full_beta(tmp_path, 5, Stopping(patience=2))
    train_cvae(model, data, data, config, Journal(tmp_path, "x"))
    assert len(_logged(tmp_path)) == 4
    assert _same(model, verdicts.weights[1])


def test_before_beta_is_one_no_patience_is_lost(
    data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(autoencoder, "validate", Verdicts(5.0, 6.0, 7.0, 8.0))
    config = _config(tmp_path, epochs=4)
    config = replace(
        config, stopping=Stopping(patience=1), cvae=replace(config.cvae, beta_share=1.0)
    )
    train_cvae(_model(data), data, data, config, Journal(tmp_path, "x"))
    assert len(_logged(tmp_path)) == 4


def test_a_resumed_training_knows_how_long_it_has_waited(
    data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = _full_beta(tmp_path, 9, Stopping(patience=2))
    monkeypatch.setattr(autoencoder, "validate", Verdicts(5.0, 6.0))
    clock = _cut_at(4, CutError())
    with pytest.raises(CutError):
        train_cvae(_model(data), data, data, config, Journal(tmp_path, "x"), clock=clock)
    monkeypatch.setattr(autoencoder, "validate", Verdicts(7.0))
    for _ in range(2):  # the second time there is nothing left to do
        train_cvae(_model(data), data, data, config, Journal(tmp_path, "x"))
        assert len(_logged(tmp_path)) == 3


@pytest.mark.parametrize(("active", "information"), [(1, 2.0), (4, 0.5)])
def test_a_collapsed_posterior_ends_the_training_with_advice(
    active: int,
    information: float,
    data: Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    verdicts = Verdicts(5.0, 4.0, 3.0, 2.0, active=active, information=information)
    monkeypatch.setattr(autoencoder, "validate", verdicts)
    config = _full_beta(tmp_path, 4, Stopping(full_epochs=2))
    with pytest.raises(TrainingError, match=r"collapsed.*free_bits"):
        train_cvae(_model(data), data, data, config, Journal(tmp_path, "x"))
    # The first epoch began before beta was 1.
    assert len(_logged(tmp_path)) == 3


def test_a_loss_that_is_no_number_ends_the_training(
    data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(autoencoder, "validate", Verdicts(5.0, math.nan, math.nan))
    config = _full_beta(tmp_path, 4, Stopping(full_epochs=1))
    with pytest.raises(TrainingError, match="lower `rate`"):
        train_cvae(_model(data), data, data, config, Journal(tmp_path, "x"))


def test_a_checkpoint_of_other_settings_is_refused(data: Dataset, tmp_path: Path) -> None:
    config = _config(tmp_path, epochs=1)
    train_cvae(_model(data), data, data, config, Journal(tmp_path, "x"))
    with pytest.raises(TrainingError, match="other settings"):
        train_cvae(_model(data), data, data, config, Journal(tmp_path, "y"))


def test_learning_lowers_the_loss_and_is_logged(data: Dataset, tmp_path: Path) -> None:
    config = _config(tmp_path, epochs=8)
    train_cvae(_model(data), data, data, config, Journal(tmp_path, "x"))
    log = _logged(tmp_path)
    losses = [float(row["valid_reconstruction"]) for row in log]
    assert len(losses) == 8
    assert losses[-1] < 0.8 * losses[0]
    assert all(float(row["train_kl"]) > 0 for row in log)
    assert {"active_units", "mutual_information"} <= log[0].keys()
    assert (tmp_path / "losses.png").stat().st_size > 1000
    tags = EventAccumulator(str(tmp_path / "tensorboard")).Reload().Tags()["scalars"]
    assert {"valid_kl", "train_reconstruction", "kl", "rate", "beta"} <= set(tags)


def test_too_few_minutes_make_fewer_epochs(data: Dataset, tmp_path: Path) -> None:
    times = iter(float(i) for i in range(1000))
    config = replace(_config(tmp_path, epochs=50), minutes=0.05)
    train_cvae(_model(data), data, data, config, Journal(tmp_path, "x"), clock=lambda: next(times))
    assert 1 <= len(_logged(tmp_path)) <= 3


def test_other_folders_are_trained_on_and_never_measured_on(tmp_path: Path) -> None:
    for name, size in (("own", 60), ("found", 400)):
        (tmp_path / name).mkdir()
        rows = [{"genres": ["folk"], "text": f"The {name} song {n} is slow."} for n in range(size)]
        text = "\n".join(map(json.dumps, rows))
        (tmp_path / name / f"found_{name}.jsonl").write_text(text, encoding="utf-8")
    config = replace(_config(tmp_path), corpus=tmp_path / "own", also=(tmp_path / "found",))
    material = read_material(config)
    assert any("found song" in line.text for line in material.train)
    assert not any("found song" in line.text for line in (*material.valid, *material.test))


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A folder of a few hundred lines, one of them longer than a network reads."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    records = [
        {
            "genres": ["folk" if number % 2 else "techno"],
            "text": f"The {what} {does} the quiet {where} at {number} in the morning of {{title}}.",
        }
        for what in ("guitar", "bass", "drums", "beat")
        for does in ("fills", "warms", "leaves")
        for where in ("room", "street", "kitchen")
        for number in range(12)
    ]
    records.append({"genres": ["folk"], "text": "On and on the guitar goes" + " and on" * 60 + "."})
    assert split_of(str(records[-1]["text"])) == "train"
    text = "\n".join(map(json.dumps, records))
    (folder / "plain_x.jsonl").write_text(text, encoding="utf-8")
    return folder


def test_the_whole_training_makes_a_bundle_that_writes(corpus: Path, tmp_path: Path) -> None:
    folder = train(replace(_config(tmp_path / "run", epochs=1), corpus=corpus))
    bundle = Bundle.load(folder)
    assert bundle.genres.labels == ("folk", "techno")
    assert Writer(bundle).write([Request(genres=("folk",), seed=1)])[0].genres.known == ("folk",)
    card = (folder / "MODEL_CARD.md").read_text()
    assert bundle.revision in card
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    assert report["test split"]["kl"] > 0
    assert bundle.training["cvae"]["batch"] == 8
    assert bundle.training["last_passes"]["passes"] == FinishTraining().passes


def test_a_whole_training_called_again_makes_the_same_of_what_is_learnt(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[CVAE] = []

    def counted(cvae: CVAE, *arguments: Any) -> None:  # noqa: ANN401
        made.append(cvae)
        finish(cvae, *arguments)

    # The package has a function of its module's name.
    monkeypatch.setattr(sys.modules["model.training.run"], "finish", counted)
    config = replace(_config(tmp_path / "run", epochs=1), corpus=corpus)
    first, again = (Bundle.load(train(config)) for _ in range(2))
    assert len(made) == 1
    assert _same(again.cvae, first.cvae.state_dict())
    for key, value in again.lcgan.state_dict().items():
        assert torch.equal(value, first.lcgan.state_dict()[key])

    # Another CVAE, of more patience say, has last passes of its own.
    best = tmp_path / "run" / "best.pt"
    state = torch.load(best, weights_only=True)
    state["model"]["bias"] += 0.1
    torch.save(state, best)
    other = Bundle.load(train(config))
    assert len(made) == 2
    assert not _same(other.cvae, first.cvae.state_dict())


def test_the_last_passes_read_the_lines_that_readers_like_best(bundle: Bundle) -> None:
    lines = [line for line in _lines() if line.register == "plain"]
    rated = [Rated(x.text, x.genres, 5 if "street" in x.text else 1) for x in lines] * 3
    served = replace(bundle, serving=Serving(registers=("plain",)))
    best, fit = best_lines(served, _lines(), rated, share=0.5, seed=1)
    assert fit.ratings == len(rated)
    chosen = [line for line, is_best in zip(_lines(), best.tolist(), strict=True) if is_best]
    assert len(chosen) == len(lines) // 2
    assert {line.register for line in chosen} == {"plain"}
    assert sum("street" in line.text for line in chosen) > 0.8 * len(chosen)


def test_the_last_passes_make_the_best_lines_likelier(data: Dataset, tmp_path: Path) -> None:
    config = replace(_config(tmp_path), finish=FinishTraining(passes=8, batch=4, rate=1e-2))
    torch.manual_seed(1)
    cvae = CVAE(replace(_SIZES, vocabulary=320, genres=2))
    best = torch.zeros(len(data), dtype=torch.bool)
    best[:4] = True

    @torch.no_grad()
    def nats() -> float:
        rows = [data.rows([row]) for row in range(4)]
        a = [cvae.condition(x.genres, x.register, x.slots) for x in rows]
        cvae.eval()
        return sum(
            float(cvae.token_nll(x.sentences, torch.zeros(1, _SIZES.latent), y).sum())
            for x, y in zip(rows, a, strict=True)
        )

    before = nats()
    finish(cvae, data, best, config)
    assert nats() < before - 1.0


def test_the_state_after_the_last_passes_is_kept_for_its_own_training(tmp_path: Path) -> None:
    torch.manual_seed(1)
    cvae, other = (CVAE(replace(_SIZES, vocabulary=320, genres=2)) for _ in range(2))
    journal = Journal(tmp_path, "this training")
    assert journal.load_finished(other, "so") is None
    journal.keep_finished(cvae, "so", {"passes": 3})
    assert journal.load_finished(other, "otherwise") is None
    assert Journal(tmp_path, "another training").load_finished(other, "so") is None
    assert journal.load_finished(other, "so") == {"passes": 3}
    assert torch.equal(other.bias, cvae.bias)
    assert torch.equal(other.embedding.weight, cvae.embedding.weight)
