import re
import time
from dataclasses import replace

import pytest

from model.blocklist import standard
from model.bundle import Bundle, Serving
from model.corpus.lines import words
from model.drafting import Drafter
from model.errors import RequestError
from model.novelty import CopyIndex
from model.ranking import Draft, alike, choose, distinct, echoes, is_sentence, meaning, repeats
from model.request import Request
from model.writer import Writer


@pytest.fixture(scope="module")
def writer() -> Writer:
    """The writer that ships."""
    return Writer.load()


def _draft(index: int, text: str, log_prob: float = -2.0) -> Draft:
    return Draft(
        index,
        text,
        log_prob,
        topic=0.5,
        topics=(0.5, 0.5),
        sense=3.0,
        delight=3.0,
        novelty=1.0,
        genre=0.0,
        family=0.0,
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("num_samples", 0),
        ("num_samples", 101),
        ("temperature", -0.1),
        ("temperature", float("nan")),
        ("top_p", 0.0),
        ("top_k", -1),
        ("seed", -1),
        ("seed", 2**63),
        ("strength", 2.1),
        ("candidates", 3),
        ("genres", ("x" * 201,)),
        ("genres", ("pop",) * 101),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(RequestError, match=r"must be between"):
        Request(**{"genres": ("pop",), field: value})  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize(
    "text",
    [
        "The bass hums low under a bright guitar.",
        'On "Zero" the drums take their time, and so do we.',
        "{artist} lets the last chord ring, does it not?",
        "An honest hour with a useful one-chord tune.",
    ],
)
def test_good_sentences_pass(text: str) -> None:
    assert is_sentence(text)


@pytest.mark.parametrize(
    "text",
    [
        "the bass hums low under a bright guitar.",
        "The bass hums low under a bright guitar",
        "The bass hums low under a bright the.",
        "The bass hums hums low under a guitar.",
        "The bass hums , low under a bright guitar.",
        'The bass of "Zero hums low under a guitar.',
        "Too short.",
        "The bass hums low under a old guitar.",
        "The bass hums low under an bright guitar.",
        "The bass and the beat and the bass and the beat go round.",
    ],
)
def test_poor_sentences_do_not(text: str) -> None:
    assert not is_sentence(text)


def test_repeats_are_found() -> None:
    assert repeats(["round", "round"])
    assert repeats(["on", "the", "floor", "and", "on", "the", "floor"])
    assert not repeats(["on", "the", "floor", "and", "by", "the", "door"])


def test_drafts_that_say_the_same_are_told_apart() -> None:
    one, two = "Warm keys fill the quiet room.", "Warm keys fill the empty room."
    other = "Nobody leaves before the last drum."
    assert alike(meaning(one), meaning(two)) > 0.5
    assert alike(meaning(one), meaning(other)) < 0.5
    drafts = [_draft(0, one, -1.0), _draft(1, two, -1.1), _draft(2, other, -3.0)]
    assert [draft.index for draft in distinct(drafts)] == [0, 2]
    assert [draft.index for draft in choose(drafts, 2)] == [0, 2]
    assert [draft.index for draft in choose(drafts, 3)] == [0, 2, 1]


def test_drafts_that_open_alike_stand_back() -> None:
    drafts = [
        _draft(0, "Slow drums fill the quiet room.", -1.0),
        _draft(1, "Slow drums wake nobody at all.", -1.1),
        _draft(2, "Nobody leaves before the last bell.", -3.0),
    ]
    assert [draft.index for draft in choose(drafts, 3)] == [0, 2, 1]


def test_the_same_words_never_fill_an_answer_up() -> None:
    assert len(choose([_draft(0, "One two."), _draft(1, "One two.")], 2)) == 1


def test_a_word_that_nobody_used_is_found_out() -> None:
    index = CopyIndex.of(["the fuzzy drums", "lo-fi keys, don't they"])
    assert not index.coins("Don't the lo-fi drums?")
    assert index.coins("The fazy drums.")


def test_copying_is_measured_in_runs_of_words() -> None:
    index = CopyIndex.of(["one two three four five six seven eight nine"])
    assert index.novelty("One two three four, ten eleven twelve thirteen.") == pytest.approx(0.8)
    assert index.quotes("And one two three four five six seven eight!")
    assert not index.quotes("And one two three four five six seven, ate.")
    assert index.quotes("Two three four five six.")


def test_a_writer_without_training_is_asked_in_vain_and_says_so_by_a_short_answer(
    bundle: Bundle,
) -> None:
    result = Writer(bundle).write([Request(genres=("folk",), num_samples=2, seed=1)])[0]
    assert len(result.samples) <= 2


def test_every_voice_is_asked_for_every_slot(bundle: Bundle) -> None:
    request = Request(genres=("folk",), artist="Low", title="Words")
    voiced = replace(bundle, serving=Serving(registers=("plain", "plain", "florid")))
    plan = Drafter(voiced).plan(request, seed=1)
    asked = {tuple(plan.condition(number).tolist()) for number in range(12)}
    assert len(asked) == len(plan.conditions) == 6


def test_same_seed_same_text_alone_in_any_batch_and_again(writer: Writer) -> None:
    request = Request(genres=("dream pop",), seed=7, artist="Low", title="Words")
    others = [Request(genres=(genre,), seed=i) for i, genre in enumerate(writer.facts.genres[:9])]
    alone = writer.write([request])[0]
    assert writer.write([request])[0] == alone
    assert writer.write([*others, request])[-1] == alone
    assert writer.write([request, *others[::-1]])[0] == alone


def test_other_seeds_give_other_text(writer: Writer) -> None:
    one, two = writer.write([Request(genres=("folk",), seed=seed) for seed in (1, 2)])
    assert not {s.text for s in one.samples} & {s.text for s in two.samples}


def test_without_a_seed_one_is_drawn_and_reported(writer: Writer) -> None:
    first = writer.write([Request(genres=("folk",), num_samples=2)])[0]
    again = writer.write([Request(genres=("folk",), num_samples=2, seed=first.seed)])[0]
    assert again == first


def test_two_hundred_sentences_are_fit_to_be_shown(writer: Writer) -> None:
    requests = [
        Request(
            genres=(genre,),
            seed=i,
            artist="Duran Duran" if i % 2 else None,
            title="Help!" if i % 3 else None,
        )
        for i, genre in enumerate(writer.facts.genres[:160:4])
    ]
    texts = [sample.text for result in writer.write(requests) for sample in result.samples]
    assert len(texts) == 200
    assert len(set(texts)) >= 198
    bare = [text.replace("Duran Duran", "Name").replace('"Help!"', "Title") for text in texts]
    for text in bare:
        assert "{" not in text
        assert re.search(r'[.!?]"?$', text)
        assert not repeats(re.findall(r"[\w'-]+", text.lower()))


def test_no_blocked_word_and_no_quotation_is_shown(writer: Writer) -> None:
    results = writer.write([Request(genres=("punk",), num_samples=20, seed=3)])
    index, blocked = writer._bundle.copies, standard()
    for sample in results[0].samples:
        assert blocked.found(sample.text) is None
        assert not index.quotes(sample.text)


def test_names_are_used_where_given_and_missing_where_not(writer: Writer) -> None:
    named, bare = writer.write(
        [
            Request(genres=("pop",), num_samples=8, seed=1, artist="Low", title="Words"),
            Request(genres=("pop",), num_samples=8, seed=1),
        ]
    )
    assert sum("Low" in s.text or '"Words"' in s.text for s in named.samples) >= 3
    assert not any("Low" in s.text or "Words" in s.text for s in bare.samples)


def test_several_artists_are_not_put_beside_verbs_of_one(writer: Writer) -> None:
    joint = "Queen and David Bowie"
    request = Request(genres=("pop",), num_samples=8, seed=1, artist=joint, title="Words")
    texts = [sample.text for sample in writer.write([request])[0].samples]
    assert not any(joint in text for text in texts)
    assert any('"Words"' in text for text in texts)


@pytest.mark.parametrize(
    "name", ["{artist}{title}", "x" * 10_000, "\u202eevil\x00", "<script>", "   ", "shit", "猫 猫"]
)
def test_hostile_names_still_get_an_answer(writer: Writer, name: str) -> None:
    request = Request(genres=("pop",), num_samples=3, seed=1, artist=name, title=name)
    samples = writer.write([request])[0].samples
    assert len(samples) == 3
    assert all(len(sample.text) < 600 and "shit" not in sample.text for sample in samples)


def test_strength_zero_and_no_refining_are_the_same_text(writer: Writer) -> None:
    off = Request(genres=("techno",), seed=5, refine=False, include_unrefined=True)
    zero = Request(genres=("techno",), seed=5, strength=0.0, include_unrefined=True)
    one, two = writer.write([off, zero])
    assert one == two
    assert all(s.unrefined == s.text for s in one.samples)


def test_requests_of_different_strengths_are_written_as_if_alone(writer: Writer) -> None:
    requests = [
        Request(genres=("folk",), num_samples=1, candidates=8, seed=7, strength=strength)
        for strength in (0.0, 0.4, 1.0, 2.0)
    ]
    together = writer.write(requests)
    assert together == [writer.write([request])[0] for request in requests]
    assert len({result.samples[0].latent for result in together}) == len(requests)


def test_the_mixture_of_topics_is_that_of_each_text(writer: Writer) -> None:
    request = Request(
        genres=("techno",), num_samples=3, seed=5, include_unrefined=True, include_topics=True
    )
    (favoured,) = (topic.index for topic in writer.facts.topics if topic.favoured)
    for sample in writer.write([request])[0].samples:
        assert sample.topics is not None
        assert sample.topics[favoured] == sample.topic
        for mixture in filter(None, (sample.topics, sample.unrefined_topics)):
            assert len(mixture) == len(writer.facts.topics)
            assert sum(mixture) == pytest.approx(1.0, abs=1e-5)
        assert (sample.unrefined is None) == (sample.unrefined_topics is None)


def test_unrefined_twins_are_given_only_when_asked_for(writer: Writer) -> None:
    plain, twinned = writer.write(
        [
            Request(genres=("techno",), seed=5),
            Request(genres=("techno",), seed=5, include_unrefined=True),
        ]
    )
    assert all(s.unrefined is None for s in plain.samples)
    assert [s.text for s in plain.samples] == [s.text for s in twinned.samples]
    assert any(s.unrefined not in {None, s.text} for s in twinned.samples)


def test_genres_that_nobody_knows_still_get_text(writer: Writer) -> None:
    result = writer.write([Request(genres=("zzzzz",), seed=2)])[0]
    assert result.genres.unknown == ("zzzzz",)
    assert len(result.samples) == 5


def test_a_homotopy_has_its_steps_and_leads_somewhere(writer: Writer) -> None:
    line = writer.interpolate(
        "A slow guitar fills the room.", "The beat is loud and the crowd dances.", 5
    )
    assert len(line) == 5
    assert len(set(line)) > 1
    with pytest.raises(RequestError, match="steps"):
        writer.interpolate("a", "b", 1)


def test_an_empty_sentence_has_no_code(writer: Writer) -> None:
    with pytest.raises(RequestError, match="empty"):
        writer.reconstruct("  ")


def test_the_shipped_writer_loads_quickly() -> None:
    # Two seconds on an idle machine; the best of three, because this one may be busy.
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        Writer.load()
        seconds.append(time.perf_counter() - began)
    assert min(seconds) < 4.0


def test_topics_are_named_and_one_is_favoured(writer: Writer) -> None:
    assert sum(topic.favoured for topic in writer.facts.topics) == 1
    assert all(topic.name and len(topic.words) >= 5 for topic in writer.facts.topics)
    assert len(writer.facts.genres) >= 130


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Warm keys fill the quiet room.", 0),
        ("Warm keys fill the warm room.", 1),
        ("Gospel warmth warms the warm church.", 2),
        ("The voices skip over the skipping drum and the drums.", 2),
    ],
)
def test_words_of_one_family_echo_one_another(text: str, count: int) -> None:
    assert echoes(words(text)) == count


def test_claims_worn_phrases_and_dislike_cost_a_draft_its_place() -> None:
    plain = _draft(0, "Warm keys fill the quiet room.")
    heard = replace(plain, family=1.0)
    assert heard.score > plain.score
    claim = _draft(1, "The remix warms the quiet room.")
    worn, disliked = replace(plain, novelty=0.2), replace(plain, sense=2.0)
    dull = replace(plain, delight=2.0)
    assert plain.score > max(claim.score, worn.score, disliked.score, dull.score)


def test_the_kin_of_a_genre_are_the_labels_of_its_family() -> None:
    drafter = Drafter(Bundle.load())
    labels = Bundle.load().genres.labels

    def kin(*genres: str) -> set[str]:
        found = drafter.plan(Request(genres), seed=1).kin.tolist()
        return {label for label, is_kin in zip(labels, found, strict=True) if is_kin}

    assert {"techno", "deep house"} <= kin("techno")
    assert "bluegrass" not in kin("techno")
    assert kin("techno", "bluegrass") == kin("techno") | kin("bluegrass")
    assert not kin()
