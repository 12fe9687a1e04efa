"""People who post, and a curator who approves, edits, rejects and changes her mind."""

import random
from dataclasses import dataclass, field
from itertools import product

from services.common.problems import ConflictError
from services.gateway.sheets.local import LocalSheet
from services.gateway.sheets.sheet import DeskItem

CURATOR = "ada"
SILENT, UNKNOWN = 0.1, 0.05  # of the posts
AS_IT_IS, EDITED = 0.5, 0.3  # of the decisions; the others reject
CHANGES_HER_MIND = 0.1  # about some post, each time she sits down

FIRST = (
    "Amber Borrowed Copper Distant Electric Feathered Glass Hollow Ivory Juniper Kerosene Lunar "
    "Marble Northern Obsidian Paper Quicksilver Restless Saffron Thunder Ultramarine Velvet "
    "Wandering Yesterday Zinc"
)
SECOND = (
    "Arcade Boulevard Cathedral Dandelion Escalator Fountain Gardener Hurricane Isthmus Jukebox "
    "Kingdom Lighthouse Monsoon Nightshift Observatory Passenger Quarry Railway Staircase "
    "Telegraph Umbrella Vineyard Waterfall Xylophone Zeppelin"
)
TITLES = [f"{first} {second}" for first, second in product(FIRST.split(), SECOND.split())]
ARTISTS = ("The Lanterns", "Marguerite Oban", "Sixpence Tide", "Hollis & Wren", "Old Ferry")
CATALOGUE = "title,artist,genres\n" + "".join(
    f"{title},{ARTISTS[number % len(ARTISTS)]},dream pop|shoegaze\n"
    for number, title in enumerate(TITLES)
)


@dataclass(frozen=True)
class Said:
    """A post, and the song that it names; `state` is what the worker shall make of it."""

    text: str
    state: str
    title: str = ""


def what_people_say(count: int, dice: random.Random) -> list[Said]:
    """Posts, each about a song of its own or about none."""
    songs = dice.sample(range(len(TITLES)), count)
    return [_said(number, song, dice.random()) for number, song in enumerate(songs)]


def _said(number: int, song: int, chance: float) -> Said:
    if chance < SILENT:
        return Said(f"Day {number} of rain, and the bus was late again.", "no_song")
    if chance < SILENT + UNKNOWN:
        return Said(f'Listening to "Qwrtz Plimf {number}" by Vrombel Knask', "unknown_song")
    title = TITLES[song]
    return Said(f'Listening to "{title}" by {ARTISTS[song % len(ARTISTS)]}', "decided", title)


@dataclass(frozen=True)
class Made:
    """The decision that stands for a post: the words that shall leave, or None."""

    draft_id: str
    words: str | None


@dataclass
class Curator:
    desk: LocalSheet
    dice: random.Random
    made: dict[str, Made] = field(default_factory=dict)
    edits: int = 0

    async def sit_down(self, *, may_change: bool = True) -> None:
        """Decide all that waits; sometimes take back an earlier decision, if it can be had back."""
        for item in await self.desk.queue(500):
            await self._decide(item)
        if may_change and self.made and self.dice.random() < CHANGES_HER_MIND:
            await self._take_back(self.dice.choice(list(self.made)))

    async def _decide(self, item: DeskItem) -> None:
        chance, first = self.dice.random(), item.drafts[0].draft
        words: str | None = item.drafts[0].words  # her own, where she approved it once before
        if chance < AS_IT_IS:
            await self.desk.approve(first.id, text=None, version=item.version, curator=CURATOR)
        elif chance < AS_IT_IS + EDITED:
            self.edits += 1
            words = f"{self.edits}: in words of my own, {first.text.lower()}"
            await self.desk.approve(first.id, text=words, version=item.version, curator=CURATOR)
        else:
            words = None
            await self.desk.reject(item.item_id, reason=None, version=item.version, curator=CURATOR)
        self.made[item.item_id] = Made(first.id, words)

    async def _take_back(self, item_id: str) -> None:
        item = await self.desk.item(item_id)
        try:
            await self.desk.undo(item_id, version=item.version, curator=CURATOR)
        except ConflictError:
            return  # it is on its way out
        del self.made[item_id]
