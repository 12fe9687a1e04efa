"""An unconditional LSTM language model: what the CVAE's likelihood is held against, and a judge.

Its parts are those of the CVAE's decoder (tied embedding, one LSTM, a projection, dropout with one
mask a sentence), the LSTM made wider until the whole has as many parameters as the CVAE with its
encoder. It reads the same batches with the same schedule, so what differs is the latent variable
and the condition. It knows nothing of a writer: `benchmarks/ptb.py` trains it on words.
"""

import hashlib
import math
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own habit
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from tqdm import tqdm

from model.cvae import CVAE, LockedDropout, run_lstm
from model.errors import ModelError
from model.training.autoencoder import Schedule, epoch_batches
from model.training.batches import Dataset
from model.training.config import CVAETraining
from model.training.machine import default_device, in_bf16

_ROWS = 128  # sentences read together
_PROBE_STEPS = 30  # steps after which the speed is known well enough to plan the epochs


@dataclass(frozen=True)
class LanguageModelConfig:
    """The sizes of a language model."""

    vocabulary: int
    embedding: int
    hidden: int
    dropout: float
    weight_dropout: float = 0.0  # on the recurrent weights

    @classmethod
    def beside(cls, cvae: CVAE) -> "LanguageModelConfig":
        """As large as a CVAE, the encoder counted: the width of the LSTM is solved for."""
        c = cvae.config
        free = sum(p.numel() for p in cvae.parameters()) - c.embedding * (c.vocabulary + 1)
        free -= c.vocabulary
        # 4 h (embedding + h + 2) of the LSTM and h embedding of the projection
        linear = 5 * c.embedding + 8
        hidden = (math.sqrt(linear**2 + 16 * free) - linear) / 8
        return cls(c.vocabulary, c.embedding, max(1, round(hidden)), c.dropout, c.weight_dropout)


@dataclass(frozen=True)
class Reading:
    """What a language model makes of sentences, in their order."""

    nats: Tensor  # (sentences,): -log p, the end included
    states: Tensor  # (sentences, hidden): the mean of the LSTM's states


class LanguageModel(nn.Module):
    """p(x) = prod p(x_t | x_<t)."""

    def __init__(self, config: LanguageModelConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocabulary, config.embedding)
        self.lstm = nn.LSTM(config.embedding, config.hidden, batch_first=True)
        self.output = nn.Linear(config.hidden, config.embedding)
        self.bias = nn.Parameter(torch.zeros(config.vocabulary))
        self.dropout = LockedDropout(config.dropout)
        nn.init.normal_(self.embedding.weight, std=config.embedding**-0.5)

    def forward(self, sentences: Tensor) -> tuple[Tensor, Tensor]:
        """-log p of each piece after BOS (batch, time - 1), and the states before each.

        Sentences (batch, time) carry BOS and EOS; states are (batch, time - 1, hidden).
        """
        inputs = self.dropout(self.embedding(sentences[:, :-1]))
        start = inputs.new_zeros(1, len(inputs), self.config.hidden)
        share = self.config.weight_dropout if self.training else 0.0
        states = run_lstm(self.lstm, inputs, (start, start), share)
        mixed = self.dropout(self.output(self.dropout(states)))
        logits = F.linear(mixed, self.embedding.weight, self.bias).flatten(0, 1).float()
        targets = sentences[:, 1:]
        loss = F.cross_entropy(logits, targets.flatten(), reduction="none")
        return loss.view_as(targets), states

    @torch.no_grad()
    def read(self, sentences: Sequence[Sequence[int]]) -> Reading:
        """Read sentences of any length that carry BOS and EOS."""
        self.eval()
        by_length: dict[int, list[int]] = defaultdict(list)
        for row, ids in enumerate(sentences):
            by_length[len(ids)].append(row)
        nats = torch.zeros(len(sentences))
        states = torch.zeros(len(sentences), self.config.hidden)
        for rows in by_length.values():
            for part in torch.split(torch.tensor(rows), _ROWS):
                own = torch.tensor([sentences[row] for row in part.tolist()])
                loss, seen = self(own.to(self.bias.device))
                nats[part], states[part] = loss.sum(1).cpu(), seen.float().mean(1).cpu()
        return Reading(nats, states)


