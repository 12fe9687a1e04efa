"""X's endpoints."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.sandbox.answers import json_response, refuse
from services.sandbox.limits import Windows
from services.sandbox.settings import SandboxSettings
from services.sandbox.timeline import Post, Timeline
from services.sandbox.vendor_app import vendor_app
from services.sandbox.x.caller import Caller, caller
from services.sandbox.x.drafts import read_draft
from services.sandbox.x.errors import invalid, not_found, problem, refused, x_failure
from services.sandbox.x.length import LIMIT, weighted_length
from services.sandbox.x.oauth import OAuth
from services.sandbox.x.posts import Document, post_document, user_document
from services.sandbox.x.query import (
    FIELDS,
    PAGING,
    FieldsQuery,
    PageQuery,
    check_names,
    fields_query,
    page_query,
    page_token,
)

WINDOW_SECONDS = 15 * 60
# Requests per window for a user and for an app-only caller.
LIMITS = {
    "home": (180, 180),
    "mentions": (300, 450),
    "own": (900, 10_000),
    "lookup": (5000, 3500),
    "me": (75, 75),
    "create": (100, 100),
    "delete": (50, 50),
}
OWN_DEPTH, HOME_SECONDS, MENTIONS_DEPTH = 3200, 7 * 24 * 3600, 800
RECENT_POSTS = 100
DUPLICATE = "You are not allowed to create a Tweet with duplicate content."
TOO_LONG = (
    "Your Tweet text is too long. For information on how Twitter determines text length see "
    "https://github.com/twitter/twitter-text."
)
NO_PARENT = "You attempted to reply to a Tweet that is deleted or not visible to you."
NOT_SUMMONED = (
    "Reply to this conversation is not allowed because you have not been mentioned or otherwise "
    "engaged by the author of the post you are replying to."
)


class XApi:
    """X's endpoints over the public timeline."""

    def __init__(self, settings: SandboxSettings, timeline: Timeline, windows: Windows) -> None:
        self.settings, self.timeline, self.windows = settings, timeline, windows

    def app(self) -> Starlette:
        home = "/2/users/{user_id}/timelines/reverse_chronological"
        return vendor_app(
            [
                Route("/2/users/me", self.me),
                Route(home, self.home),
                Route("/2/users/{user_id}/tweets", self.own),
                Route("/2/users/{user_id}/mentions", self.mentions),
                Route("/2/tweets", self.lookup),
                Route("/2/tweets", self.create, methods=["POST"]),
                Route("/2/tweets/{post_id}", self.delete, methods=["DELETE"]),
                *OAuth(self.settings, self.timeline.clock).routes(),
            ],
            x_failure,
        )

    async def me(self, request: Request) -> Response:
        who, headers = self._enter(request, "me")
        check_names(request.query_params, FIELDS)
        headers["x-access-level"] = "read-write"
        return json_response({"data": self._bot(who.user())}, headers=headers)

    async def home(self, request: Request) -> Response:
        who, headers = self._enter(request, "home")
        user_id = request.path_params["user_id"]
        if who.user() != user_id:
            message = (
                f"The `id` query parameter value [{user_id}] must be the same as the "
                f"authenticating user [{who.user()}]"
            )
            raise invalid("id", user_id, message)
        check_names(request.query_params, PAGING | FIELDS | {"exclude"})
        page = page_query(request.query_params, default=100)
        oldest = self.timeline.clock() - HOME_SECONDS
        recent = islice(self.timeline.newest_first(), self.settings.x_depth)
        return self._page(
            request, page, (post for post in recent if post.created > oldest), headers
        )

    async def own(self, request: Request) -> Response:
        _, headers = self._enter(request, "own")
        check_names(request.query_params, PAGING | FIELDS | {"exclude"})
        page = page_query(request.query_params, default=10, least=5)
        posts = islice(self.timeline.by_author(request.path_params["user_id"]), OWN_DEPTH)
        return self._page(request, page, posts, headers)

    async def mentions(self, request: Request) -> Response:
        _, headers = self._enter(request, "mentions")
        check_names(request.query_params, PAGING | FIELDS)
        page = page_query(request.query_params, default=10, least=5)
        handle = f"@{self.settings.bot_username}".casefold()
        recent = islice(self.timeline.newest_first(), OWN_DEPTH)
        posts = (post for post in recent if handle in post.text.casefold() and not post.by_bot)
        return self._page(request, page, islice(posts, MENTIONS_DEPTH), headers)

    async def lookup(self, request: Request) -> Response:
        _, headers = self._enter(request, "lookup")
        check_names(request.query_params, FIELDS | {"ids"})
        fields = fields_query(request.query_params, self.settings.x_vocabulary)
        ids = request.query_params.get("ids", "").split(",")
        if len(ids) > 100 or not all(value.isdecimal() and len(value) <= 19 for value in ids):
            value = request.query_params.get("ids", "")
            raise invalid("ids", value, "`ids` takes 1 to 100 post ids, separated by commas")
        found = {value: self.timeline.find(int(value)) for value in ids}
        document = self._posts((post for post in found.values() if post), fields)
        if missing := [not_found("ids", value) for value, post in found.items() if not post]:
            document["errors"] = missing
        return json_response(document, headers=headers)

    async def create(self, request: Request) -> Response:
        who, headers = self._enter(request, "create")
        text, reply_to = read_draft(await request.body())
        bot = self._bot(who.user())
        self._check_length(text)
        if reply_to is not None:
            # X says in the text whom it answers; that does not count against its length.
            text = f"@{self._summoner(reply_to).username} {text}"
        self._check_news(text, who.user())
        post = self.timeline.write(
            text,
            author_id=who.user(),
            name=bot["name"],
            username=bot["username"],
            by_bot=True,
            reply_to=reply_to,
        )
        data = post_document(post, FieldsQuery("tweet", frozenset(), frozenset()), 0)
        headers["location"] = f"https://api.twitter.com/2/tweets/{post.id}"
        return json_response({"data": data}, 201, headers)

    async def delete(self, request: Request) -> Response:
        who, headers = self._enter(request, "delete")
        post_id = request.path_params["post_id"]
        if not post_id.isdecimal():
            raise invalid("id", post_id, f"The `id` query parameter value [{post_id}] is not valid")
        post = self.timeline.find(int(post_id))
        if post and post.author_id != who.user():
            raise refused(403, "You are not authorized to delete this Tweet.")
        if post:
            self.timeline.delete(post.id)
        return json_response({"data": {"deleted": True}}, headers=headers)

    def _enter(self, request: Request, endpoint: str) -> tuple[Caller, dict[str, str]]:
        """Authenticate and count one request; raises X's 401 and 429."""
        who = caller(request)
        if not self.settings.x_limits:
            return who, {}
        limit = LIMITS[endpoint][who.user_id is None]
        allowance = self.windows.take((who.key, endpoint), limit, WINDOW_SECONDS)
        headers = {
            "x-rate-limit-limit": str(limit),
            "x-rate-limit-remaining": str(allowance.remaining),
            "x-rate-limit-reset": str(allowance.reset),
        }
        if not allowance.granted:
            raise refuse(429, problem(429, "Too Many Requests"), headers)
        return who, headers

    def _bot(self, user_id: str) -> dict[str, str]:
        settings = self.settings
        return {"id": user_id, "name": settings.bot_name, "username": settings.bot_username}

    def _check_length(self, text: str) -> None:
        if weighted_length(text) > LIMIT:
            raise refused(403, TOO_LONG)

    def _check_news(self, text: str, user_id: str) -> None:
        recent = islice(self.timeline.by_author(user_id), RECENT_POSTS)
        if any(post.text == text for post in recent):
            raise refused(403, DUPLICATE)

    def _summoner(self, reply_to: str) -> Post:
        """The post that is answered, which must mention the bot."""
        post = self.timeline.find(int(reply_to))
        if post is None:
            raise refused(403, NO_PARENT)
        if f"@{self.settings.bot_username}".casefold() not in post.text.casefold():
            raise refused(403, NOT_SUMMONED)
        return post

    def _page(
        self, request: Request, page: PageQuery, posts: Iterable[Post], headers: Mapping[str, str]
    ) -> Response:
        """One page of a timeline, newest first; `data` is absent when there is nothing."""
        fields = fields_query(request.query_params, self.settings.x_vocabulary)
        found = list(islice(_within(page, posts), page.max_results + 1))
        shown, more = found[: page.max_results], len(found) > page.max_results
        meta: Document = {"result_count": len(shown)}
        if shown:
            meta |= {"newest_id": str(shown[0].id), "oldest_id": str(shown[-1].id)}
        if more:
            meta["next_token"] = page_token(shown[-1].id)
        return json_response(self._posts(shown, fields) | {"meta": meta}, headers=headers)

    def _posts(self, posts: Iterable[Post], fields: FieldsQuery) -> Document:
        posts = list(posts)
        now = self.timeline.clock()
        document: Document = {}
        if posts:
            document["data"] = [post_document(post, fields, now) for post in posts]
        if posts and "author_id" in fields.expansions:
            authors = {p.author_id: user_document(p.author_id, p.name, p.username) for p in posts}
            document["includes"] = {"users": list(authors.values())}
        return document


def _within(page: PageQuery, posts: Iterable[Post]) -> Iterator[Post]:
    for post in posts:
        if post.id <= page.since_id or (page.start is not None and post.created < page.start):
            return
        skipped = (
            (page.until_id is not None and post.id >= page.until_id)
            or (page.end is not None and post.created >= page.end)
            or (post.kind == "reply" and "replies" in page.exclude)
            or (post.kind == "retweet" and "retweets" in page.exclude)
        )
        if not skipped:
            yield post
