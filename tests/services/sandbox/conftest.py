"""A real sandbox on a real port, and the vendors' real client libraries pointed at it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import atproto
import gspread
import httpx
import pytest
import requests
import spotipy
import tweepy
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from mastodon import Mastodon
from requests.adapters import HTTPAdapter
from spotipy.cache_handler import MemoryCacheHandler
from spotipy.oauth2 import SpotifyClientCredentials

from services.sandbox.app import create_app
from services.sandbox.settings import SandboxSettings
from tests.served import served

BOT_ID = "1000"


class Clock:
    """A clock that tests set."""

    def __init__(self, now: float = 1_790_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Redirect(HTTPAdapter):
    """Sends a library that hard-codes its host to the sandbox."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self.base = base

    def send(self, request: requests.PreparedRequest, *_: Any, **how: Any) -> requests.Response:  # noqa: ANN401 - as requests calls it
        url = urlsplit(request.url or "")
        request.url = f"{self.base}{url.path}" + (f"?{url.query}" if url.query else "")
        return super().send(request, **how | {"timeout": 5})


class Sandbox:
    """A running sandbox and clients of it."""

    def __init__(self, base: str, clock: Clock, cleanup: ExitStack) -> None:
        self.base, self.clock, self.cleanup = base, clock, cleanup
        self.stop = cleanup.close
        self.http = cleanup.enter_context(httpx.Client(base_url=base, timeout=5))

    def x(self, user_id: str = BOT_ID, *, raw: bool = False) -> tweepy.Client:
        client = tweepy.Client(
            consumer_key="key",
            consumer_secret="secret",
            access_token=f"{user_id}-token",
            access_token_secret="secret",
            return_type=requests.Response if raw else tweepy.Response,
        )
        self.cleanup.enter_context(client.session)
        client.session.mount("https://api.twitter.com", Redirect(f"{self.base}/x"))
        return client

    def mastodon(self, token: str | None = "token") -> Mastodon:
        session = self.cleanup.enter_context(requests.Session())
        return Mastodon(
            access_token=token,
            api_base_url=f"{self.base}/mastodon",
            ratelimit_method="throw",
            request_timeout=5,
            session=session,
        )

    def bluesky(self) -> atproto.Client:
        """Nobody is logged in yet."""
        request = atproto.Request(timeout=5)
        self.cleanup.callback(request.close)
        return atproto.Client(f"{self.base}/bluesky", request=request)

    def spotify(self) -> spotipy.Spotify:
        session = self.cleanup.enter_context(requests.Session())
        auth = SpotifyClientCredentials(
            "id", "secret", cache_handler=MemoryCacheHandler(), requests_session=session
        )
        auth.OAUTH_TOKEN_URL = f"{self.base}/spotify-accounts/api/token"
        client = spotipy.Spotify(auth_manager=auth, requests_session=session, requests_timeout=5)
        client.prefix = f"{self.base}/spotify/v1/"
        return client

    def sheets(self) -> gspread.Client:
        """gspread as it is, its hosts replaced."""
        base = f"{self.base}/google"

        class Redirected(gspread.HTTPClient):
            def request(
                self,
                method: str,
                endpoint: str,
                *args: Any,  # noqa: ANN401 - as gspread calls it
                **how: Any,  # noqa: ANN401 - likewise
            ) -> requests.Response:
                for host in ("https://sheets.googleapis.com", "https://www.googleapis.com"):
                    endpoint = endpoint.replace(host, base)
                return super().request(method, endpoint, *args, **how)

        client = gspread.service_account_from_dict(
            service_account(f"{base}/token"), http_client=Redirected
        )
        self.cleanup.enter_context(client.http_client.session)
        client.set_timeout(5)
        return client

    def say(self, text: str, author: str = "visitor") -> str:
        """Write a post into the timeline; its id."""
        answer = self.http.post("/sandbox/posts", json={"text": text, "author": author})
        return str(answer.raise_for_status().json()["id"])

    def plan(self, **fault: object) -> None:
        self.http.post("/sandbox/faults", json=fault).raise_for_status()


StartSandbox = Callable[..., Sandbox]


@cache
def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def service_account(token_uri: str) -> dict[str, str]:
    return {
        "type": "service_account",
        "project_id": "sandbox",
        "private_key_id": "1",
        "private_key": private_key(),
        "client_email": "bot@sandbox.example.org",
        "client_id": "1",
        "token_uri": token_uri,
    }


def running(settings: SandboxSettings, clock: Clock) -> Sandbox:
    """Serve the sandbox in a thread until it is told to stop."""
    cleanup = ExitStack()
    base = cleanup.enter_context(served(create_app(settings, clock), settings))
    return Sandbox(base, clock, cleanup)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def start(clock: Clock) -> Iterator[StartSandbox]:
    """Starts sandboxes with the given settings; they end with the test."""
    with ExitStack() as cleanup:

        def start(**settings: object) -> Sandbox:
            quiet: dict[str, Any] = {"port": 0, "feed_burst": 0} | settings
            made = SandboxSettings(_env_file=None, **quiet)
            sandbox = running(made, clock)
            cleanup.callback(sandbox.stop)
            return sandbox

        yield start


@pytest.fixture
def sandbox(start: StartSandbox) -> Sandbox:
    """A sandbox whose timeline is empty and whose clock stands still."""
    return start()
