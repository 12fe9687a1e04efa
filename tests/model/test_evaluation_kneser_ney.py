import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.evaluation.judges import Judges
from model.evaluation.kneser_ney import KneserNey, tokens

SENTENCES = [list("abab"), list("abc"), list("cab"), list("bca"), list("aabbc"), list("ab")]
TEXTS = [f"The {what} warms the {where}." for what in ("bass", "flute") for where in ("sea", "sky")]


@given(st.lists(st.sampled_from("abcz"), max_size=6))
def test_what_may_follow_sums_to_one(before: list[str]) -> None:
    judge = KneserNey(SENTENCES)
    assert judge.types == 5  # a, b, c, the end, and one for all that was never seen
    words = sum(judge.probabilities([*before, word])[len(before)] for word in "abcz")
    assert words + judge.probabilities(before)[-1] == pytest.approx(1.0)


def test_a_bigram_of_a_small_text_has_the_probability_of_the_paper() -> None:
    # Two words and ends; discounts of a small text: 0.5 for what came once, 1 for twice.
    judge = KneserNey([["a"], ["a"]])
    # Unigrams count different words before: "a" has 1 (the beginning), the end has 1 ("a").
    unigram = (1 - 0.5) / 2 + (0.5 + 0.5) / 2 / judge.types
    # "<s> a" came twice and begins the sentence, so it keeps its occurrences.
    assert judge.probabilities(["a"])[0] == pytest.approx((2 - 1) / 2 + 1 / 2 * unigram)


def test_a_longer_context_foretells_better() -> None:
    judge = KneserNey([list("xay"), list("wab")] * 3)
    assert judge.probabilities(list("xay"))[2] > 2 * judge.probabilities(list("xab"))[2]


def test_sentences_are_judged_by_themselves_whatever_stands_beside_them() -> None:
    judge = KneserNey(SENTENCES)
    alone = [float(judge.nats([sentence])[0]) for sentence in SENTENCES]
    assert judge.nats(SENTENCES).tolist() == pytest.approx(alone)
    assert alone[0] == pytest.approx(-np.log(judge.probabilities(SENTENCES[0])).sum())


def test_an_empty_sentence_has_its_end() -> None:
    assert KneserNey(SENTENCES).nats([[], ["a"]]).shape == (2,)


def test_slots_words_and_marks_are_tokens() -> None:
    assert tokens("{artist}'s Lo-fi beat, it's") == [
        "{artist}", "'", "s", "lo-fi", "beat", ",", "it's",
    ]  # fmt: skip


def test_real_sentences_are_likelier_than_their_words_in_disorder() -> None:
    judges = Judges(TEXTS * 5)
    shuffled = ["warms The the sea bass.", "The the. flute sky warms"]
    assert judges.forward(TEXTS) < judges.forward(shuffled)


def test_a_judge_that_learnt_one_sentence_finds_the_others_unlikely() -> None:
    judges = Judges(TEXTS)
    assert judges.reverse(TEXTS[:1] * 4, TEXTS) > judges.reverse(TEXTS, TEXTS)
