"""The tables of moves, the store that keeps to them, and the page that draws them."""

import re
from collections.abc import Callable
from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest
from sqlalchemy import select

from services.common.database import reading, writing
from services.gateway.schemas import TimelinePage
from tests.worker.worker_world import START, World
from worker.failpoints import reach
from worker.states import (
    DRAFT,
    POST,
    PUBLICATION,
    DraftState,
    IllegalTransitionError,
    Machine,
    PostState,
    PublicationState,
)
from worker.states import (
    START as BEGIN,
)
from worker.store import Store
from worker.store.moves import LeaseLostError, enter, move
from worker.tables import post

FLOW = Path(__file__).parents[2] / "docs" / "flow.md"
SOURCE = Path(__file__).parents[2] / "worker"
MACHINES = {POST: PostState, DRAFT: DraftState, PUBLICATION: PublicationState}


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_the_page_draws_the_table(machine: Machine) -> None:
    drawn = re.findall(r"```mermaid\n(.*?)\n```", FLOW.read_text(encoding="utf-8"), re.DOTALL)
    assert machine.mermaid() in drawn
    assert len(drawn) == len(MACHINES)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_every_state_can_be_reached(machine: Machine) -> None:
    reached, before = {BEGIN}, 0
    while len(reached) > before:
        before = len(reached)
        reached |= {move.target for move in machine.moves if move.source in reached}
    assert reached - {BEGIN} == set(MACHINES[machine])


def test_the_store_refuses_every_move_that_the_table_lacks(store: Store, world: World) -> None:
    store.timeline.take(TimelinePage(posts=world.post("anything"), cursor="1"), START)
    held = {(move.source, move.target) for move in POST.moves}
    for source, target in product(PostState, PostState):
        if (source, target) in held:
            continue
        with writing(store.engine) as connection:
            connection.execute(post.update().values(state=source))
        with pytest.raises(IllegalTransitionError), writing(store.engine) as connection:
            move(connection, post, "x:1", to=target, now=START)
        with reading(store.engine) as connection:
            assert connection.scalar(select(post.c.state)) == source


def test_rows_begin_only_where_the_table_lets_them(store: Store) -> None:
    with pytest.raises(IllegalTransitionError), writing(store.engine) as connection:
        enter(connection, post, [{"state": PostState.DELIVERED}])


def test_whoever_lost_the_lease_stores_nothing(store: Store, world: World) -> None:
    store.timeline.take(TimelinePage(posts=world.post("anything"), cursor="1"), START)
    until = START + timedelta(seconds=5)
    claim: Callable[..., object] = store.posts.claim
    claim(PostState.STORED, 1, lease="a/1", now=START, until=until)
    later = until + timedelta(seconds=1)
    claim(PostState.STORED, 1, lease="b/1", now=later, until=later)
    with pytest.raises(LeaseLostError), writing(store.engine) as connection:
        move(connection, post, "x:1", to=PostState.SONG, now=later, held="a/1")


def test_states_are_written_in_one_place() -> None:
    """No other file of the store updates a state column."""
    others = (path for path in SOURCE.rglob("*.py") if path.name != "moves.py")
    writes = re.compile(r"\.values\([^)]*\bstate\s*=")
    tainted = [path.name for path in others if writes.search(path.read_text(encoding="utf-8"))]
    assert tainted == []


def test_a_failpoint_must_be_listed() -> None:
    with pytest.raises(LookupError, match="not listed"):
        reach("posts.forgotten")
