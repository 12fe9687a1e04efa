import numpy as np
import pytest
import torch

from model.evaluation.bias import WORDS, bias
from model.evaluation.bleu import corpus_bleu, self_bleu
from model.evaluation.copying import TrainingText, copying
from model.evaluation.distribution import frechet, frontier
from model.evaluation.diversity import distinct, diversity, loops
from model.evaluation.latent import aggregated_posterior, edits
from model.evaluation.served import (
    ServedSentence,
    cleanliness,
    evenly,
    requests,
    stutters,
    template,
)
from model.novelty import CopyIndex
from model.prior import Prior
from model.request import Request
from model.slots import Song, fill

TRAIN = ["The slow bass warms the cold room until the lamps go out.", "A flute hums."]


def test_bleu_is_one_for_the_reference_and_less_for_less() -> None:
    reference = ["a", "slow", "bass", "warms", "the", "room"]
    assert corpus_bleu([reference], [reference]) == pytest.approx(1.0)
    near = ["a", "slow", "bass", "warms", "the", "street"]
    # 5 of 6 words, 4 of 5 pairs, 3 of 4, 2 of 3: the geometric mean.
    expected = (5 / 6 * 4 / 5 * 3 / 4 * 2 / 3) ** 0.25
    assert corpus_bleu([near], [reference]) == pytest.approx(expected)


def test_bleu_charges_for_what_was_left_out() -> None:
    reference = ["a", "slow", "bass", "warms", "the", "room"]
    assert corpus_bleu([reference[:5]], [reference]) == pytest.approx(np.exp(1 - 6 / 5))


def test_self_bleu_is_one_for_the_same_and_small_for_strangers() -> None:
    same = [["a", "b", "c", "d", "e"]] * 3
    assert self_bleu(same) == pytest.approx(1.0)
    assert self_bleu([["a", "b", "c", "d"], ["e", "f", "g", "h"]]) < 0.1


def test_a_sentence_is_no_reference_for_itself() -> None:
    twice = [["a", "b", "c", "d", "a", "b", "c", "d"], ["a", "b", "c", "d", "e", "f", "g", "h"]]
    # Its own second "a b c d" may not be matched by itself.
    assert self_bleu(twice) < 0.8


def test_distinct_n_counts_each_run_once() -> None:
    assert distinct([list("abab"), list("ab")], 2) == pytest.approx(2 / 4)
    assert distinct([], 2) == 0.0


def test_every_column_is_read_to_the_same_number() -> None:
    rows = diversity({"held_out": ["a b c d e"], "after": ["a b c d e", "a b c d e"]})
    assert rows["distinct_1"] == {"held_out": 1.0, "after": 1.0}


def test_loops_and_stutters_are_told_apart() -> None:
    assert loops(["on", "the", "hill", "and", "on", "the", "hill"])
    assert not loops(["on", "the", "hill", "and", "on", "a", "hill"])
    assert stutters("The the bass")
    assert not stutters("The bass the bass")


def test_the_longest_run_is_found_and_stays_in_one_sentence() -> None:
    train = TrainingText(TRAIN)
    texts = ["Bass warms the cold sea", "Go out a flute hums", "Nothing whatever", ""]
    assert train.longest_runs(texts).tolist() == [4, 3, 0, 0]


def test_copying_stands_beside_the_held_out_value() -> None:
    columns = {"held_out": ["Bass warms the cold sea tonight"], "after": [TRAIN[0]]}
    rows = copying(TrainingText(TRAIN), columns)
    assert rows["copied_4_grams"] == {"held_out": pytest.approx(1 / 3), "after": 1.0}
    assert rows["copied_4_grams_above_held_out"] == {"after": pytest.approx(2 / 3)}
    assert rows["quoting_8_words"] == {"held_out": 0.0, "after": 1.0}
    assert rows["exact_sentences"] == {"held_out": 0.0, "after": 1.0}


