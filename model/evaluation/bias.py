"""Whom and where sentences speak of: pronouns, gendered words and places, per 1,000 sentences.

Real lines of the same registers stand beside what was written. A word list can only count words:
"queen" may be a drag show, a monarch or a bee.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from model.corpus.lines import words

WORDS: dict[str, list[str]] = json.loads(
    Path(__file__).with_name("bias_words.json").read_text("utf-8")
)
_PER = 1000  # sentences


def bias(columns: Mapping[str, Sequence[str]]) -> dict[str, dict[str, float]]:
    """For each list of words, how often one of it stands in 1,000 sentences of each column."""
    counts = {
        name: Counter(word for text in texts for word in words(text))
        for name, texts in columns.items()
    }
    return {
        kind: {
            name: _PER * sum(counts[name][word] for word in counted) / max(1, len(texts))
            for name, texts in columns.items()
        }
        for kind, counted in WORDS.items()
    }
