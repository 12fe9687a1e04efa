import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from model.bundle import Bundle
from model.corpus.lines import Line, Register
from model.cvae import CVAE, CVAEConfig
from model.errors import TrainingError
from model.request import Request
from model.tokenizer import EOS, Pieces
from model.training import TrainingConfig, autoencoder, train
from model.training.autoencoder import Schedule, epoch_batches, train_cvae
from model.training.batches import Batch, Dataset, corrupt, hide
from model.training.config import CVAETraining, LCGANTraining, RealismTraining, TopicTraining
from model.training.journal import Journal
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
    return TrainingConfig(
        output=output,
        threads=1,
        pieces=320,
        sizes=_SIZES,
        evaluated=20,
        cvae=CVAETraining(epochs=epochs, batch=8, warmup_steps=2, bf16=False),
        topics=TopicTraining(counts=(2,), iterations=10, minimum=1),
        lcgan=LCGANTraining(
            codes=20, decodes=2, epochs=2, batch=8, rounds=2, relabel_every=2, relabel=4
        ),
        realism=RealismTraining(drafts=40, held_out=20, epochs=2),
    )


def _model(data: Dataset) -> CVAE:
    torch.manual_seed(0)
    return CVAE(replace(_SIZES, vocabulary=320, genres=data.genres.shape[1] - 1))


def test_every_sentence_of_a_batch_is_as_long_and_each_is_read_once(data: Dataset) -> None:
    batches = data.batches(7, torch.Generator().manual_seed(1))
    assert sorted(row for rows in batches for row in rows) == list(range(len(data)))
    assert all(len({len(data.ids[row]) for row in rows}) == 1 for rows in batches)
    assert max(map(len, batches)) <= 7


def test_only_the_rows_asked_for_are_read(data: Dataset) -> None:
    plain = data.register == 1
    rows = [r for b in data.batches(4, torch.Generator().manual_seed(1), plain) for r in b]
    assert sorted(rows) == plain.nonzero()[:, 0].tolist()


def test_the_first_passes_read_one_register_alone(data: Dataset) -> None:
    settings = CVAETraining(first_epochs=1, first_register="plain")
    first, second = (
        sorted(row for rows in epoch_batches(data, settings, epoch) for row in rows)
        for epoch in (0, 1)
    )
    assert first == (data.register == 1).nonzero()[:, 0].tolist()
    assert second == list(range(len(data)))


def test_the_best_state_comes_back_and_not_the_last(data: Dataset, tmp_path: Path) -> None:
    model, journal = _model(data), Journal(tmp_path, "x")
    for loss, value in ((3.0, 1.0), (2.0, 2.0), (5.0, 3.0)):
        torch.nn.init.constant_(model.bias, value)
        journal.keep_best(model, loss)
    journal.load_best(model)
    assert model.bias[0].item() == 2.0


def test_the_best_state_of_another_training_is_let_be(data: Dataset, tmp_path: Path) -> None:
    model = _model(data)
    Journal(tmp_path, "x").keep_best(model, 1.0)
    torch.nn.init.constant_(model.bias, 9.0)
    Journal(tmp_path, "y").load_best(model)
    assert model.bias[0].item() == 9.0


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

    calls = iter(range(100))

    def clock() -> float:
        # The fourth look at the clock is in the second epoch.
        if next(calls) == 3:
            raise CutError
        return 0.0

    with pytest.raises(CutError):
        train_cvae(broken, data, data, config, Journal(tmp_path / "b", "x"), clock=clock)
    resumed = _model(data)
    train_cvae(resumed, data, data, config, Journal(tmp_path / "b", "x"))
    for key, value in straight.state_dict().items():
        assert torch.equal(resumed.state_dict()[key], value), key


def test_a_checkpoint_of_other_settings_is_refused(data: Dataset, tmp_path: Path) -> None:
    config = _config(tmp_path, epochs=1)
    train_cvae(_model(data), data, data, config, Journal(tmp_path, "x"))
    with pytest.raises(TrainingError, match="other settings"):
        train_cvae(_model(data), data, data, config, Journal(tmp_path, "y"))


def test_learning_lowers_the_loss(data: Dataset, tmp_path: Path) -> None:
    config = _config(tmp_path, epochs=8)
    train_cvae(_model(data), data, data, config, Journal(tmp_path, "x"))
    with (tmp_path / "log.csv").open() as file:
        losses = [float(row["valid_reconstruction"]) for row in csv.DictReader(file)]
    assert len(losses) == 8
    assert losses[-1] < 0.8 * losses[0]


@pytest.mark.parametrize(
    ("seconds", "pays"),
    [({"half": 1.0, "single": 2.0}, True), ({"half": 2.0, "single": 1.0}, False)],
)
def test_without_a_word_about_precision_the_faster_is_taken(
    seconds: dict[str, float], pays: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trial(matrix: torch.Tensor) -> float:
        return seconds["half" if matrix.dtype == torch.bfloat16 else "single"]

    monkeypatch.setattr(autoencoder, "_trial", trial)
    autoencoder.bf16_pays.cache_clear()
    try:
        assert autoencoder.in_bf16(CVAETraining()) is pays
        assert autoencoder.in_bf16(CVAETraining(bf16=not pays)) is not pays
    finally:
        autoencoder.bf16_pays.cache_clear()


def test_too_few_minutes_make_fewer_epochs(data: Dataset, tmp_path: Path) -> None:
    times = iter(float(i) for i in range(1000))
    config = replace(_config(tmp_path, epochs=50), minutes=0.05)
    train_cvae(_model(data), data, data, config, Journal(tmp_path, "x"), clock=lambda: next(times))
    with (tmp_path / "log.csv").open() as file:
        assert 1 <= len(list(csv.DictReader(file))) <= 3


def test_the_whole_training_makes_a_bundle_that_writes(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
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
    text = "\n".join(map(json.dumps, records))
    (corpus / "plain_x.jsonl").write_text(text, encoding="utf-8")
    folder = train(replace(_config(tmp_path / "run", epochs=1), corpus=corpus))
    bundle = Bundle.load(folder)
    assert bundle.genres.labels == ("folk", "techno")
    assert Writer(bundle).write([Request(genres=("folk",), seed=1)])[0].genres.known == ("folk",)
    card = (folder / "MODEL_CARD.md").read_text()
    assert bundle.revision in card
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    assert report["test split"]["kl"] > 0
