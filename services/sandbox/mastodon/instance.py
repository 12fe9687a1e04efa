"""What an instance says of itself, in the words of API v1 and v2."""

from services.sandbox.mastodon.accounts import Document
from services.sandbox.mastodon.length import LINK_LENGTH

VERSION = "4.5.0"
TITLE = "Sandbox"
DESCRIPTION = "A stand-in for a Mastodon instance."
MEDIA = {
    "description_limit": 1500,
    "image_matrix_limit": 33177600,
    "image_size_limit": 16777216,
    "supported_mime_types": ["image/jpeg", "image/png"],
    "video_frame_rate_limit": 120,
    "video_matrix_limit": 8294400,
    "video_size_limit": 103809024,
}
POLLS = {
    "max_options": 4,
    "max_characters_per_option": 50,
    "min_expiration": 300,
    "max_expiration": 2629746,
}
ACCOUNTS = {
    "max_note_length": 500,
    "max_featured_tags": 10,
    "max_pinned_statuses": 5,
    "max_profile_fields": 4,
    "profile_field_name_limit": 255,
    "profile_field_value_limit": 255,
}


def instance_v2(site: str, longest: int) -> Document:
    domain = site.partition("//")[2].partition("/")[0]
    urls = {
        "streaming": f"wss://{domain}",
        "status": None,
        "about": f"{site}/about",
        "privacy_policy": f"{site}/privacy-policy",
        "terms_of_service": None,
    }
    return {
        "domain": domain,
        "title": TITLE,
        "version": VERSION,
        "source_url": "https://github.com/mastodon/mastodon",
        "description": DESCRIPTION,
        "usage": {"users": {"active_month": 1}},
        "thumbnail": {"url": f"{site}/preview.png"},
        "icon": [],
        "languages": ["en"],
        "configuration": {
            "urls": urls,
            "vapid": {"public_key": ""},
            "accounts": ACCOUNTS,
            "statuses": _statuses(longest),
            "media_attachments": MEDIA,
            "polls": POLLS,
            "translation": {"enabled": False},
            "limited_federation": False,
        },
        "registrations": {
            "enabled": False,
            "approval_required": False,
            "reason_required": False,
            "message": None,
            "min_age": None,
            "url": None,
        },
        "api_versions": {"mastodon": 7},
        "contact": {"email": "", "account": None},
        "rules": [],
    }


def instance_v1(site: str, longest: int) -> Document:
    domain = site.partition("//")[2].partition("/")[0]
    return {
        "uri": domain,
        "title": TITLE,
        "short_description": DESCRIPTION,
        "description": DESCRIPTION,
        "email": "",
        "version": VERSION,
        "urls": {"streaming_api": f"wss://{domain}"},
        "stats": {"user_count": 1, "status_count": 0, "domain_count": 0},
        "thumbnail": f"{site}/preview.png",
        "languages": ["en"],
        "registrations": False,
        "approval_required": False,
        "invites_enabled": False,
        "configuration": {
            "accounts": {"max_featured_tags": ACCOUNTS["max_featured_tags"]},
            "statuses": _statuses(longest),
            "media_attachments": MEDIA,
            "polls": POLLS,
        },
        "contact_account": None,
        "rules": [],
    }


def _statuses(longest: int) -> Document:
    return {
        "max_characters": longest,
        "max_media_attachments": 4,
        "characters_reserved_per_url": LINK_LENGTH,
    }
