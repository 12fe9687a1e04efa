"""One step of the decoder, its matrices split into what a step needs and what is known before.

The input's share of the LSTM gates is a table with a row for each piece, made once; z and a add the
same share to every step of a row. A step costs one recurrent product, one projection and the
softmax. What a row becomes depends on nothing that stands beside it, bit by bit.

Products are made in float32, bfloat16 or int8 (`model.products`); states and everything
after the scores are float32 in each.
"""

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own habit
from torch import Tensor

from model.cvae import CVAE
from model.products import product, table


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
        mix, context_mix = torch.split(model.output.weight, [self.width, context], dim=1)
        self._table = table(F.linear(model.embedding.weight, own, bias), precision)
        # A hidden state is a sigmoid times a hyperbolic tangent.
        self._recurrent = product(lstm["weight_hh_l0"], precision, bounded=True)
        self._mix = product(mix, precision, bounded=True)
        self._softmax = product(model.embedding.weight, precision)
        self._bias = model.bias.detach()
        # One product makes all that rows begin with.
        whole = torch.cat([model.initial.weight, into[:, self.embedding :], context_mix])
        gates = torch.zeros(4 * self.width, device=self.device)
        self._added = torch.cat([model.initial.bias, gates, model.output.bias])
        self._begin = product(whole, precision)

    def start(self, context: Tensor) -> Tensor:
        """The beginning of rows for their z and a side by side, (rows, latent + condition).

        Side by side: hidden and cell state, (rows, decoder) each, and what z and a add to each of
        their steps, in the gates (rows, 4 * decoder) and in the output (rows, embedding).
        """
        begun = self._begin(context, self._added)
        begun[:, : 2 * self.width].tanh_()
        return begun

    def move(
        self, token: Tensor, gates: Tensor, hidden: Tensor, cell: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The hidden and cell state after reading one piece a row, (rows,)."""
        total = self._table.add(self._recurrent(hidden, gates), token)
        i, f, o, candidate = total.sigmoid_().chunk(4, dim=1)
        cell = f * cell + i * _as_tanh(candidate)
        return o * _as_tanh((2 * cell).sigmoid_()), cell

    def logits(self, hidden: Tensor, output: Tensor) -> Tensor:
        """Scores of every next piece: (rows, vocabulary)."""
        return self._softmax(self._mix(hidden, output), self._bias)


def _gates_in_order(values: Tensor) -> Tensor:
    """The LSTM's gates i, f, g, o as i, f, o, 2g: one function then bounds them all.

    tanh(x) = 2 sigmoid(2x) - 1, and torch's sigmoid takes a sixth of the time of its tanh.
    """
    i, f, g, o = values.chunk(4)
    return torch.cat([i, f, o, 2 * g])


def _as_tanh(bounded: Tensor) -> Tensor:
    """The hyperbolic tangent of x where a sigmoid of 2x is given, in place."""
    return bounded.mul_(2).sub_(1)