def train_language_model(
    model: LanguageModel,
    train: Dataset,
    valid: Dataset,
    settings: CVAETraining,
    *,
    seed: int,
    minutes: float | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Train in place; ends with the state that validated best.

    The batches, their order, the schedule and the optimiser are those of the CVAE's training.
    """
    kind = default_device()
    model.to(kind)
    # Decided once: on a CPU it takes a trial.
    settings = replace(settings, bf16=in_bf16(settings, kind))
    optimiser = _optimiser(model, settings)
    epochs = _plan(model, train, settings, minutes, clock)
    steps = sum(len(epoch_batches(train, settings, epoch)) for epoch in range(epochs))
    schedule, step = Schedule(settings, steps), 0
    best, state = math.inf, model.state_dict()
    torch.manual_seed(seed)
    for epoch in range(epochs):
        batches = epoch_batches(train, settings, epoch)
        name = f"language model {epoch + 1}/{epochs}"
        for rows in tqdm(batches, desc=name, unit="batch", mininterval=2, leave=False):
            for group in optimiser.param_groups:
                group["lr"] = schedule.rate(step)
            _step(model, optimiser, train.rows(rows).sentences, settings)
            step += 1
        loss = float(model.read(valid.ids).nats.mean())
        if loss < best:
            best, state = loss, {key: value.clone() for key, value in model.state_dict().items()}
    model.load_state_dict(state)
    model.cpu().eval()


def _optimiser(model: LanguageModel, settings: CVAETraining) -> torch.optim.Optimizer:
    return torch.optim.AdamW(
        model.parameters(),
        lr=settings.rate,
        betas=(0.9, 0.99),
        weight_decay=settings.weight_decay,
        fused=True,
    )


def _step(
    model: LanguageModel, optimiser: torch.optim.Optimizer, sentences: Tensor, s: CVAETraining
) -> None:
    model.train()
    device = model.bias.device
    with torch.autocast(device.type, torch.bfloat16, enabled=bool(s.bf16)):
        losses, _ = model(sentences.to(device))
    # As in the CVAE's training: per piece, and small batches count for as little as they are.
    (losses.mean() * sentences.shape[0] / s.batch).backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), s.clip)
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)


def _plan(
    model: LanguageModel,
    train: Dataset,
    settings: CVAETraining,
    minutes: float | None,
    clock: Callable[[], float],
) -> int:
    """How many epochs fit the minutes allowed, by the speed of a few steps that are then undone."""
    if minutes is None:
        return settings.epochs
    before = {name: value.clone() for name, value in model.state_dict().items()}
    scratch = _optimiser(model, settings)
    batches = train.batches(settings.batch, torch.Generator().manual_seed(0))
    began = clock()
    for rows in batches[:_PROBE_STEPS]:
        _step(model, scratch, train.rows(rows).sentences, settings)
    seconds = (clock() - began) / min(_PROBE_STEPS, len(batches)) * len(batches)
    model.load_state_dict(before)
    return max(1, min(settings.epochs, int(minutes * 60 / max(seconds, 1e-9))))


def trained_language_model(
    file: Path,
    config: LanguageModelConfig,
    train: Dataset,
    valid: Dataset,
    settings: CVAETraining,
    *,
    seed: int,
    minutes: float | None = None,
) -> LanguageModel:
    """The language model for this text and these settings: from the file, or trained and kept."""
    torch.manual_seed(seed)
    model = LanguageModel(config)
    fingerprint = _fingerprint(config, train, settings, seed, minutes)
    kept = _kept(file, fingerprint)
    if kept is not None:
        model.load_state_dict(kept)
        return model.eval()
    train_language_model(model, train, valid, settings, seed=seed, minutes=minutes)
    partial = file.with_suffix(".partial")
    facts = {"fingerprint": fingerprint, "valid": _text_of(valid)}
    save_file(model.state_dict(), partial, facts)
    partial.chmod(0o644)  # safetensors lets nobody else read its files
    partial.replace(file)
    return model


def load_language_model(file: Path, valid: Dataset) -> LanguageModel:
    """A language model, however wide, that `trained_language_model` kept for this text.

    Raises:
        ModelError: the file is none, or one of other lines or another tokenizer.
    """
    try:
        facts, state = _stored(file)
        vocabulary, embedding = state["embedding.weight"].shape
        hidden = state["lstm.weight_hh_l0"].shape[1]
        config = LanguageModelConfig(vocabulary, embedding, hidden, dropout=0.0)
        model = LanguageModel(config)
        model.load_state_dict(state)
    except (OSError, SafetensorError, KeyError, TypeError, RuntimeError, ValueError) as error:
        raise ModelError(
            f"{file} is no language model that `deephypebot evaluate` kept; "
            "leave it out to have one trained"
        ) from error
    if facts.get("valid") != _text_of(valid):
        raise ModelError(
            f"{file} was trained beside other lines or another tokenizer; name one of this corpus "
            "and of a writer with the same pieces, or leave it out to have one trained"
        )
    return model.eval()


def _text_of(valid: Dataset) -> str:
    """The lines that chose a language model's best state, as their tokenizer put them."""
    return hashlib.sha256(repr(valid.ids).encode()).hexdigest()


def _kept(file: Path, fingerprint: str) -> dict[str, Tensor] | None:
    try:
        facts, state = _stored(file)
    except (FileNotFoundError, SafetensorError):
        return None
    return state if facts.get("fingerprint") == fingerprint else None


def _stored(file: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    """What a file says of its tensors, and these."""
    with safe_open(file, "pt") as stored:
        tensors = {key: stored.get_tensor(key) for key in stored.keys()}  # noqa: SIM118 - no dict
        return stored.metadata() or {}, tensors


def _fingerprint(
    config: LanguageModelConfig,
    train: Dataset,
    settings: CVAETraining,
    seed: int,
    minutes: float | None,
) -> str:
    facts = repr((config, settings, seed, minutes, train.ids, train.register.tolist()))
    return hashlib.sha256(facts.encode()).hexdigest()
