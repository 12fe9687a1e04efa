from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch

from model.composing import Composer, Composition, Task
from model.cvae import CVAE
from model.engine import Decoded, Engine, Job


@pytest.fixture
def engine(cvae: CVAE) -> Engine:
    return Engine(cvae, slots=8)


@pytest.fixture
def composer(engine: Engine) -> Composer:
    return Composer(engine)


def _jobs(cvae: CVAE, count: int, first: int = 0) -> list[Job]:
    generator = torch.Generator().manual_seed(5)
    z, a = torch.randn(cvae.config.latent, generator=generator), torch.zeros(cvae.config.condition)
    return [Job(z, a, seed=first + i, longest=12) for i in range(count)]


def _rounds(*rounds: Sequence[Job]) -> Composition[list[list[Decoded]]]:
    done: list[list[Decoded]] = []
    for jobs in rounds:
        decoded = yield jobs
        done.append(list(decoded))
    return done


def _failing(jobs: Sequence[Job]) -> Composition[None]:
    yield jobs
    raise ZeroDivisionError


def _drive(composer: Composer) -> Iterator[Any]:
    while composer.busy:
        yield from composer.step()


def test_each_composition_gets_what_the_engine_makes_of_its_own_jobs(
    cvae: CVAE, composer: Composer
) -> None:
    alone = Engine(cvae)
    rounds = [[_jobs(cvae, 3, 10 * i), [], _jobs(cvae, 20, 100 * i)] for i in range(5)]
    results = composer.finish([_rounds(*each) for each in rounds])
    assert results == [[alone.decode(jobs) for jobs in each] for each in rounds]
    assert not composer.busy


def test_a_composition_without_jobs_ends_by_itself(composer: Composer) -> None:
    assert composer.finish([_rounds(), _rounds([])]) == [[], [[]]]


def test_a_composition_that_fails_fails_alone(cvae: CVAE, composer: Composer) -> None:
    good = [composer.start(_rounds(_jobs(cvae, 3, i))) for i in (0, 50)]
    bad = composer.start(_failing(_jobs(cvae, 2, 90)))
    ended = list(_drive(composer))
    assert {*ended} == {*good, bad}
    with pytest.raises(ZeroDivisionError):
        bad.result()
    assert [len(task.result()[0]) for task in good] == [3, 3]


@pytest.mark.parametrize("place", [0, 2])
def test_a_row_that_the_engine_cannot_take_in_fails_its_own_composition(
    cvae: CVAE, composer: Composer, place: int
) -> None:
    good = composer.start(_rounds(_jobs(cvae, 5)))
    jobs = _jobs(cvae, 3, 50)
    jobs[place] = replace(jobs[place], z=torch.zeros(3))
    bad = composer.start(_rounds(jobs))
    assert {*_drive(composer)} == {good, bad}
    with pytest.raises(RuntimeError):
        bad.result()
    assert good.result() == [Engine(cvae).decode(_jobs(cvae, 5))]


def test_a_row_that_makes_a_step_fail_fails_its_own_composition(
    cvae: CVAE, composer: Composer
) -> None:
    good = [composer.start(_rounds(_jobs(cvae, 3, i))) for i in (0, 50)]
    for _ in range(2):
        composer.step()
    beyond = replace(_jobs(cvae, 1)[0], forbidden=(10**6,))
    bad = composer.start(_rounds([beyond]))
    later = composer.start(_rounds(_jobs(cvae, 2, 70)))
    assert {*_drive(composer)} == {*good, bad, later}
    with pytest.raises((RuntimeError, IndexError)):
        bad.result()
    for task, first in zip(good, (0, 50), strict=True):
        assert task.result() == [Engine(cvae).decode(_jobs(cvae, 3, first))]
    assert later.result() == [Engine(cvae).decode(_jobs(cvae, 2, 70))]


def test_numbers_that_are_none_harm_nobody_else(cvae: CVAE, composer: Composer) -> None:
    lost = replace(_jobs(cvae, 1)[0], z=torch.full((cvae.config.latent,), torch.nan))
    good, _ = composer.finish([_rounds(_jobs(cvae, 3)), _rounds([lost])])
    assert good == [Engine(cvae).decode(_jobs(cvae, 3))]


def test_a_cancelled_task_is_not_decoded_any_further(
    cvae: CVAE, engine: Engine, composer: Composer
) -> None:
    closed = []

    def composition() -> Composition[None]:
        try:
            yield _jobs(cvae, 100)
        finally:
            closed.append(True)

    task, other = composer.start(composition()), composer.start(_rounds(_jobs(cvae, 2, 200)))
    composer.step()
    composer.cancel(task)
    composer.cancel(task)
    assert closed == [True]
    assert composer.waiting == 0
    assert engine.active <= 2
    assert list(_drive(composer)) == [other]


def _staggered(cvae: CVAE, count: int) -> list[Job]:
    """Rows of which, after the first slots, one leaves at a time."""
    rows = [replace(job, said=tuple(range(5, 12))) for job in _jobs(cvae, count)]
    first = [replace(job, said=tuple(range(5, 5 + i))) for i, job in enumerate(rows[:8])]
    return first + rows[8:]


def _steps_until(task: Task[Any], composer: Composer) -> int:
    steps = 0
    while not task.ended:
        composer.step()
        steps += 1
    return steps


def test_a_few_rows_are_not_held_up_by_hundreds(cvae: CVAE, composer: Composer) -> None:
    composer.start(_rounds(_staggered(cvae, 400)))
    for _ in range(20):
        composer.step()
    small = composer.start(_rounds(_jobs(cvae, 1, 900)))
    assert _steps_until(small, composer) <= 2 + 12, "until its turn, and until its row ends"


def test_many_tasks_of_one_owner_get_what_one_caller_gets(cvae: CVAE, composer: Composer) -> None:
    class Owner:
        pass

    owner = Owner()
    for _ in range(40):
        composer.start(_rounds(_staggered(cvae, 9)), owner)
    for _ in range(20):
        composer.step()
    small = composer.start(_rounds(_jobs(cvae, 1, 900)))
    assert _steps_until(small, composer) <= 2 + 12
    assert composer.callers == 1


def test_the_first_task_never_waits_for_a_stream_of_small_ones(
    cvae: CVAE, composer: Composer
) -> None:
    first = composer.start(_rounds(_jobs(cvae, 40)))
    for step in range(400):
        if first.ended:
            return
        composer.start(_rounds(_jobs(cvae, 2, 1000 + 2 * step)))
        composer.step()
    pytest.fail("small tasks kept the first one from its slots")
