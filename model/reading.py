"""Sentences that are there already, as the decoder reads them: teacher forcing by `model.steps`."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from model.steps import Steps
from model.tokenizer import BOS, EOS

_CHUNK = 80  # sentences, so that their scores fit the processor's cache


@dataclass(frozen=True)
class Reading:
    """What the decoder makes of sentences, in their order."""

    log_probs: Tensor  # (rows, longest): of each piece and of the end; 0 beyond it
    lengths: Tensor  # (rows,): pieces, the end counted
    states: Tensor  # (rows, decoder): the mean of the LSTM's states


def read(steps: Steps, sentences: Sequence[Sequence[int]], context: Tensor) -> Reading:
    """Read sentences, at least one, of any length, BOS and EOS left out, each with its z and a.

    Context is (rows, latent + condition). A sentence is read the same, bit by bit, whatever others
    are read with it.
    """
    # Longest first: those that still go on are then always the first rows.
    order = sorted(range(len(sentences)), key=lambda row: -len(sentences[row]))
    longest = max(len(sentence) for sentence in sentences) + 1
    log_probs = context.new_zeros(len(sentences), longest)
    states = context.new_zeros(len(sentences), steps.width)
    for start in range(0, len(order), _CHUNK):
        part = torch.tensor(order[start : start + _CHUNK])
        heard = _read(steps, [sentences[row] for row in part], context[part])
        log_probs[part, : heard.log_probs.shape[1]] = heard.log_probs
        states[part] = heard.states
    lengths = torch.tensor([len(sentence) + 1 for sentence in sentences], device=context.device)
    return Reading(log_probs, lengths, states)


def _read(steps: Steps, sentences: Sequence[Sequence[int]], context: Tensor) -> Reading:
    """Read sentences that stand longest first."""
    lengths = [len(sentence) + 1 for sentence in sentences]
    filled = torch.full((len(sentences), lengths[0]), EOS)
    for row, sentence in enumerate(sentences):
        filled[row, : len(sentence)] = torch.tensor(sentence)
    targets = filled.to(context.device)
    hidden, cell, gates, output = steps.start(context)
    token = torch.full_like(targets[:, 0], BOS)
    log_probs = context.new_zeros(targets.shape)
    total = torch.zeros_like(hidden)
    for step in range(lengths[0]):
        going = sum(length > step for length in lengths)
        hidden, cell = steps.move(token[:going], gates[:going], hidden[:going], cell[:going])
        logits = steps.logits(hidden, output[:going])
        token = targets[:going, step]
        log_probs[:going, step] = logits.gather(1, token[:, None])[:, 0] - logits.logsumexp(1)
        total[:going] += hidden
    counts = torch.tensor(lengths, device=context.device)
    return Reading(log_probs, counts, total / counts[:, None])
