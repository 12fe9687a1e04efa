"""From text to bundle: the whole training in order."""

import hashlib
import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from model.bundle import CARD, Bundle, Serving
from model.corpus.genres import GenreBook, vocabulary
from model.corpus.lines import Line, of_split, read_corpus
from model.corpus.nearness import read_microgenres
from model.corpus.ratings import read_ratings
from model.cvae import CVAE
from model.evaluation.brief import constraint
from model.evaluation.likelihood import likelihood
from model.lcgan import LCGAN, LCGANConfig
from model.novelty import CopyIndex
from model.prior import Prior
from model.probe import GenreProbe
from model.taste import Taste
from model.tokenizer import Pieces
from model.topics import TopicModel
from model.training.autoencoder import train_cvae
from model.training.batches import Dataset, readable
from model.training.card import model_card
from model.training.config import TrainingConfig
from model.training.decoding import Decoder
from model.training.finish import best_lines, finish
from model.training.journal import Journal, Record
from model.training.lcgan import CriticFit, LCGANTrainer
from model.training.machine import described, settle
from model.training.prior import fit_prior
from model.training.taste import DELIGHT_POWER, TasteFit, learn_taste
from model.training.topics import fit_topics

BUNDLE = "bundle"  # the folder in the output that holds the writer
REPORT = "report.json"


@dataclass(frozen=True)
class Material:
    """The lines that a network can read, and the pieces that it reads them by."""

    train: list[Line]
    valid: list[Line]
    test: list[Line]
    labels: tuple[str, ...]
    pieces: Pieces

    def dataset(self, lines: list[Line]) -> Dataset:
        return Dataset.of(lines, self.pieces, self.labels)


def train(config: TrainingConfig, command: str = "python -m model.training") -> Path:
    """Train a writer; returns the folder of its bundle.

    An interrupted training goes on from its last epoch when called again with the same settings.

    Raises:
        CorpusError: the corpus can't be read.
        TrainingError: the output folder holds a training with other settings, the machine lacks
            the devices, or the posterior collapsed.
        KeyboardInterrupt: its message says where the same call would go on.
    """
    settle(replace(config, devices=1))
    material = read_material(config)
    data = material.dataset(material.train)
    journal = Journal(config.output, _fingerprint(config, material))
    torch.manual_seed(config.seed)
    cvae = CVAE(replace(config.sizes, vocabulary=material.pieces.size, genres=len(material.labels)))
    train_cvae(cvae, data, material.dataset(material.valid), config, journal)
    try:
        return _bundled(config, material, data, cvae.eval(), journal=journal, command=command)
    except KeyboardInterrupt:
        text = "The CVAE is learnt; the same command goes on from there."
        raise KeyboardInterrupt(text) from None


def _bundled(
    config: TrainingConfig,
    material: Material,
    data: Dataset,
    cvae: CVAE,
    *,
    journal: Journal,
    command: str,
) -> Path:
    """The trainings after the CVAE's first; the bundle and its report."""
    began = time.monotonic()
    torch.manual_seed(config.seed)  # a training that goes on from here has drawn nothing yet
    serving = _serving(material.train)
    spoken = [line.text for line in material.train if line.register in serving.registers]
    topics = fit_topics(spoken, config.topics, config.seed)
    bundle = _bundle(config, material, data, cvae, topics=topics.model, serving=serving)
    passes = _last_passes(config, material, data, bundle, journal)
    bundle = replace(bundle, prior=fit_prior(cvae, data))
    bundle, record = _constrained(config, bundle, data)
    bundle = bundle.with_training(
        **record,
        last_passes=passes,
        lines=len(material.train),
        topic_coherence={str(k): round(v, 4) for k, v in topics.coherence.items()},
        minutes_cvae=round(journal.seconds() / 60, 1),
        minutes_of_the_rest=round((time.monotonic() - began) / 60, 1),
    )
    folder = config.output / BUNDLE
    saved = bundle.save(folder)
    _report(saved, material, folder, config.evaluated, command)
    return folder


def read_material(config: TrainingConfig) -> Material:
    """The text of a training: the corpus's three splits, and other folders' lines to train on."""
    lines = read_corpus(config.corpus)
    train_lines = of_split(lines, "train")
    for folder in config.also:
        train_lines += of_split(read_corpus(folder), "train")
    pieces = Pieces.train((line.text for line in train_lines), config.pieces)
    return Material(
        train=readable(train_lines, pieces),
        valid=readable(of_split(lines, "valid"), pieces),
        test=readable(of_split(lines, "test"), pieces),
        labels=vocabulary(line.genres for line in lines),
        pieces=pieces,
    )


