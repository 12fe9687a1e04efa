"""What the histories of two workers are made of, and what must happen in them.

Some stand twice, so that they are drawn more often.
"""

from hypothesis import strategies as st

from tests.worker.mortals import Job
from tests.worker.worker_world import Fault
from worker import failpoints

FAULTS: list[Fault] = ["lost", "dead", 422, 429, 500, 503]
OUTAGE: tuple[Fault, ...] = (503,) * 99
AT_THE_DESK = [
    name
    for name in failpoints.FAILPOINTS
    if name.startswith(("decisions.", "publication.", "outcome.", "publicity."))
]
BEFORE_THE_DESK = [name for name in failpoints.FAILPOINTS if name not in AT_THE_DESK]
DESK_DOORS = ("publish", "publish", "decisions", "mark")
STEPS = ("songs", "generate", "drafts")  # where a post may be to blame
CYCLE_DOORS = ("timeline", "mentions", "songs", "generate", "drafts", "reception")
BETWEEN: list[tuple[Job, str]] = [
    *(("desk", door) for door in ("decisions", "mark", "publish", "publish")),
    *(("cycle", door) for door in ("timeline", "songs", "generate", "drafts")),
]
EVENTS = {  # what must happen, or the histories show nothing
    "cycle: something done",
    "desk: something done",
    "cycle: another's cycle came between",
    "desk: another's desk came between",
    "cycle: died",
    "desk: died",
    "publish: lost",
    "publish: 503",
    "published",
    "approved",
    "approved, edited",
    "rejected",
    "undecided",
    "pause",
    "made at the desk, approved",
    "made at the desk, published",
    "the clock is set back",
    "the clock jumps ahead",
}

failures = (  # None: an outage
    st.lists(st.sampled_from(FAULTS), max_size=2) | st.just(["lost"]) | st.none()
)
passing = st.sampled_from([1, 20, 1000, 90_000, -30, -4000])
workers = st.sampled_from(["ada", "ada", "bob"])
jobs: st.SearchStrategy[Job] = st.sampled_from(["cycle", "desk"])
