"""What the embedded run tells its services beyond where they listen.

Everything travels in environment variables, the same that production uses. Wiring always holds;
preferences give way to what the person set in the environment or in `.env`.
"""

from pathlib import Path

POSTS_PER_CYCLE = 200
# A little more than the worker reads, so that a full batch waits whenever it looks.
FEED_PER_CYCLE = 220
STOP_SECONDS = "2"
LOOPBACK_NAMES = "127.0.0.1,localhost"

# These stand-ins are there to be tried, at a person's pace and not at the vendors'.
SANDBOX_EASE = {
    "SANDBOX_X_LIMITS": "false",
    "SANDBOX_MASTODON_LIMITS": "false",
    "SANDBOX_BLUESKY_LIMITS": "false",
    "SANDBOX_MUSICBRAINZ_PER_SECOND": "0",
    "SANDBOX_LASTFM_PER_SECOND": "0",
}
# Nobody is bothered on the sandbox's timeline, and whoever tries the bot wants to see it act.
SANDBOX_PACE = {
    "WORKER_FIRST_RUN_POSTS": str(POSTS_PER_CYCLE),
    "WORKER_HANDLE": "deephypebot",
    "WORKER_MENTIONS_INTERVAL": "1",  # in every cycle, before the timeline brings them
    "WORKER_DESK_INTERVAL": "2",
    "WORKER_UNDO_SECONDS": "5",
    "WORKER_MIN_INTERVAL": "0",
    "WORKER_MOST_A_DAY": "1000",
}


def common(data: Path, no_proxy: str | None) -> dict[str, str]:
    """For every service; they speak over loopback, which a proxy must not see."""
    hosts = ",".join(part for part in (no_proxy, LOOPBACK_NAMES) if part)
    return {
        "DATA_DIR": str(data),
        "SHUTDOWN_SECONDS": STOP_SECONDS,
        "NO_PROXY": hosts,
        "no_proxy": hosts,
    }


def own_database(service: str, data: Path) -> dict[str, str]:
    """What happens in the sandbox stays in the data folder, whatever DATABASE_URL is for."""
    file = (data / f"{service}.sqlite3").absolute()
    return {f"{service.upper()}_DATABASE_URL": f"sqlite:///{file}"}


def replay(feed: Path, interval: float) -> dict[str, str]:
    """For the sandbox: a file's posts, as fast as the worker reads them."""
    return {
        "SANDBOX_FEED": str(feed),
        "SANDBOX_FEED_BURST": str(POSTS_PER_CYCLE),
        "SANDBOX_FEED_INTERVAL": f"{interval / FEED_PER_CYCLE:.6f}",
        # X forgets what is 3200 posts back, and a slow reader of a fast replay would lose posts.
        "SANDBOX_X_DEPTH": "1000000",
    }


def published_on_sandbox(url: str) -> dict[str, str]:
    """For the gateway: where people see the bot's posts, which show there at once."""
    return {
        "X_POST_URL": f"{url}/sandbox/?at={{id}}#post-{{id}}",
        "BLUESKY_POST_URL": f"{url}/bluesky/profile/{{author}}/post/{{id}}",
        "PUBLISH_SETTLE_SECONDS": "2",
    }
