"""The conditional variational autoencoder: sentences to a latent space and back.

After Rhodes and Jaques (2018), section 3: an encoder gives q(z|x, a), a decoder p(x|z, a), and both
see the condition a. Departures from the 2018 code, each for a measured reason:

- the encoder pools over all its states (its last state alone has half-forgotten the sentence);
- z and a reach the decoder three times: in each input, in the first state, and beside the last
  layer, so the decoder cannot learn to ignore them;
- the KL term is that of the very distribution the sampler draws from;
- free bits (Kingma et al. 2016; Li et al. 2019) keep the posterior from collapsing: each dimension
  may carry its share of `free_bits` nats without cost;
- a is the mean of learned genre vectors, so any combination of genres is a condition, beside a
  learned vector for the register and for the slots asked for. Each may be unknown, and in training
  is sometimes made so, therefore the writer can write with nothing given.

All sentences of a batch have one length: nothing is padded, and no mask is needed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own habit
from torch import Tensor, nn

UNKNOWN = 0  # row 0 of every condition table
REGISTERS = ("unknown", "plain", "florid", "clear", "found", "witty")
SLOTS = ("unknown", "none", "artist", "title", "both")


@dataclass(frozen=True)
class CVAEConfig:
    """The sizes of a CVAE."""

    vocabulary: int = 4096  # pieces
    genres: int = 174  # labels, the unknown not counted
    embedding: int = 256  # width of a piece's vector, shared by input, encoder and softmax
    encoder: int = 192  # LSTM units of the encoder, per direction
    decoder: int = 640  # LSTM units of the decoder
    latent: int = 32  # dimensions of z
    genre: int = 32  # width of a genre's vector
    voice: int = 8  # width of the register's and of the slots' vector
    registers: int = len(REGISTERS)  # rows of the registers' table
    dropout: float = 0.25  # on embeddings, decoder output and projection
    weight_dropout: float = 0.0  # on the decoder's recurrent weights

    @property
    def condition(self) -> int:
        """Width of a."""
        return self.genre + 2 * self.voice


@dataclass(frozen=True)
class Posterior:
    """q(z|x, a): a diagonal Gaussian."""

    mu: Tensor  # (batch, latent)
    logvar: Tensor  # (batch, latent)

    def sample(self, noise: Tensor | None = None) -> Tensor:
        """z = mu + sigma * epsilon, sigma = exp(logvar / 2) (Kingma and Welling, equation 10)."""
        epsilon = torch.randn_like(self.mu) if noise is None else noise
        return self.mu + torch.exp(0.5 * self.logvar) * epsilon

    def kl(self) -> Tensor:
        """KL(q(z|x, a) || N(0, I)) per dimension, in nats: (batch, latent).

        Kingma and Welling (2014), appendix B, for the same logvar that `sample` reads.
        """
        return 0.5 * (self.mu.square() + self.logvar.exp() - 1.0 - self.logvar)


def free_bits_kl(kl: Tensor, free_bits: float, whole: Tensor | None = None) -> Tensor:
    """The batch's mean KL, each of its dimensions counted as at least its share of free bits.

    Where `kl` is a part of a batch, `whole` is the whole batch's mean per dimension, (latent,):
    it decides which dimensions have used up their share.
    """
    mean = kl.mean(0)
    floor = free_bits / mean.numel()
    return torch.where((mean if whole is None else whole) >= floor, mean, floor).sum()


class Condition(nn.Module):
    """Genres, register and slots to the vector a."""

    def __init__(self, config: CVAEConfig) -> None:
        super().__init__()
        self.genres = nn.Embedding(config.genres + 1, config.genre)
        self.register = nn.Embedding(config.registers, config.voice)
        self.slots = nn.Embedding(len(SLOTS), config.voice)

    def forward(self, genres: Tensor, register: Tensor, slots: Tensor) -> Tensor:
        """a for multi-hot genres (batch, 1 + labels) and two index vectors (batch,).

        A row without any genre gets the unknown one.
        """
        hot = genres.clone()
        hot[:, UNKNOWN] = (genres[:, UNKNOWN + 1 :].sum(1) == 0).to(hot.dtype)
        mean = (hot / hot.sum(1, keepdim=True)) @ self.genres.weight
        return torch.cat([mean, self.register(register), self.slots(slots)], dim=1)


class LockedDropout(nn.Module):
    """Dropout with one mask for all steps of a sentence (Gal and Ghahramani 2016)."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, states: Tensor) -> Tensor:
        """Blot out a share of each sentence's channels; states are (batch, time, channels)."""
        if not self.training or self.share == 0.0:
            return states
        kept = states.new_empty(states.shape[0], 1, states.shape[2]).bernoulli_(1 - self.share)
        return states * kept.div_(1 - self.share)


