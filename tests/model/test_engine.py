from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace

import pytest
import torch

from model.advance import advance
from model.cvae import CVAE
from model.engine import Decoded, Engine, Job
from model.tokenizer import BOS, EOS


def _jobs(cvae: CVAE, count: int, **settings: float) -> list[Job]:
    generator = torch.Generator().manual_seed(5)
    z = torch.randn(count, cvae.config.latent, generator=generator)
    a = torch.randn(count, cvae.config.condition, generator=generator)
    defaults = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, **settings}
    return [
        Job(
            z[i],
            a[i],
            seed=100 + i,
            temperature=defaults["temperature"],
            top_k=int(defaults["top_k"]),
            top_p=defaults["top_p"],
            longest=20,
        )
        for i in range(count)
    ]


@pytest.mark.parametrize(
    "settings", [{}, {"temperature": 0.6, "top_p": 0.8}, {"top_k": 5}, {"temperature": 0.0}]
)
def test_log_probs_are_those_of_scoring_the_row_again(
    cvae: CVAE, settings: dict[str, float]
) -> None:
    jobs = _jobs(cvae, 7, **settings)
    for job, row in zip(jobs, Engine(cvae).decode(jobs), strict=True):
        ending = [EOS] if row.ended else []
        sentence = torch.tensor([[BOS, *row.ids, *ending]])
        again = -cvae.token_nll(sentence, job.z[None], job.a[None])[0]
        assert torch.allclose(torch.tensor(row.log_probs), again, atol=1e-4)


@pytest.mark.parametrize("settings", [{}, {"temperature": 0.8, "top_p": 0.9}])
def test_a_row_is_the_same_bit_by_bit_alone_in_a_batch_and_again(
    cvae: CVAE, settings: dict[str, float]
) -> None:
    jobs = _jobs(cvae, 64, **settings)
    engine = Engine(cvae)
    together = engine.decode(jobs)
    assert engine.decode(jobs) == together
    assert [engine.decode([job])[0] for job in jobs[::7]] == together[::7]
    assert engine.decode(jobs[::-1]) == together[::-1]


def test_a_row_does_not_notice_rows_with_other_settings(cvae: CVAE) -> None:
    free, limited = _jobs(cvae, 3), _jobs(cvae, 6, temperature=0.7, top_k=9, top_p=0.9)[3:]
    engine = Engine(cvae)
    assert engine.decode([*free, *limited]) == [*engine.decode(free), *engine.decode(limited)]


def test_rows_admitted_later_decode_as_if_alone(cvae: CVAE) -> None:
    jobs = _jobs(cvae, 5)
    alone = Engine(cvae).decode(jobs)
    engine, finished = Engine(cvae), dict[int, Decoded]()
    tickets = engine.admit(jobs[:2])
    for _ in range(3):
        finished |= engine.step()
    tickets += engine.admit(jobs[2:])
    while engine.active:
        finished |= engine.step()
    assert [finished[ticket] for ticket in tickets] == alone


def test_cancelled_rows_are_not_decoded_any_further(cvae: CVAE) -> None:
    jobs = _jobs(cvae, 4)
    alone = Engine(cvae).decode(jobs)
    engine, finished = Engine(cvae), dict[int, Decoded]()
    tickets = engine.admit(jobs)
    engine.cancel([tickets[1], 999])
    while engine.active:
        finished |= engine.step()
    assert finished == {tickets[i]: alone[i] for i in (0, 2, 3)}


def test_forbidden_pieces_and_controls_are_never_said(cvae: CVAE) -> None:
    jobs = _jobs(cvae, 40)
    said = {i for row in Engine(cvae).decode(jobs) for i in row.ids}
    banned = tuple(sorted(said)[:20])
    jobs = [Job(job.z, job.a, job.seed, longest=20, forbidden=banned) for job in jobs]
    said = {i for row in Engine(cvae).decode(jobs) for i in row.ids}
    assert not said & {*banned, 0, BOS, EOS}


def test_rows_that_may_be_longer_or_forbid_more_may_join(cvae: CVAE) -> None:
    short, long = _jobs(cvae, 2)
    long = replace(long, forbidden=tuple(range(50, 90)), longest=40)
    alone = [*Engine(cvae).decode([short]), *Engine(cvae).decode([long])]
    engine = Engine(cvae)
    first = engine.admit([short])
    finished = engine.step()
    last = engine.admit([long])
    while engine.active:
        finished |= engine.step()
    assert [finished[ticket] for ticket in (*first, *last)] == alone


def test_a_sentence_is_read_with_the_models_own_log_probabilities(cvae: CVAE) -> None:
    said = [(7, 8, 9, 10, 11), (30, 31), (12, 50, 60, 61, 62, 63, 64, 65), (9,)]
    jobs = [replace(job, said=ids) for job, ids in zip(_jobs(cvae, 4), said, strict=True)]
    for job, ids, row in zip(jobs, said, Engine(cvae).decode(jobs), strict=True):
        with torch.no_grad():
            sentence = torch.tensor([[BOS, *ids, EOS]])
            nats = cvae.token_nll(sentence, job.z[None], job.a[None])[0]
        assert row.ids == ids
        assert row.ended
        assert torch.allclose(torch.tensor(row.log_probs), -nats, atol=1e-5)


