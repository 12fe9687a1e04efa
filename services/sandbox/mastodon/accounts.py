"""Accounts as Mastodon words them."""

from dataclasses import dataclass
from datetime import UTC, datetime

from services.sandbox.mastodon.content import account_address

Document = dict[str, object]


@dataclass(frozen=True)
class Account:
    id: str
    username: str
    display_name: str
    since: float  # Unix seconds
    note: str = ""
    bot: bool = False


def account_document(account: Account, site: str) -> Document:
    address = account_address(account.username, site)
    created = timestamp(account.since)
    return {
        "id": account.id,
        "username": account.username,
        "acct": account.username,
        "display_name": account.display_name,
        "locked": False,
        "bot": account.bot,
        "discoverable": None,
        "indexable": False,
        "group": False,
        "created_at": f"{created[:10]}T00:00:00.000Z",
        "note": account.note,
        "url": address,
        "uri": f"{site}/ap/users/{account.id}",
        "avatar": f"{site}/avatars/original/missing.png",
        "avatar_static": f"{site}/avatars/original/missing.png",
        "avatar_description": "",
        "header": f"{site}/headers/original/missing.png",
        "header_static": f"{site}/headers/original/missing.png",
        "header_description": "",
        "followers_count": 0,
        "following_count": 0,
        "statuses_count": 0,
        "last_status_at": created[:10],
        "hide_collections": None,
        "show_media": True,
        "show_media_replies": True,
        "show_featured": True,
        "noindex": False,
        "feature_approval": {"automatic": [], "manual": [], "current_user": "denied"},
        "emojis": [],
        "roles": [],
        "fields": [],
    }


def own_document(account: Account, site: str) -> Document:
    """The caller's own account, with what only its owner may see."""
    source = {
        "privacy": "public",
        "sensitive": False,
        "language": None,
        "note": account.note,
        "fields": [],
        "follow_requests_count": 0,
        "hide_collections": None,
        "discoverable": None,
        "indexable": False,
        "attribution_domains": [],
        "quote_policy": "public",
    }
    role = {
        "id": "-99",
        "name": "",
        "permissions": "65536",
        "color": "",
        "highlighted": False,
        "collection_limit": 10,
    }
    return account_document(account, site) | {"source": source, "role": role}


def timestamp(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
