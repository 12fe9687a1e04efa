"""One step of the decoder, its matrices split into what a step needs and what is known before.

The input's share of the LSTM gates is a table with a row for each piece, made once; z and a add the
same share to every step of a row. A step costs one recurrent product, one projection and the
softmax. What a row becomes depends on nothing that stands beside it, bit by bit (`model.rowwise`).

Products are made in float32 or in bfloat16, whose sums are still of float32; states, the shares of
z and a, and everything after the scores are float32 either way.
"""

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own habit
from torch import Tensor

from model.cvae import CVAE
from model.rowwise import Rowwise


class Steps:
    """The decoder of one CVAE, a step at a time."""

    @torch.inference_mode()
    def __init__(self, model: CVAE, precision: torch.dtype = torch.float32) -> None:
        self.width, self.embedding = model.config.decoder, model.config.embedding
        self.precision, self.device = precision, model.bias.device
        context = model.config.latent + model.config.condition
        lstm = {name: _gates_in_order(value) for name, value in model.decoder.named_parameters()}
        into, bias = lstm["weight_ih_l0"], lstm["bias_ih_l0"] + lstm["bias_hh_l0"]
        own = into[:, : self.embedding].contiguous()
        self._table = F.linear(model.embedding.weight, own, bias).to(precision)
        mix, context_mix = torch.split(model.output.weight, [self.width, context], dim=1)
        across = lstm["weight_hh_l0"].to(precision).contiguous()
        self._recurrent = Rowwise(
            lambda rows, added: torch.addmm(added, rows, across.T),
            self.width,
            4 * self.width,
            dtype=precision,
            device=self.device,
        )
        self._mix = self._linear(mix)
        self._softmax = self._linear(model.embedding.weight, model.bias)
        # One product makes all that rows begin with.
        whole = torch.cat([model.initial.weight, into[:, self.embedding :], context_mix])
        gates = torch.zeros(4 * self.width, device=self.device)
        added = torch.cat([model.initial.bias, gates, model.output.bias])

        def begin(context: Tensor) -> Tensor:
            begun = F.linear(context, whole, added)
            begun[:, : 2 * self.width].tanh_()
            return begun

        self._begin = Rowwise(begin, context, device=self.device)

    def start(self, context: Tensor) -> Tensor:
        """The beginning of rows for their z and a side by side, (rows, latent + condition).

        Side by side: hidden and cell state, (rows, decoder) each, and what z and a add to each of
        their steps, in the gates (rows, 4 * decoder) and in the output (rows, embedding).
        """
        return self._begin(context)

    def move(
        self, token: Tensor, gates: Tensor, hidden: Tensor, cell: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The hidden and cell state after reading one piece a row, (rows,)."""
        read = F.embedding(token, self._table)
        total = gates + self._recurrent(hidden.to(self.precision), read)
        bounded, candidate = torch.split(total, [3 * self.width, self.width], dim=1)
        i, f, o = bounded.sigmoid_().chunk(3, dim=1)
        cell = f * cell + i * candidate.tanh_()
        return o * cell.tanh(), cell

    def logits(self, hidden: Tensor, output: Tensor) -> Tensor:
        """Scores of every next piece: (rows, vocabulary)."""
        mixed = self._mix(hidden.to(self.precision)) + output
        return self._softmax(mixed.to(self.precision)).float()

    def _linear(self, weight: Tensor, bias: Tensor | None = None) -> Rowwise:
        """A linear layer in the precision of products."""
        matrix = weight.to(self.precision).contiguous()
        added = None if bias is None else bias.to(self.precision)
        return Rowwise(
            lambda rows: F.linear(rows, matrix, added),
            weight.shape[1],
            dtype=self.precision,
            device=self.device,
        )


def _gates_in_order(values: Tensor) -> Tensor:
    """The LSTM's gates i, f, g, o as i, f, o, g: those that one function bounds stand together."""
    i, f, g, o = values.chunk(4)
    return torch.cat([i, f, o, g])