def test_reading_what_was_drawn_gives_its_log_probabilities_bit_by_bit(cvae: CVAE) -> None:
    jobs, engine = _jobs(cvae, 30, temperature=0.7, top_p=0.9), Engine(cvae)
    drawn = engine.decode(jobs)
    reading = [replace(job, said=row.ids) for job, row in zip(jobs, drawn, strict=True)]
    both = [job for pair in zip(jobs, reading, strict=True) for job in pair]
    mixed = engine.decode(both)
    assert mixed[::2] == drawn
    pairs = [(row, read) for row, read in zip(drawn, mixed[1::2], strict=True) if row.ended]
    assert pairs
    for row, read in pairs:
        assert read == row
        assert torch.equal(read.state, row.state)


def test_the_state_is_the_mean_over_the_sentence_bit_by_bit_in_any_company(cvae: CVAE) -> None:
    jobs = [replace(job, said=tuple(range(5, 6 + i % 9))) for i, job in enumerate(_jobs(cvae, 90))]
    engine = Engine(cvae)
    together = engine.decode(jobs)
    for i in (0, 13, 66, 89):
        assert torch.equal(engine.decode([jobs[i]])[0].state, together[i].state)
    job, row = jobs[8], together[8]
    context = torch.cat([job.z, job.a])[None]
    hidden, cell = cvae.initial_state(context)
    total = torch.zeros(cvae.config.decoder)
    with torch.no_grad():
        for token in (BOS, *row.ids):
            inputs = torch.cat([cvae.embedding.weight[token], context[0]])[None, None]
            states, (hidden, cell) = cvae.decoder(
                inputs, (hidden.view(1, 1, -1), cell.view(1, 1, -1))
            )
            total += states[0, 0]
    assert torch.allclose(row.state, total / (len(row.ids) + 1), atol=1e-5)


def test_more_rows_than_slots_are_decoded_as_slots_become_free(cvae: CVAE) -> None:
    jobs = _jobs(cvae, 40)
    assert Engine(cvae, slots=3).decode(jobs) == Engine(cvae).decode(jobs)
    with pytest.raises(ValueError, match="do not fit"):
        Engine(cvae, slots=3).admit(jobs)


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16, torch.int8])
def test_low_precision_keeps_every_promise_and_comes_close(
    cvae: CVAE, precision: torch.dtype
) -> None:
    jobs = _jobs(cvae, 64, temperature=0.8, top_p=0.9)
    engine = Engine(cvae, precision)
    together = engine.decode(jobs)
    assert [engine.decode([job])[0] for job in jobs[::9]] == together[::9]
    for job, row in zip(jobs, together, strict=True):
        ending = [EOS] if row.ended else []
        with torch.no_grad():
            sentence = torch.tensor([[BOS, *row.ids, *ending]])
            exact = -cvae.token_nll(sentence, job.z[None], job.a[None])[0]
        assert torch.allclose(torch.tensor(row.log_probs), exact, atol=0.05)


def test_every_piece_decoded_is_counted(cvae: CVAE) -> None:
    engine = Engine(cvae)
    rows = engine.decode(_jobs(cvae, 9))
    assert engine.decoded == sum(len(row.log_probs) for row in rows)


def test_a_row_stops_at_its_longest(cvae: CVAE) -> None:
    job = _jobs(cvae, 1)[0]
    row = Engine(cvae).decode([Job(job.z, job.a, 1, longest=4, forbidden=(EOS,))])[0]
    assert len(row.ids) == len(row.log_probs) == 4
    assert not row.ended


def test_nothing_to_decode_is_no_work(cvae: CVAE) -> None:
    engine = Engine(cvae)
    assert engine.decode([]) == []
    assert engine.step() == {}


MIXED: tuple[dict[str, float], ...] = (
    {},
    {"temperature": 0.8, "top_p": 0.9},
    {"top_k": 5},
    {"temperature": 0.0},
)


def _mixed(cvae: CVAE, read: Sequence[Decoded]) -> list[Job]:
    """Rows of every kind."""
    drawn = [job for settings in MIXED for job in _jobs(cvae, 11, **settings)]
    return [*drawn, *(replace(drawn[i], said=row.ids) for i, row in enumerate(read))]


def test_what_is_recorded_for_a_gpu_does_the_same_with_slots_that_are_not_in_use(
    cvae: CVAE, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = _mixed(cvae, Engine(cvae).decode(_jobs(cvae, 20)))
    expected = Engine(cvae).decode(jobs)
    wide = Engine(cvae, slots=48)
    monkeypatch.setattr(
        wide,
        "_advance",
        lambda count, kinds: advance(wide.steps, wide._rows.first(48), kinds, everywhere=True)[
            :count
        ],
    )
    assert wide.decode(jobs) == expected
    assert wide.decode(jobs[:1]) == expected[:1]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_a_gpu_keeps_the_promises(cvae: CVAE, precision: torch.dtype) -> None:
    cvae = deepcopy(cvae).cuda()
    engine = Engine(cvae, precision, slots=96)
    drawn = [job for settings in MIXED for job in _jobs(cvae, 50, **settings)]
    together = engine.decode(drawn)
    assert engine.decode(drawn) == together
    assert engine.decode(drawn[::-1]) == together[::-1]
    assert [engine.decode([job])[0] for job in drawn[::7]] == together[::7]
    reading = [replace(job, said=row.ids) for job, row in zip(drawn, together, strict=True)]
    for before, after in zip(together, engine.decode(reading), strict=True):
        assert after.log_probs[: len(before.log_probs)] == before.log_probs