def _last_passes(
    config: TrainingConfig, material: Material, data: Dataset, bundle: Bundle, journal: Journal
) -> Record:
    """The last passes of the bundle's CVAE, in place, unless made before; what they were."""
    ratings = read_ratings(config.ratings / "lines")
    how = _digest((config.finish, ratings), bundle.cvae)
    kept = journal.load_finished(bundle.cvae, how)
    if kept is not None:
        return kept
    began = time.monotonic()
    bundle = replace(bundle, prior=fit_prior(bundle.cvae, data))
    best, fit = best_lines(bundle, material.train, ratings, config.finish.share, config.seed)
    finish(bundle.cvae, data, best, config)
    made: Record = {
        **asdict(config.finish),
        "lines": int(best.sum()),
        "liking_held_out": _rounded(fit),
        "minutes": round((time.monotonic() - began) / 60, 1),
    }
    journal.keep_finished(bundle.cvae, how, made)
    return made


def _digest(facts: object, cvae: CVAE) -> str:
    """What must be the same for last passes to be those that were kept."""
    digest = hashlib.sha256(repr(facts).encode())
    for tensor in cvae.state_dict().values():
        digest.update(tensor.cpu().numpy().tobytes())
    return digest.hexdigest()


def _rounded(fit: CriticFit | TasteFit) -> Record:
    return {name: round(value, 4) for name, value in asdict(fit).items()}


def _constrained(config: TrainingConfig, bundle: Bundle, data: Dataset) -> tuple[Bundle, Record]:
    """The LC-GAN, and what the writer ranks by."""
    decoder = Decoder(bundle, data.genres)
    critic = LCGANTrainer(bundle, data, decoder, config.lcgan, config.seed).train()
    sense, sense_fit = learn_taste(bundle, read_ratings(config.ratings / "sense"), config.seed)
    delight, delight_fit = learn_taste(
        bundle, read_ratings(config.ratings / "delight"), config.seed, DELIGHT_POWER
    )
    record: Record = {
        "seed": config.seed,
        "cvae": asdict(config.cvae),
        "parameters": sum(p.numel() for p in bundle.cvae.parameters()),
        "machine": described(config),
        "threads": torch.get_num_threads(),
        "devices": config.devices,
        "critic_held_out": _rounded(critic),
        "sense_held_out": _rounded(sense_fit),
        "delight_held_out": _rounded(delight_fit),
    }
    return replace(bundle, sense=sense, delight=delight), record


def _bundle(
    config: TrainingConfig,
    material: Material,
    data: Dataset,
    cvae: CVAE,
    *,
    topics: TopicModel,
    serving: Serving,
) -> Bundle:
    """A bundle whose prior, LC-GAN and tastes have learnt nothing yet."""
    sizes = LCGANConfig(
        latent=cvae.config.latent,
        condition=cvae.config.condition,
        topics=topics.size,
        favoured=topics.favoured,
    )
    return Bundle(
        name=config.name,
        pieces=material.pieces,
        cvae=cvae,
        prior=Prior.standard(cvae.config.latent),
        lcgan=LCGAN(sizes),
        topics=topics,
        probe=GenreProbe.fit([ids[1:-1] for ids in data.ids], data.genres, material.pieces.size),
        copies=CopyIndex.of([line.text for line in material.train]),
        sense=Taste.none(cvae.config),
        delight=Taste.none(cvae.config),
        genres=GenreBook(material.labels, read_microgenres()),
        serving=serving,
    )


def _serving(lines: list[Line]) -> Serving:
    """How to serve: in the usual registers as far as the text has them, or else in those it has."""
    there = {line.register for line in lines}
    usual = tuple(name for name in Serving().registers if name in there)
    return Serving(registers=usual or tuple(sorted(there)))


def _report(bundle: Bundle, material: Material, folder: Path, evaluated: int, command: str) -> None:
    """Measure the bundle as it was saved, half precision and all, and write its card."""
    genres = material.dataset(material.train).genres
    decoder = Decoder(bundle, genres)
    served = bundle.serving.registers
    held_out = [line.text for line in material.test if line.register in served]
    report = {
        "test split": likelihood(bundle.cvae, material.dataset(material.test), material.test),
        "LC-GAN": constraint(bundle, decoder, held_out, evaluated),
    }
    text = json.dumps({"revision": bundle.revision, **report}, indent=1)
    (folder.parent / REPORT).write_text(text + "\n", encoding="utf-8")
    (folder / CARD).write_text(model_card(bundle, command, report), encoding="utf-8")


def _fingerprint(config: TrainingConfig, material: Material) -> str:
    """What must be the same for a training to go on: the CVAE's settings and its text."""
    facts = [
        asdict(config.cvae),
        asdict(config.sizes),
        config.seed,
        config.pieces,
        len(material.train),
    ]
    text = "\n".join(line.text for line in material.train)
    return hashlib.sha256((json.dumps(facts) + text).encode()).hexdigest()