def run_lstm(
    lstm: nn.LSTM, inputs: Tensor, state: tuple[Tensor, Tensor], dropped: float = 0.0
) -> Tensor:
    """The states of a single layer, (batch, time, units), some recurrent weights dropped.

    DropConnect (Wan et al. 2013), as Merity et al. (2018) use it in language models: the same
    weights are missing at every step of every sentence of the batch.
    """
    if dropped == 0.0:
        whole: Tensor = lstm(inputs, state)[0]
        return whole
    into, across, into_bias, across_bias = lstm.all_weights[0]
    states, _, _ = torch.lstm(
        inputs,
        [tensor.to(inputs.dtype) for tensor in state],
        [into, F.dropout(across, dropped), into_bias, across_bias],
        has_biases=True,
        num_layers=1,
        dropout=0.0,
        train=True,
        bidirectional=False,
        batch_first=True,
    )
    return states


class CVAE(nn.Module):
    """Encoder and decoder around z."""

    def __init__(self, config: CVAEConfig) -> None:
        super().__init__()
        self.config = config
        context = config.latent + config.condition
        self.condition = Condition(config)
        self.embedding = nn.Embedding(config.vocabulary, config.embedding)
        self.encoder = nn.LSTM(
            config.embedding, config.encoder, batch_first=True, bidirectional=True
        )
        self.posterior = nn.Linear(4 * config.encoder + config.condition, 2 * config.latent)
        self.initial = nn.Linear(context, 2 * config.decoder)
        self.decoder = nn.LSTM(config.embedding + context, config.decoder, batch_first=True)
        self.output = nn.Linear(config.decoder + context, config.embedding)
        self.bias = nn.Parameter(torch.zeros(config.vocabulary))
        self.dropout = LockedDropout(config.dropout)
        nn.init.normal_(self.embedding.weight, std=config.embedding**-0.5)

    def encode(self, tokens: Tensor, a: Tensor) -> Posterior:
        """q(z|x, a) for tokens (batch, time), BOS and EOS left out."""
        states, _ = self.encoder(self.dropout(self.embedding(tokens)))
        pooled = torch.cat([states.amax(1), states.mean(1), a], dim=1)
        mu, logvar = self.posterior(pooled).float().chunk(2, dim=1)
        return Posterior(mu, logvar.clamp(-8.0, 4.0))

    def decode(self, tokens: Tensor, z: Tensor, a: Tensor) -> Tensor:
        """Logits of each next piece given the pieces before it: (batch, time, vocabulary)."""
        context = torch.cat([z, a], dim=1)
        each_step = context[:, None, :].expand(-1, tokens.shape[1], -1)
        hidden, cell = self.initial_state(context)
        inputs = torch.cat([self.dropout(self.embedding(tokens)), each_step], dim=2)
        share = self.config.weight_dropout if self.training else 0.0
        states = run_lstm(self.decoder, inputs, (hidden[None], cell[None]), share)
        return self.logits(self.dropout(states), each_step)

    def initial_state(self, context: Tensor) -> tuple[Tensor, Tensor]:
        """The decoder's first hidden and cell state, (batch, decoder) each."""
        hidden, cell = torch.tanh(self.initial(context)).chunk(2, dim=-1)
        return hidden.contiguous(), cell.contiguous()

    def logits(self, states: Tensor, context: Tensor) -> Tensor:
        """Scores of every piece for decoder states and the context beside them."""
        mixed = self.output(torch.cat([states, context.to(states.dtype)], dim=-1))
        return F.linear(self.dropout(mixed), self.embedding.weight, self.bias)

    def token_nll(self, sentences: Tensor, z: Tensor, a: Tensor) -> Tensor:
        """-log p(x_t | x_<t, z, a) for sentences that carry BOS and EOS: (batch, time - 1)."""
        logits = self.decode(sentences[:, :-1], z, a).flatten(0, 1).float()
        targets = sentences[:, 1:]
        return F.cross_entropy(logits, targets.flatten(), reduction="none").view_as(targets)

    def forward(self, sentences: Tensor, a: Tensor) -> tuple[Tensor, Tensor]:
        """The two terms of the negative ELBO, E_q[-log p(x|z, a)] and KL(q(z|x, a) || p(z)).

        Returns the reconstruction loss per sentence (batch,) and the KL per dimension
        (batch, latent), both in nats, for sentences (batch, time) that carry BOS and EOS.
        """
        posterior = self.encode(sentences[:, 1:-1], a)
        loss = self.token_nll(sentences, posterior.sample(), a).sum(1)
        return loss, posterior.kl()


def multi_hot(genres: Sequence[Sequence[int]], labels: int) -> Tensor:
    """Label indices to the rows that `Condition` reads; index i is column i + 1."""
    rows = torch.zeros(len(genres), labels + 1)
    for row, indices in enumerate(genres):
        rows[row, [index + 1 for index in indices]] = 1.0
    return rows