def test_bias_counts_words_per_thousand_sentences() -> None:
    rows = bias({"after": ["She sings to her king.", "A bass hums."]})
    assert rows["pronouns_she"]["after"] == 1000.0
    assert rows["words_male"]["after"] == 500.0
    assert rows["places_africa"]["after"] == 0.0


def test_no_word_is_counted_twice() -> None:
    counted = [word for some in WORDS.values() for word in some]
    assert len(counted) == len(set(counted))
    assert all(word == word.lower() for word in counted)


def test_labels_come_in_turn() -> None:
    labels = [str(i) for i in range(12)]
    assert sorted(evenly(labels, 24)) == sorted(labels * 2)
    assert evenly(["one"], 3) == ["one"] * 3


def test_a_user_who_changes_nothing_is_served_five_sentences() -> None:
    asked = requests(["folk", "metal"], 12, seed=3)
    assert len(asked) == 3
    assert {one.num_samples for one in asked} == {Request().num_samples}
    assert len({one.seed for one in asked}) == 3


def test_names_are_taken_out_as_they_were_put_in() -> None:
    text = "The voice of {artist} warms {title}."
    asked = requests(["folk"], 1, seed=0)[0]
    filled = fill(text, Song(asked.artist, asked.title))
    assert filled != text
    assert template(filled) == text


def _served(text: str) -> ServedSentence:
    return ServedSentence("folk", 1, text, text, 0.5)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("The bass hums \ufffd low.", "unreadable"),
        ("The UNK hums low.", "unreadable"),
        ("The voice of {artist} hums.", "unfilled_slots"),
        ("The the bass hums.", "immediate_repeats"),
        ("The bass is shit.", "blocked_words"),
        (TRAIN[0], "quotations"),
    ],
)
def test_a_fault_is_counted_under_its_name(text: str, fault: str) -> None:
    rows = cleanliness([_served(text), _served("A calm sea.")], CopyIndex.of(TRAIN), asked=3)
    faults = {
        name for name in rows if rows[name]["served"] and name not in ("asked_for", "written")
    }
    assert faults == {fault, "properly_ended", "unique"}


def test_endings_and_doubles_are_shares() -> None:
    texts = ["A calm sea.", "A calm sea.", 'It says "so."', "And then"]
    rows = cleanliness([_served(text) for text in texts], CopyIndex.of(TRAIN), asked=4)
    assert rows["properly_ended"]["served"] == 0.75
    assert rows["unique"]["served"] == 0.75


def test_edits_are_of_words() -> None:
    assert edits("a slow bass", "a bass") == 1
    assert edits("", "two words") == 2
    assert edits("the bass hums", "the flute sings") == 2


def test_the_frechet_distance_of_gaussians_is_the_closed_form() -> None:
    random = np.random.default_rng(0)
    p = random.standard_normal((4000, 2))
    assert frechet(p, p) == pytest.approx(0.0, abs=1e-9)
    # Means 3 apart, deviations 1 and 2 in one dimension: 9 + (2 - 1)^2.
    q = p * [2.0, 1.0] + [0.0, 3.0]
    assert frechet(p, q) == pytest.approx(10.0, rel=0.05)


def test_the_frontier_falls_from_the_same_to_strangers() -> None:
    random = np.random.default_rng(0)
    p, q = random.standard_normal((2, 400, 3))
    near, far = frontier(p, q, seed=0), frontier(p, q + 9.0, seed=0)
    assert frontier(p, p, seed=0) == pytest.approx(1.0)
    assert far < 0.1
    assert near > 0.7


def test_a_probe_tells_codes_off_a_prior_from_it_and_no_others() -> None:
    codes = 3.0 + torch.randn(1000, 3, generator=torch.Generator().manual_seed(5))
    fitted = Prior(torch.full((3,), 3.0), torch.eye(3))
    areas = aggregated_posterior(codes, fitted, seed=1)["posterior_probe_auc"]
    assert areas["standard_normal"] > 0.95
    assert areas["writers_prior"] < 0.6
