"""The walk through Bluesky: a handle and an app password."""

import re
from contextlib import closing

from deephypebot.credentials import Credential
from deephypebot.login import Login, Visit, refused
from deephypebot.terminal import printable
from services.gateway.timelines.bluesky_login import BlueskyAccount, BlueskyLogin
from services.gateway.timelines.bluesky_session import Login as HandleAndPassword
from services.gateway.vendor_errors import CredentialsError, VendorError

APP_PASSWORD = re.compile(r"[a-z0-9]{4}(-[a-z0-9]{4}){3}")
# What the server calls a handle that does not lead to its account.
INVALID_HANDLE = "handle.invalid"
WHERE = (
    "An app password is made at https://bsky.app/settings/app-passwords, logged in as the bot's "
    "account."
)
UNLIKELY = (
    "ATTENTION: app passwords look like xxxx-xxxx-xxxx-xxxx. If that was the account's own "
    "password, make an app password and log in again."
)
NOT_ACCEPTED = (
    "Bluesky does not accept this handle and app password: check the handle (BLUESKY_HANDLE, "
    "--handle), or make a new app password at https://bsky.app/settings/app-passwords."
)
LABEL = "Label the account as a bot's? The rest of its profile stays."
LABELLED = "The account is labelled as a bot's."
NOT_LABELLED = (
    "ATTENTION: the account is not labelled as a bot's, as Bluesky wants it ({why}): log in again "
    "to make up for it."
)


def walk(visit: Visit, *, handle: str | None, yes: bool) -> Login:
    terminal, settings = visit.terminal, visit.settings
    named = handle or settings.bluesky_handle or terminal.ask("Handle", "give --handle")
    terminal.say(WHERE)
    password = terminal.ask_secret(
        f"App password of {printable(named)}", "pipe the app password into standard input"
    )
    login = HandleAndPassword(settings.bluesky_base_url, named.removeprefix("@"), password)
    with closing(BlueskyLogin(login, visit.calls("bluesky"))) as door:
        with refused(NOT_ACCEPTED, (CredentialsError,)):
            account = door.account()
        terminal.say(f"Logged in as @{printable(account.handle)}.")
        remarks = [_labelled(visit, door, account, yes=yes)]
    if not APP_PASSWORD.fullmatch(password):
        remarks.append(UNLIKELY)
    kept = login.handle if account.handle == INVALID_HANDLE else account.handle
    credentials = [
        Credential("BLUESKY_HANDLE", kept, secret=False),
        Credential("BLUESKY_APP_PASSWORD", password),
    ]
    return Login("bluesky", credentials, remarks)


def _labelled(visit: Visit, door: BlueskyLogin, account: BlueskyAccount, *, yes: bool) -> str:
    """What became of the label; a password is good without it, too."""
    try:
        profile = door.profile(account)
        if not profile.bot:
            if not yes and not visit.terminal.agrees(LABEL, "give --yes"):
                return NOT_LABELLED.replace("{why}", "declined")
            door.mark_as_bot(account, profile)
    except VendorError as error:
        return NOT_LABELLED.replace("{why}", printable(error.said).rstrip("."))
    return LABELLED
