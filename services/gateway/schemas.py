"""The gateway's contract: posts, songs, drafts, decisions, publications."""

import math
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, RootModel, model_validator

Identifier = Annotated[str, Field(min_length=1, max_length=200)]
# With room for what is made of a platform's longest id: `origin:id` and `origin:id:rank`.
ItemId = Annotated[str, Field(min_length=1, max_length=230)]
DraftId = Annotated[str, Field(min_length=1, max_length=240)]


class Contract(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Post(Contract):
    """A post on a platform's timeline, the same whatever the platform."""

    origin: str = Field(description="The platform: x, mastodon, bluesky.")
    id: Identifier = Field(description="The platform's id; a string, always.")
    text: str = Field(description="Plain text, entities decoded.")
    author_id: str
    author: str | None = Field(None, description="Handle, where the platform gave it for free.")
    created_at: datetime
    lang: str | None = None
    url: str | None = Field(None, description="Where a person can see it.")
    sensitive: bool = False
    mentions_bot: bool = Field(False, description="Whether it came as a mention of the bot.")

    def forgotten(self) -> "Post":
        """What may be kept when what its author wrote may not: which post it was, and when."""
        kept = {"origin": self.origin, "id": self.id, "created_at": self.created_at}
        return Post(text="", author_id="", **kept)


class Gap(Contract):
    """Posts that the platform no longer shows were missed."""

    after: str = Field(description="The last post known before the gap.")
    before: str | None = Field(description="The first post read after it; null when none was.")
    reason: str


class Quota(Contract):
    """What the platform says is left of its rate limit."""

    limit: int
    remaining: int
    resets_at: datetime


class Platform(Contract):
    """What a platform allows, as its adapter declares it; the worker measures posts by it."""

    origin: str = Field(description="The platform: x, mastodon, bluesky.")
    longest: int = Field(description="Longest post, in the units of `counting`.")
    longest_bytes: int | None = Field(None, description="Longest post in UTF-8 bytes, besides.")
    counting: Literal["weighted", "graphemes"] = Field(
        description="How a post is measured: X's way, where most signs outside the Latin, Greek "
        "and Cyrillic scripts count two, or by what a reader sees as one sign."
    )
    link_length: int | None = Field(
        None, description="What any link counts; null: a link counts as it is written."
    )
    links: Literal["allowed", "costly"] = Field(
        description="`costly`: a post with a link is billed far above one without."
    )
    replies: Literal["allowed", "summoned", "never"] = Field(
        description="Whom the bot may answer. `summoned`: only posts that mention it."
    )
    ai_label: bool = Field(description="Whether posts are marked as made with AI.")
    bot_label: bool = Field(description="Whether accounts can be marked as automated.")
    paid: bool = Field(description="Whether reading and publishing costs money.")


class TimelinePage(Contract):
    posts: list[Post] = Field(description="Oldest first.")
    cursor: str | None = Field(description="Opaque; hand it back as `after`. Null: nothing yet.")
    gap: Gap | None = None
    quota: Quota | None = None


class Song(Contract):
    """A song as the catalogues know it."""

    title: str
    artists: list[str] = Field(min_length=1)
    genres: list[str] = Field(description="Of the artists, most telling first; may be empty.")
    genres_from: str | None = Field(None, description="The catalogue that gave the genres.")
    score: float = Field(ge=0, le=1, description="How well it matches what was asked for.")
    url: str | None = None
    ids: dict[str, str] = Field(default_factory=dict, description="Catalogue -> its id.")


class Scores(Contract):
    """What the writer's ranking saw."""

    score: float
    log_prob: float
    topic: float
    novelty: float

    @property
    def fluency(self) -> float:
        """How likely the writer finds a word of it, 0 to 1: the geometric mean."""
        return math.exp(min(0.0, self.log_prob))


class Written(Contract):
    """By what a draft was written: what a learner wants to know of it."""

    model: str
    model_revision: str
    seed: int = Field(ge=0, lt=2**63)
    latent: list[float]


class Draft(Contract):
    """One sentence for one post, waiting for a curator."""

    id: DraftId = Field(description="Stable: origin, post id and rank.", examples=["x:17:1"])
    item_id: ItemId = Field(description="What it belongs to: origin and post id.")
    rank: int = Field(
        ge=1, le=2**31 - 1, description="1 is the writer's favourite; later ones stand below."
    )
    text: str = Field(min_length=1, max_length=5000)
    scores: Scores | None = Field(
        None, description="Null for a curator's own words, which nobody ranked."
    )
    made_by: Literal["worker", "desk", "curator"] = Field(
        "worker",
        description="`desk`: the writer wrote it because a curator asked for others; `curator`: "
        "a person's own words.",
    )
    written: Written | None = Field(None, description="Of drafts made at the desk by the writer.")
    post: Post
    song: Song
    created_at: datetime

    @model_validator(mode="after")
    def _ranked_unless_a_persons(self) -> Self:
        if (self.scores is None) != (self.made_by == "curator"):
            message = "`scores` belong to every draft but a curator's own words"
            raise ValueError(message)
        return self


class DraftBatch(Contract):
    drafts: list[Draft] = Field(max_length=2000)


class Stored(Contract):
    stored: int = Field(description="How many drafts were new.")


class Decision(Contract):
    """What a curator said of a draft. A later decision on the same draft replaces it."""

    draft_id: DraftId
    verdict: Literal["approved", "rejected", "undecided"] = Field(
        description="`undecided`: an earlier decision was taken back."
    )
    text: str = Field(description="The words to publish: the curator's, where they edited.")
    edited: bool
    reason: str | None = None
    curator: str | None = None
    decided_at: datetime
    version: str = Field(description="Another one than that of the decision before it.")
    made: Draft | None = Field(
        None, description="The draft itself, where it was made at the desk: its reader has it not."
    )

    @model_validator(mode="after")
    def _of_its_own_draft(self) -> Self:
        if self.made is not None and self.made.id != self.draft_id:
            message = f"`made` is the draft {self.made.id}, not {self.draft_id}"
            raise ValueError(message)
        return self


class DecisionPage(Contract):
    decisions: list[Decision] = Field(description="Oldest first.")
    cursor: str | None


class Outcome(Contract):
    """What became of a draft, for the curator to see."""

    state: Literal["waiting", "scheduled", "published", "failed"] = Field(
        description="`scheduled`: it leaves now, and can no longer be taken back. `waiting`: it "
        "did not leave after all, and can be."
    )
    url: str | None = None
    detail: str | None = Field(None, max_length=500, description="What went wrong.")


class Outcomes(RootModel[dict[DraftId, Outcome]]):
    """What became of drafts, by their ids."""


class Marked(Contract):
    missing: list[DraftId] = Field(description="Drafts that are not on the desk.")


class Forgotten(Contract):
    """Posts whose text may no longer be kept, as items."""

    item_ids: list[ItemId] = Field(max_length=500)


class NewPost(Contract):
    text: str = Field(min_length=1, max_length=5000)
    in_reply_to: Identifier | None = Field(
        None, description="The platform's id of the post that this one answers."
    )


class Published(Contract):
    origin: str
    id: Identifier
    url: str | None
    text: str
    created_at: datetime
    reconciled: bool = Field(
        False, description="Found on the timeline after an attempt whose outcome was unknown."
    )


class Reception(Contract):
    id: Identifier
    likes: int
    reposts: int
    replies: int


class Receptions(Contract):
    receptions: list[Reception]


class Reading(Contract):
    """How a post was received at an age."""

    hours: Literal[1, 24, 168]
    likes: int
    reposts: int
    replies: int


class PublishedPost(Contract):
    """What was published of a draft, and how it was received so far."""

    draft_id: DraftId
    published_at: datetime
    title: str
    artists: list[str]
    text: str = Field(description="As it was published.")
    url: str | None = None
    readings: list[Reading] = Field(default_factory=list)
    known: bool = Field(
        False, description="It was told before: where a curator deleted it, it stays deleted."
    )


class PublishedPosts(Contract):
    posts: list[PublishedPost] = Field(max_length=500)


class Present(Contract):
    """Which posts their platform still shows; those that are named nowhere are gone."""

    ids: list[Identifier]
    unknown: list[Identifier] = Field(
        default_factory=list,
        description="Posts of which the platform did not say, or that the budget for reading did "
        "not cover: ask again later.",
    )


class Told(BaseModel):
    """What a worker tells; the newer one of two may say more than the other knows."""

    model_config = ConfigDict(extra="ignore")


class Publishing(Told):
    """How a worker publishes, and what its next approved draft waits for."""

    mode: Literal["on", "dry_run", "off"] = Field(
        description="`dry_run`: everything but the sending; `off`: the kill switch is set."
    )
    waits: str | None = Field(
        None, description="Why the next approved draft has not left yet; null: none waits."
    )
    until: datetime | None = Field(
        None, description="When it may leave; null: no time will change what it waits for."
    )


class Composing(Told):
    """By what a worker makes posts of approved words, so that a page can show them beforehand."""

    template: str
    blocked_words: list[str] = Field(default_factory=list)
    likeness: float = Field(description="From which likeness on a post is taken to be said before.")
    likeness_posts: int = Field(ge=0, description="With how many of the last posts it is compared.")


class Parked(Told):
    """A post that a step failed on too often."""

    item_id: ItemId
    step: str = Field(max_length=40, description="The state that it was parked from.")
    error: str = Field(max_length=500)
    at: datetime
    song: str | None = Field(
        None, max_length=500, description="What it is about, as far as was found out."
    )
    url: str | None = Field(None, description="Where a person can see the post.")


class Heartbeat(Told):
    """What the worker is doing, for `/status`; the last one received is kept."""

    worker: str = Field(description="Which worker: host and process.")
    at: datetime
    interval: float = Field(description="Seconds between two cycles.")
    cursor: str | None = None
    cycle: int = Field(description="Cycles since the worker started.")
    seconds: float = Field(description="How long the last cycle took.")
    posts: dict[str, int] = Field(description="Posts by state.")
    drafts: dict[str, int] = Field(description="Drafts by state.")
    publications: dict[str, int] = Field(description="Publications by state.")
    publishing: Publishing | None = Field(None, description="Null: the worker does not say.")
    composing: Composing | None = Field(None, description="Null: the worker does not say.")
    errors: list[str] = Field(default_factory=list, description="What went wrong last, and where.")
    parked: list[Parked] = Field(
        default_factory=list, max_length=50, description="The newest of the parked posts."
    )
    paused: bool = Field(False, description="Whether publishing is paused.")
    obeyed: int = Field(0, description="The last command that was acted on.")


class Received(Contract):
    received: bool = True


class Command(Contract):
    """What somebody asked of the worker on `/status`."""

    id: int = Field(description="Higher than that of every command before it.")
    kind: Literal["retry", "pause", "resume"] = Field(
        description="`retry`: parked posts; the others: publishing."
    )
    item_id: str | None = Field(None, description="The post to retry; null: all that are parked.")


class Orders(Received):
    """The answer to a heartbeat."""

    commands: list[Command] = Field(
        default_factory=list, description="What was not acted on yet, in the order given."
    )
