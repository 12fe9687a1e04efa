"""Places where the worker can be told to die, so that tests can visit every one of them.

`DEEPHYPEBOT_FAILPOINT=draft.stored` ends the process, as SIGKILL would, when it first reaches
that place; `draft.stored@3` when it does so for the third time. Names that end in `-ing` lie
inside a transaction, the others between two steps.
"""

import os
from collections import Counter

VARIABLE = "DEEPHYPEBOT_FAILPOINT"

FAILPOINTS = (
    "posts.read",  # the timeline has answered, nothing is stored
    "posts.storing",  # posts inserted, cursor not moved
    "posts.stored",
    "mentions.read",  # the gateway has answered, nothing is stored
    "mentions.storing",  # mentions inserted, neither asked for yet nor the cursor moved
    "mentions.stored",
    "songs.storing",  # some parsed posts moved, others not
    "songs.stored",
    "catalogue.answered",
    "catalogue.stored",
    "writer.answered",
    "drafts.storing",  # drafts inserted, post not moved
    "drafts.stored",
    "desk.answered",  # the curator's desk has the drafts, the worker has not noted it
    "desk.stored",
    "texts.forgotten",  # the desk has wiped what posts said, the worker has not
    "texts.wiping",  # some posts wiped, others not
    "texts.wiped",
    "decisions.read",
    "decisions.storing",  # decisions and outbox rows inserted, cursor not moved
    "decisions.stored",
    "publication.announced",  # the desk shows it as scheduled, decisions are not read yet
    "publication.claimed",  # stored as sending, not sent
    "publication.answered",  # the platform has it, the worker has not noted it
    "publication.stored",
    "commands.read",  # the gateway has told what people ask, nothing is done
    "commands.storing",  # one is acted on, its number not kept
    "commands.stored",
    "outcome.shown",  # the curator sees it, the worker has not noted it
    "outcome.stored",
    "publicity.shown",  # the curator sees what was published, the worker has not noted it
    "publicity.stored",
    "reception.read",  # the gateway has answered, nothing is stored
    "reception.stored",
)

_reached: Counter[str] = Counter()


def reach(name: str) -> None:
    """Die here, if the environment says so."""
    if name not in FAILPOINTS:
        message = f"'{name}' is not listed in FAILPOINTS"
        raise LookupError(message)
    wanted, _, count = os.environ.get(VARIABLE, "").partition("@")
    if wanted != name:
        return
    _reached[name] += 1
    if _reached[name] == int(count or 1):
        os._exit(137)
