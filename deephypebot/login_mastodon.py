"""The walk through Mastodon: an app of our own on the instance, a code, a token."""

from contextlib import closing
from urllib.parse import urlsplit

from deephypebot.credentials import Credential
from deephypebot.errors import CommandError
from deephypebot.login import Login, Visit, refused
from deephypebot.terminal import printable
from services.gateway.timelines.mastodon_login import (
    PROFILE_SCOPE,
    SCOPES,
    MastodonLogin,
    NotUnderstoodError,
)
from services.gateway.vendor_errors import CredentialsError, RefusedByVendorError, VendorError

NOT_THERE = (CredentialsError, NotUnderstoodError, RefusedByVendorError)
NO_INSTANCE = "{address} is no Mastodon instance: give the address of one with --instance."
WRONG_CODE = (
    "The instance does not accept the code: run the command again, and paste the whole code that "
    "is shown then."
)
NOT_USABLE = (
    "The instance does not accept its own token ({said}): look whether the account is in good "
    "standing, and run the command again."
)
NO_ADDRESS = (
    "'{address}' is no address of an instance, such as https://mastodon.social: see --instance."
)
MARK = "Mark the account as a bot's, which takes the right to change its profile?"
MARKED = "The account is marked as a bot's."
NOT_MARKED = (
    "ATTENTION: the account is not marked as a bot's ({why}): on the instance, Preferences > "
    'Public profile, tick "This is an automated account".'
)


def walk(visit: Visit, *, instance: str | None, yes: bool) -> Login:
    terminal = visit.terminal
    base = base_url(
        instance
        or visit.settings.mastodon_base_url
        or terminal.ask("Address of the instance (https://...)", "give --instance")
    )
    mark = yes or terminal.agrees(MARK, "give --yes")
    scopes = (*SCOPES, PROFILE_SCOPE) if mark else SCOPES
    with closing(MastodonLogin(base, scopes, visit.calls("mastodon"))) as door:
        with refused(NO_INSTANCE.replace("{address}", base), NOT_THERE):
            app = door.register()
        code = visit.code_of(door.address(app), "code")
        with refused(WRONG_CODE):
            token = door.token(app, code)
        with refused(NOT_USABLE):
            account = door.account(token)
        terminal.say(f"Logged in as @{printable(account.username)} on {base}.")
        remark = MARKED if account.bot else _marked(door, token, mark=mark)
    credentials = [
        Credential("MASTODON_BASE_URL", base, secret=False),
        Credential("MASTODON_ACCESS_TOKEN", token),
    ]
    return Login("mastodon", credentials, [remark])


def base_url(address: str) -> str:
    """The instance's base URL, from what people write; raises CommandError."""
    url = address.strip()
    url = url if "://" in url else f"https://{url}"
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and not parts.username
    except ValueError:
        usable = False
    if not usable:
        raise CommandError(NO_ADDRESS.replace("{address}", printable(address)))
    return url.rstrip("/")


def _marked(door: MastodonLogin, token: str, *, mark: bool) -> str:
    """What became of the mark; a token is good without it, too."""
    if not mark:
        return NOT_MARKED.replace("{why}", "declined")
    try:
        door.mark_as_bot(token)
    except VendorError as error:
        return NOT_MARKED.replace("{why}", printable(error.said).rstrip("."))
    return MARKED
