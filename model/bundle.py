"""A trained writer on disk: one folder, safetensors and JSON, versioned and checksummed.

    config.json          format, name, revision, sizes, serving defaults, training record, checksums
    weights.safetensors  CVAE and LC-GAN, half precision
    facts.safetensors    prior, topic matrix, genre probe, tastes, n-gram index
    tokenizer.json       the pieces
    genres.json          labels, and the label nearest to each microgenre
    topics.json          topic vocabulary and prior

Nothing in a bundle is code, and nothing is unpickled: a bundle from a stranger can be read safely.
The revision is a hash of everything else, so two writers of one revision write the same text.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from model.corpus.genres import GenreBook
from model.cvae import CVAE, CVAEConfig
from model.errors import BundleCorruptError, BundleFormatError, BundleMissingError
from model.lcgan import LCGAN, LCGANConfig
from model.novelty import CopyIndex
from model.prior import Prior
from model.probe import GenreProbe
from model.taste import Taste
from model.tokenizer import Pieces
from model.topics import TopicModel

FORMAT = 5
SHIPPED = Path(__file__).resolve().parent / "pretrained"
CARD = "MODEL_CARD.md"  # for people; it lies beside the bundle's files

_CONFIG = "config.json"
_WEIGHTS, _FACTS = "weights.safetensors", "facts.safetensors"
_TOKENIZER, _GENRES, _TOPICS = "tokenizer.json", "genres.json", "topics.json"
_FILES = (_WEIGHTS, _FACTS, _TOKENIZER, _GENRES, _TOPICS)


@dataclass(frozen=True)
class Serving:
    """What the writer does where a request does not say."""

    temperature: float = 0.55
    top_k: int = 0  # 0: no limit
    top_p: float = 0.9
    spread: float = 0.9  # by which the prior is narrowed when z are drawn
    registers: tuple[str, ...] = ("clear",)  # voices of the drafts, in turn
    longest: int = 44  # pieces


@dataclass(frozen=True)
class Bundle:
    """Everything that a writer knows."""

    name: str
    pieces: Pieces
    cvae: CVAE
    prior: Prior
    lcgan: LCGAN
    topics: TopicModel
    probe: GenreProbe
    copies: CopyIndex
    sense: Taste
    delight: Taste
    genres: GenreBook
    serving: Serving = Serving()
    training: Mapping[str, Any] = field(default_factory=dict)  # how it was made, as JSON values
    revision: str = "unsaved"

    def save(self, folder: Path) -> "Bundle":
        """Write the folder; returns the bundle as it will be loaded, with its revision."""
        folder.mkdir(parents=True, exist_ok=True)
        networks = {"cvae": self.cvae, "lcgan": self.lcgan}
        weights = {k: v for name, network in networks.items() for k, v in _prefixed(name, network)}
        save_file(_half(weights), folder / _WEIGHTS)
        facts = {
            "prior.mean": self.prior.mean,
            "prior.scale": self.prior.scale,
            "topics.phi": self.topics.phi,
            "probe.log_odds": self.probe.log_odds,
            "sense.weights": self.sense.weights,
            "sense.bias": self.sense.bias,
            "delight.weights": self.delight.weights,
            "delight.bias": self.delight.bias,
        }
        indexes = {
            f"copies.{name}": torch.from_numpy(hashes.view(np.int32))
            for name, hashes in vars(self.copies).items()
        }
        save_file({**_half(facts), **indexes}, folder / _FACTS)
        for name in (_WEIGHTS, _FACTS):
            (folder / name).chmod(0o644)  # safetensors lets nobody else read its files
        self.pieces.save(folder / _TOKENIZER)
        _write(folder / _GENRES, {"labels": self.genres.labels, "nearest": self.genres.nearest})
        _write(
            folder / _TOPICS,
            {"vocabulary": self.topics.vocabulary, "alpha": self.topics.alpha.tolist()},
        )
        config: dict[str, Any] = {
            "format": FORMAT,
            "name": self.name,
            "cvae": asdict(self.cvae.config),
            "lcgan": asdict(self.lcgan.config),
            "serving": asdict(self.serving),
            "training": dict(self.training),
            "files": {name: _sha256(folder / name) for name in _FILES},
        }
        _write(folder / _CONFIG, {**config, "revision": _revision(config)})
        return self.load(folder)

    @classmethod
    def load(cls, folder: Path = SHIPPED, device: str | torch.device = "cpu") -> "Bundle":
        """Read a bundle, every file checked.

        Raises:
            BundleMissingError: the folder or a file of it is not there.
            BundleFormatError: another version of this program saved it.
            BundleCorruptError: a file is not what was saved.
        """
        config = _read_config(folder)
        for name, expected in config["files"].items():
            _check_file(folder / name, expected)
        try:
            return cls._assemble(folder, config, torch.device(device))
        except (KeyError, TypeError, ValueError, RuntimeError, SafetensorError) as error:
            raise BundleCorruptError(
                f"the bundle in {folder} does not fit together ({error}); restore it or train again"
            ) from error

    @classmethod
    def _assemble(cls, folder: Path, config: dict[str, Any], device: torch.device) -> "Bundle":
        weights, facts = load_file(folder / _WEIGHTS), load_file(folder / _FACTS)
        for name, values in weights.items():
            if not values.isfinite().all():  # in whole numbers it would pass for some number
                raise ValueError(f"{name} holds what is no number")
        genres, topics = _read(folder / _GENRES), _read(folder / _TOPICS)
        cvae, lcgan = _networks(config, weights, device)
        return cls(
            name=config["name"],
            pieces=Pieces.load(folder / _TOKENIZER),
            cvae=cvae,
            prior=Prior(facts["prior.mean"].float(), facts["prior.scale"].float()).to(device),
            lcgan=lcgan,
            topics=TopicModel(
                tuple(topics["vocabulary"]),
                facts["topics.phi"].float(),
                torch.tensor(topics["alpha"]),
                lcgan.config.favoured,
            ),
            probe=GenreProbe(facts["probe.log_odds"].float()),
            copies=CopyIndex(
                *(
                    facts[f"copies.{each.name}"].numpy().view(np.uint32)
                    for each in fields(CopyIndex)
                )
            ),
            sense=_taste(facts, "sense"),
            delight=_taste(facts, "delight"),
            genres=GenreBook(tuple(genres["labels"]), genres["nearest"]),
            serving=Serving(**_tuples(config["serving"])),
            training=config["training"],
            revision=config["revision"],
        )

    def with_training(self, **record: Any) -> "Bundle":  # noqa: ANN401 - JSON values
        """The same writer with more said about how it was made."""
        return replace(self, training={**self.training, **record})


def _restored(module: nn.Module, weights: dict[str, Tensor], device: torch.device) -> None:
    own = {key: value.to(device, torch.float32) for key, value in weights.items()}
    module.load_state_dict(own, assign=True)
    module.requires_grad_(requires_grad=False).eval()


def _networks(
    config: Mapping[str, Any], weights: Mapping[str, Tensor], device: torch.device
) -> tuple[CVAE, LCGAN]:
    # Making a network draws random weights, only to replace them: the caller's generator is spared.
    with torch.random.fork_rng(devices=[]):
        cvae, lcgan = (
            CVAE(CVAEConfig(**config["cvae"])),
            LCGAN(LCGANConfig(**config["lcgan"])),
        )
    for prefix, module in (("cvae.", cvae), ("lcgan.", lcgan)):
        own = {k.removeprefix(prefix): v for k, v in weights.items() if k.startswith(prefix)}
        _restored(module, own, device)
    return cvae, lcgan


def _taste(facts: Mapping[str, Tensor], name: str) -> Taste:
    return Taste(facts[f"{name}.weights"].float(), facts[f"{name}.bias"].float())


def _prefixed(prefix: str, module: nn.Module) -> list[tuple[str, Tensor]]:
    return [(f"{prefix}.{key}", value) for key, value in module.state_dict().items()]


def _tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    """JSON has lists only; what is saved as a tuple comes back as one."""
    return {
        key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
    }


def _half(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {key: value.detach().cpu().half().contiguous() for key, value in tensors.items()}


def _read_config(folder: Path) -> dict[str, Any]:
    file = folder / _CONFIG
    if not file.is_file():
        raise BundleMissingError(
            f"no bundle in {folder} (no {_CONFIG}); name a folder that `deephypebot train` wrote"
        )
    config = _read(file)
    if not isinstance(config, dict) or "format" not in config:
        raise BundleCorruptError(f"{file} is no bundle's configuration; restore it")
    if config["format"] != FORMAT:
        newer = isinstance(config["format"], int) and config["format"] > FORMAT
        remedy = "upgrade deephypebot" if newer else "train it again"
        raise BundleFormatError(
            f"the bundle in {folder} has format {config['format']}, and this version reads format "
            f"{FORMAT}; {remedy} or use a bundle of this format"
        )
    revision = config.pop("revision", None)
    if revision != _revision(config) or set(config.get("files", ())) != set(_FILES):
        raise BundleCorruptError(f"{file} was changed after it was saved; restore it")
    return {**config, "revision": revision}


def _check_file(file: Path, expected: str) -> None:
    if not file.is_file():
        raise BundleMissingError(f"the bundle's file {file} is missing; restore it or train again")
    if _sha256(file) != expected:
        raise BundleCorruptError(
            f"{file} is damaged (its checksum is not the one that was saved); restore it"
        )


def _revision(config: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()[:12]


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _write(file: Path, value: Any) -> None:  # noqa: ANN401 - JSON values
    text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False)
    file.write_text(text + "\n", encoding="utf-8")


def _read(file: Path) -> Any:  # noqa: ANN401 - JSON values
    try:
        return json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise BundleCorruptError(f"{file} is not JSON; restore it") from error
