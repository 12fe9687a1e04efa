"""The walk through X: an app's keys, a PIN, four credentials."""

from contextlib import closing

from pydantic import SecretStr

from deephypebot.credentials import Credential
from deephypebot.login import Login, Visit, refused
from deephypebot.terminal import printable
from services.gateway.timelines.x import XKeys
from services.gateway.timelines.x_login import App, XLogin
from services.gateway.vendor_errors import OutOfCreditError

NO_APP = (
    "X does not let the app log anybody in ({said}): check X_CONSUMER_KEY and X_CONSUMER_SECRET, "
    "and in X's developer console that the app has user authentication, to read and write."
)
WRONG_PIN = (
    "X does not accept the PIN ({said}): run the command again, and give it the PIN that is shown "
    "then."
)
NOT_USABLE = "X gave tokens that it does not accept ({said}): run the command again."
READ_ONLY = (
    "ATTENTION: X lets the app read only: give it permission to write in X's developer console, "
    "then log in again."
)
NO_CREDIT = "ATTENTION: X lets the tokens do nothing yet: {said}"
BUDGET = "X costs money: set X_DAILY_USD to the most that it may cost a day, in US dollars."
AUTOMATED = (
    'Turn on the "Automated" label: on X, Settings > Your account > Automation; it links your own '
    "account."
)


def walk(visit: Visit) -> Login:
    settings = visit.settings
    app = App(
        _given(visit, "X_CONSUMER_KEY", settings.x_consumer_key, "API key of the X app"),
        _given(visit, "X_CONSUMER_SECRET", settings.x_consumer_secret, "API key secret"),
    )
    with closing(XLogin(app, settings.x_base_url, visit.calls("x"))) as door:
        with refused(NO_APP):
            begun = door.begin()
        pin = visit.code_of(door.address(begun), "PIN")
        with refused(WRONG_PIN):
            keys = door.finish(begun, pin)
        with refused(NOT_USABLE):
            remarks = _tried(visit, door, keys)
    if settings.x_daily_usd is settings.x_monthly_usd is None:
        remarks.append(BUDGET)
    return Login("x", _credentials(keys), [*remarks, AUTOMATED])


def _given(visit: Visit, name: str, known: SecretStr | None, question: str) -> str:
    if known is not None:
        visit.terminal.say(f"{name} is set already, and used.")
        return known.get_secret_value()
    return visit.terminal.ask_secret(question, f"set {name}")


def _tried(visit: Visit, door: XLogin, keys: XKeys) -> list[str]:
    """Say whose account this is; remarks upon it."""
    try:
        account = door.account(keys)
    except OutOfCreditError as error:
        return [NO_CREDIT.replace("{said}", printable(error.said))]
    visit.terminal.say(f"Logged in as @{printable(account.username)}.")
    return [] if account.may_publish else [READ_ONLY]


def _credentials(keys: XKeys) -> list[Credential]:
    return [
        Credential("X_CONSUMER_KEY", keys.consumer_key),
        Credential("X_CONSUMER_SECRET", keys.consumer_secret),
        Credential("X_ACCESS_TOKEN", keys.access_token),
        Credential("X_ACCESS_TOKEN_SECRET", keys.access_token_secret),
    ]
