"""How much a sentence reads like one of the corpus: a critic of finished drafts.

Likelihood likes what is said most often; this network likes what people say. It learnt to tell the
corpus's sentences from the writer's own drafts, so it marks down phrases that the decoder wears
out, words that never go together, and sentences that lose their thread (a discriminator for
ranking, as in Deng et al. 2020). Convolutions over pieces, the strongest and the mean answer of
each, and one hidden layer.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own habit
from torch import Tensor, nn

from model.tokenizer import BOS, EOS, PAD

LONGEST = 50  # pieces that are read, BOS and EOS among them


@dataclass(frozen=True)
class RealismConfig:
    """The sizes of the critic of drafts."""

    vocabulary: int
    embedding: int = 32
    filters: int = 96  # of each span
    spans: tuple[int, ...] = (2, 3, 5)  # pieces that a filter sees
    hidden: int = 96
    dropout: float = 0.5


class Realism(nn.Module):
    """The critic of drafts."""

    def __init__(self, config: RealismConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocabulary, config.embedding, padding_idx=PAD)
        self.filters = nn.ModuleList(
            nn.Conv1d(config.embedding, config.filters, span, padding=span // 2)
            for span in config.spans
        )
        self.hidden = nn.Linear(2 * config.filters * len(config.spans), config.hidden)
        self.verdict = nn.Linear(config.hidden, 1)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, pieces: Tensor) -> Tensor:
        """Log-odds of real against drafted (batch,) for padded pieces (batch, LONGEST)."""
        there = (pieces != PAD)[:, None]  # (batch, 1, time)
        length = there.sum(2)
        embedded = self.dropout(self.embedding(pieces)).transpose(1, 2)
        answers = []
        for convolve in self.filters:
            answer = F.relu(convolve(embedded)[:, :, : pieces.shape[1]]) * there
            answers += [answer.amax(2), answer.sum(2) / length]
        hidden = F.relu(self.hidden(self.dropout(torch.cat(answers, dim=1))))
        verdict: Tensor = self.verdict(self.dropout(hidden))
        return verdict[:, 0]


def padded_pieces(sentences: Sequence[Sequence[int]]) -> Tensor:
    """Piece ids without BOS and EOS as the rows that `Realism` reads: (sentences, LONGEST)."""
    rows = torch.full((len(sentences), LONGEST), PAD)
    for row, ids in enumerate(sentences):
        whole = [BOS, *ids[: LONGEST - 2], EOS]
        rows[row, : len(whole)] = torch.tensor(whole)
    return rows
