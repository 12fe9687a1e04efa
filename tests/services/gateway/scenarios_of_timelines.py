"""What a timeline does, one method at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta

from services.gateway.publications import Publications
from services.gateway.schemas import Post, Published
from services.gateway.timelines.timeline import Intent, Timeline
from services.gateway.vendor_errors import RefusedByVendorError, SilentVendorError
from tests.services.gateway.scenarios import BOT, SECONDS, Bench, OpenScenario, Scenario, numbers

# The second argument: how long the vendor may stay silent, seconds.
OpenTimeline = Callable[[Bench, float], AbstractAsyncContextManager[Timeline]]


@dataclass
class ReadPosts:
    """Every post that came meanwhile is read, and once."""

    timeline: Timeline
    control: Timeline
    bench: Bench
    cursor: str | None = None
    seen: list[str] = field(default_factory=list)

    async def prepare(self) -> None:
        self.cursor = self.begun = (await self.control.posts(None, 1)).cursor
        self.bench.pass_by(3600)

    async def act(self) -> None:
        page = await self.timeline.posts(self.cursor, 500)
        self.seen += [post.id for post in page.posts]
        self.cursor = page.cursor

    async def check(self) -> None:
        for _ in range(3):  # what a moment of silence cut short, on a busy machine
            with suppress(SilentVendorError):
                await self.act()
        expected = await self._everything()
        assert len(expected) > 50
        assert sorted(self.seen) == sorted(post.id for post in expected)

    async def _everything(self) -> list[Post]:
        """What came, however many answers a busy machine makes of it."""
        posts, cursor = list[Post](), self.begun
        while (page := await self.control.posts(cursor, 500)).posts:
            posts += page.posts
            cursor = page.cursor
        return posts


@dataclass
class ReadMentions:
    timeline: Timeline
    control: Timeline
    bench: Bench
    cursor: str | None = None
    texts: list[str] = field(default_factory=list)

    async def prepare(self) -> None:
        self.bench.sandbox.say(f"@{BOT} the one before")
        self.cursor = self.begun = (await self.control.mentions(None, 1)).cursor
        self.asked = [f"@{BOT} question {next(numbers)}" for _ in range(3)]
        for text in self.asked:
            self.bench.sandbox.say(text)

    async def act(self) -> None:
        page = await self.timeline.mentions(self.cursor, 50)
        self.texts += [post.text for post in page.posts]
        self.cursor = page.cursor

    async def check(self) -> None:
        expected = [post.text for post in (await self.control.mentions(self.begun, 50)).posts]
        assert set(self.asked) <= set(expected)
        assert sorted(self.texts) == sorted(expected)


@dataclass
class Publish:
    """The text is out once; or never, where it was refused for good."""

    timeline: Timeline
    control: Timeline
    bench: Bench
    refused: bool = False

    async def prepare(self) -> None:
        self.text = f"a warm haze, number {next(numbers)}"
        self.publications = Publications(
            self.bench.engine, self.timeline, settle=timedelta(0), clock=self.bench.now
        )

    async def act(self) -> None:
        try:
            await self.publications.publish(self.text, self.text)
        except RefusedByVendorError:
            self.refused = True

    async def check(self) -> None:
        out = self.bench.sandbox.texts().count(self.text)
        assert out == (0 if self.refused else 1)


@dataclass
class Answer(Publish):
    """An answer to somebody who named the bot: out once, and below what it answers."""

    async def prepare(self) -> None:
        await super().prepare()
        question = f"@{BOT} what is number {next(numbers)}?"
        self.asked = self.bench.sandbox.say(question)
        page = await self.control.mentions(None, 10)
        (self.in_reply_to,) = (post.id for post in page.posts if post.text == question)

    async def act(self) -> None:
        try:
            await self.publications.publish(self.text, self.text, self.in_reply_to)
        except RefusedByVendorError:
            self.refused = True

    async def check(self) -> None:
        out = [post["text"] for post in self.bench.sandbox.answers_to(self.asked)]
        assert [text.endswith(self.text) for text in out] == ([] if self.refused else [True])


@dataclass
class OfOurPost:
    """What is done with a post that is out already."""

    timeline: Timeline
    control: Timeline
    bench: Bench

    async def prepare(self) -> None:
        self.intent = Intent(f"key {next(numbers)}", f"slow, {next(numbers)}", self.bench.now())
        self.ours = await self.control.publish(self.intent)


@dataclass
class Find(OfOurPost):
    found: list[Published] = field(default_factory=list)

    async def act(self) -> None:
        self.found = await self.timeline.find(self.intent)

    async def check(self) -> None:
        assert [post.id for post in self.found] == [self.ours.id]


@dataclass
class Receive(OfOurPost):
    ids: list[str] = field(default_factory=list)

    async def act(self) -> None:
        self.ids = [each.id for each in await self.timeline.receptions([self.ours.id])]

    async def check(self) -> None:
        assert self.ids == [self.ours.id]


@dataclass
class Delete(OfOurPost):
    refused: bool = False

    async def act(self) -> None:
        try:
            await self.timeline.delete(self.ours.id)
        except RefusedByVendorError:
            self.refused = True

    async def check(self) -> None:
        if self.refused:  # nothing remembers a deletion for us, as nothing must be repeated
            await self.control.delete(self.ours.id)
        assert self.intent.text not in self.bench.sandbox.texts()


@dataclass
class Present:
    """A post that its author deleted is told from one that is still there."""

    timeline: Timeline
    control: Timeline
    bench: Bench
    shown: set[str] = field(default_factory=set)

    async def prepare(self) -> None:
        texts = [f"a kettle, number {next(numbers)}" for _ in range(2)]
        gone, _ = (self.bench.sandbox.say(text) for text in texts)
        page = await self.control.posts(None, 10)
        found = {post.text: post.id for post in page.posts}
        self.ids = [found[text] for text in texts]
        self.bench.sandbox.delete(gone)

    async def act(self) -> None:
        self.shown = set((await self.timeline.present(self.ids)).shown)

    async def check(self) -> None:
        assert self.shown == set(self.ids[1:])


@dataclass
class Allow:
    """What the platform allows is known; of those that have to ask."""

    timeline: Timeline
    control: Timeline
    bench: Bench

    async def prepare(self) -> None:
        self.longest = (await self.control.platform()).longest

    async def act(self) -> None:
        assert (await self.timeline.platform()).longest == self.longest

    async def check(self) -> None: ...


OF_TIMELINES = {
    "posts": ReadPosts,
    "mentions": ReadMentions,
    "publish": Publish,
    "answer": Answer,
    "find": Find,
    "receptions": Receive,
    "present": Present,
    "delete": Delete,
    "platform": Allow,
}


def of_timeline(open_timeline: OpenTimeline, name: str) -> OpenScenario:
    @asynccontextmanager
    async def scenario(bench: Bench) -> AsyncIterator[Scenario]:
        async with open_timeline(bench, SECONDS) as timeline:
            control = await bench.control(open_timeline)
            yield OF_TIMELINES[name](timeline, control, bench)

    return scenario
