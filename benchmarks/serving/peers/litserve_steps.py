"""LitServe, its continuous-batching loop, which streams: here a whole sentence as one chunk."""

from collections import deque

import litserve
from litserve.loops.continuous_batching_loop import ContinuousBatchingLoop, Output
from litserve.utils import LitAPIStatus

from benchmarks.serving.contract import Answer
from benchmarks.serving.setting import HOST, PATIENCE_SECONDS, Setting
from benchmarks.serving.work import load_engine
from model.engine import Decoded


class Sentences(litserve.LitAPI):
    """Lets rows join and leave between two steps of the engine."""

    def setup(self, device: str) -> None:  # noqa: ARG002 - the signature is given
        self.engine, self.jobs = load_engine(Setting.read())
        self.waiting: deque[tuple[str, int]] = deque()
        self.rows: dict[int, tuple[str, int]] = {}  # by ticket: whose, and its seed

    def add_request(self, uid: str, request: Answer) -> None:
        # Called while `step` may be under way in another thread.
        self.waiting.append((uid, request["seed"]))

    def has_capacity(self) -> bool:
        return len(self.waiting) + len(self.rows) < self.engine.slots

    def has_active_requests(self) -> bool:
        return bool(self.waiting or self.rows)

    def step(self, _: list[Output] | None) -> list[Output]:
        """Decode until a row ends: the loop sleeps 10 ms after a step that has no output."""
        finished: dict[int, Decoded] = {}
        while not finished:
            self._admit()
            finished = self.engine.step()
        outputs = []
        for ticket, row in finished.items():
            uid, seed = self.rows.pop(ticket)
            outputs.append(Output(uid, {"seed": seed, "ids": row.ids}, LitAPIStatus.OK))
            outputs.append(Output(uid, "", LitAPIStatus.FINISH_STREAMING))
        return outputs

    def _admit(self) -> None:
        count = min(len(self.waiting), self.engine.free)
        joining = [self.waiting.popleft() for _ in range(count)]
        tickets = self.engine.admit([self.jobs[seed] for _, seed in joining])
        self.rows.update(zip(tickets, joining, strict=True))


if __name__ == "__main__":
    api = Sentences(stream=True, loop=ContinuousBatchingLoop())
    server = litserve.LitServer(api, accelerator="cpu", timeout=PATIENCE_SECONDS)
    server.run(host=HOST, port=Setting.read().port, log_level="warning", generate_client_file=False)
