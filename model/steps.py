"""One step of the decoder, its matrices split into what a step needs and what is known before.

The input's share of the LSTM gates is a table with a row for each piece, made once; z and a add the
same share to every step of a row. A step costs one recurrent product, one projection and the
softmax. Every product runs on blocks of a fixed number of rows (`model.blocks`), so what a row
becomes depends on nothing that stands beside it, bit by bit.
"""

from copy import copy
from typing import NamedTuple

import torch
from torch import Tensor

from model.blocks import blockwise
from model.cvae import CVAE


class Start(NamedTuple):
    """Where rows begin, and what z and a add to each of their steps."""

    hidden: Tensor  # (rows, decoder)
    cell: Tensor  # (rows, decoder)
    gates: Tensor  # (rows, 4 * decoder): the share of z and a in the gates
    output: Tensor  # (rows, embedding): the share of z and a in the output


class Steps:
    """The decoder of one CVAE, a step at a time."""

    @torch.inference_mode()
    def __init__(self, model: CVAE, block: int) -> None:
        self._model, self.block = model, block
        self.width = model.config.decoder
        embedding = model.config.embedding
        lstm = dict(model.decoder.named_parameters())
        input_weight, bias = lstm["weight_ih_l0"], lstm["bias_ih_l0"] + lstm["bias_hh_l0"]
        self._table = model.embedding.weight @ input_weight[:, :embedding].T + bias
        self._context_gates = input_weight[:, embedding:].T.contiguous()
        self._recurrent = lstm["weight_hh_l0"].T.contiguous()
        self._mix = model.output.weight[:, : self.width].T.contiguous()
        self._context_mix = model.output.weight[:, self.width :].T.contiguous()
        self._softmax = model.embedding.weight.T.contiguous()

    def in_blocks_of(self, rows: int) -> "Steps":
        """The same steps, the matrices shared, on blocks of another height."""
        other = copy(self)
        other.block = rows
        return other

    def start(self, context: Tensor) -> Start:
        """The beginning of rows for their z and a side by side, (rows, latent + condition)."""
        hidden, cell = blockwise(self._initial, self.block, context).chunk(2, dim=1)
        return Start(
            hidden=hidden.contiguous(),
            cell=cell.contiguous(),
            gates=self._product(context, self._context_gates),
            output=self._product(context, self._context_mix) + self._model.output.bias,
        )

    def move(
        self, token: Tensor, gates: Tensor, hidden: Tensor, cell: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The hidden and cell state after reading one piece a row, (rows,)."""
        i, f, g, o = (self._table[token] + gates + self._product(hidden, self._recurrent)).chunk(
            4, dim=1
        )
        cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(cell), cell

    def logits(self, hidden: Tensor, output: Tensor) -> Tensor:
        """Scores of every next piece: (rows, vocabulary)."""
        mixed = self._product(hidden, self._mix) + output
        return self._product(mixed, self._softmax) + self._model.bias

    def _initial(self, context: Tensor) -> Tensor:
        return torch.cat(self._model.initial_state(context), dim=1)

    def _product(self, rows: Tensor, matrix: Tensor) -> Tensor:
        return blockwise(lambda block: block @ matrix, self.block, rows)
