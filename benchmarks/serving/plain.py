"""The network in plain torch, as somebody would write it who puts a framework before it.

A padded batch goes step by step through `nn.LSTM` until all of its rows have ended. The batch draws
from one stream of random numbers, so what a seed gives depends on its company: only that an answer
is for the seed that was asked can be checked.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from benchmarks.serving.work import codes, slots
from model.bundle import Bundle
from model.tokenizer import BOS, EOS, PAD


class Plain:
    """Answers batches of seeds with sentences."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._cvae = bundle.cvae.eval()
        self._forbidden = [PAD, BOS, *slots(bundle)]

    def __call__(self, seeds: Sequence[int]) -> list[dict[str, Any]]:
        """A sentence for each seed."""
        sentences = self._write(len(seeds)).tolist()
        decode = self._bundle.pieces.decode
        return [
            {"seed": seed, "text": decode(ids)} for seed, ids in zip(seeds, sentences, strict=True)
        ]

    @torch.inference_mode()
    def _write(self, rows: int) -> Tensor:
        """Pieces, filled up with PAD: (rows, longest)."""
        z, a = codes(self._bundle, torch.randn(rows, self._cvae.config.latent))
        context = torch.cat([z, a], dim=1)
        hidden, cell = self._cvae.initial_state(context)
        state = hidden[None], cell[None]
        token = torch.full((rows,), BOS, device=context.device)
        ended = torch.zeros(rows, dtype=torch.bool, device=context.device)
        said = []
        for _ in range(self._bundle.serving.longest):
            inputs = torch.cat([self._cvae.embedding(token), context], dim=1)
            states, state = self._cvae.decoder(inputs[:, None], state)
            token = self._draw(self._cvae.logits(states[:, 0], context))
            token[ended] = PAD
            said.append(token)
            ended |= token == EOS
            if ended.all():
                break
        return torch.stack(said, dim=1)

    def _draw(self, logits: Tensor) -> Tensor:
        """The next piece of each row, by temperature and top-p: (rows,)."""
        logits[:, self._forbidden] = -torch.inf
        shares, pieces = (
            (logits / self._bundle.serving.temperature).softmax(1).sort(descending=True)
        )
        before = shares.cumsum(1) - shares
        shares[before >= self._bundle.serving.top_p] = 0.0
        return pieces.gather(1, torch.multinomial(shares, 1))[:, 0]
