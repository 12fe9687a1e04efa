"""Whether sentences are likely, and whether they are all the sentences there are.

Forward perplexity is that of generated sentences under a judge that learnt from real ones: low is
fluent, and very low is dull. Reverse perplexity is that of real held-out sentences under a judge
that learnt from generated ones: high means that the generator leaves much unsaid. Low forward with
high reverse is mode collapse (Zhao et al. 2018). The judges are a modified Kneser-Ney model over
words and, for forward, the LSTM language model over pieces; both are given per word, the end
counted as one, and real text stands beside generated text.
"""

from model.evaluation.evidence import Evidence, Rows, spread
from model.evaluation.judges import perplexity


def fluency(evidence: Evidence) -> Rows:
    """Forward perplexity of every column; reverse of both kinds of drafts and of real lines."""
    judges, drafts, held_out = evidence.judges, evidence.drafts, evidence.held_out
    count = min(len(drafts.after), len(evidence.judging))
    learnt_from = {
        "real_lines": spread(evidence.judging, count),
        "before": drafts.before[:count],
        "after": drafts.after[:count],
    }
    return {
        "forward_perplexity_kneser_ney": {
            name: judges.forward(texts) for name, texts in evidence.columns.items()
        },
        "forward_perplexity_lstm": {
            name: perplexity(evidence.readings[name].nats.sum().item(), texts)
            for name, texts in evidence.columns.items()
        },
        "reverse_perplexity": {
            name: judges.reverse(texts, held_out) for name, texts in learnt_from.items()
        },
        "sentences_for_reverse": {name: float(len(texts)) for name, texts in learnt_from.items()},
    }
