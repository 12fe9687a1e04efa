"""Who is looking at a page, what they may do, and whether a form really came from one.

- With `API_KEYS`, a person logs in: with one of those, which has every role, or with their own of
  `PEOPLE`, which has the roles and the name that stand there.
- Without keys nobody logs in, so the pages answer to loopback names only: a page elsewhere whose
  name was rebound to this machine is turned away.
- A form must come from this origin (`Sec-Fetch-Site`, `Origin`) and carry the token of the
  cookie that only this origin can read.
- A route says who may have it: `visitor: Annotated[Visitor, Depends(may(CURATE))]`.
"""

import hmac
import ipaddress
import secrets
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import unquote, urlsplit

from fastapi import Depends, Form, Request, Response
from pydantic import SecretStr

from services.common.auth import key_id
from services.common.problems import ForbiddenError
from services.gateway.pages.sessions import SESSION, session_key, set_cookie
from services.gateway.people import EVERY_ROLE, MAX_NAME, Actor, Role
from services.gateway.settings import GatewaySettings

TOKEN = "deephypebot_token"  # noqa: S105 - a cookie's name
CURATOR = "deephypebot_curator"
CURATOR_SECONDS = 365 * 86_400


class LoginNeeded(Exception):  # noqa: N818 - it is no error: the answer is the login page
    """The visitor has to log in before they see `wanted`."""

    def __init__(self, wanted: str) -> None:
        super().__init__(wanted)
        self.wanted = wanted


@dataclass(frozen=True)
class Visitor:
    """The person in front of the page, as far as their cookies tell."""

    curator: str  # the name that decisions carry
    token: str
    roles: frozenset[Role]
    key_id: str | None
    named_by_key: bool  # and so not by themselves
    logged_in: bool
    needs_login: bool

    def may(self, *roles: Role) -> bool:
        """Whether they have one of the roles."""
        return not self.roles.isdisjoint(roles)

    def acting(self, role: Role | None = None) -> Actor:
        """The visitor as the audit log names them."""
        return Actor(self.curator, self.key_id, role)

    def remember_token(self, request: Request, response: Response) -> None:
        if request.cookies.get(TOKEN) != self.token:
            set_cookie(request, response, TOKEN, self.token, CURATOR_SECONDS)


def visitor_of(request: Request) -> Visitor:
    settings: GatewaySettings = request.app.state.settings
    key = session_key(request.cookies.get(SESSION, ""), page_keys(settings))
    token = request.cookies.get(TOKEN) or secrets.token_urlsafe(24)
    return visitor_with(settings, key, token, _chosen_name(request) or settings.curator)


def visitor_with(
    settings: GatewaySettings, key: SecretStr | None, token: str, name: str
) -> Visitor:
    """The visitor whom `key` let in (None: nobody was), called `name` unless the key says how."""
    person = next((person for person in settings.people if person.key == key), None)
    everything = key is not None or not settings.api_keys
    if person is None and is_taken(settings, name):
        name = settings.curator
    return Visitor(
        curator=person.name if person else name,
        token=token,
        roles=person.roles if person else EVERY_ROLE if everything else frozenset(),
        key_id=key_id(key.get_secret_value()) if key else None,
        named_by_key=person is not None,
        logged_in=key is not None,
        needs_login=bool(settings.api_keys),
    )


def is_taken(settings: GatewaySettings, name: str) -> bool:
    """Whether only somebody's own key may say this name."""
    return name in {person.name for person in settings.people}


def page_keys(settings: GatewaySettings) -> list[SecretStr]:
    """All keys that open pages."""
    return [*settings.api_keys, *(person.key for person in settings.people)]


def _chosen_name(request: Request) -> str:
    told = unquote(request.cookies.get(CURATOR, ""))
    return "".join(filter(str.isprintable, told)).strip()[:MAX_NAME]


@dataclass(frozen=True)
class May:
    """Dependency of a page: its visitor, who has one of these roles.

    Raises LoginNeeded, and ForbiddenError for one who is known and has none of them.
    """

    roles: frozenset[Role]

    async def __call__(self, request: Request) -> Visitor:
        visitor = visitor_of(request)
        if not visitor.needs_login:
            refuse_rebound_name(request)
        elif not visitor.logged_in:
            raise LoginNeeded(_wanted(request))
        if not visitor.may(*self.roles):
            raise ForbiddenError(
                f"This takes the role {_listed(self.roles)}, and your key has "
                f"{_listed(visitor.roles)}. Who may do what is set in PEOPLE."
            )
        return visitor


def may(*roles: Role) -> May:
    """A dependency that lets in whoever has one of these roles; without any, whoever has a key."""
    return May(frozenset(roles) or EVERY_ROLE)


admit = may()


def _listed(roles: frozenset[Role]) -> str:
    return " or ".join(f"'{role}'" for role in sorted(roles))


def _wanted(request: Request) -> str:
    """Where to go after the login: the page asked for, or the first one after a form."""
    if request.method != "GET":
        return "/"
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def refuse_rebound_name(request: Request) -> None:
    settings: GatewaySettings = request.app.state.settings
    name = request.url.hostname or ""
    if _is_loopback(settings.host) and not (_is_loopback(name) or name == settings.host):
        message = (
            f"Without API_KEYS this page answers on this machine only, not as '{name}'. "
            "Set API_KEYS to open it to others."
        )
        raise ForbiddenError(message)


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


async def own_form(request: Request, token: Annotated[str, Form()] = "") -> None:
    """Dependency of every POST: raises ForbiddenError for a form that came from elsewhere."""
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    same_origin = origin is None or urlsplit(origin).netloc == request.headers.get("host")
    cookie = request.cookies.get(TOKEN, "")
    same_token = bool(cookie) and hmac.compare_digest(cookie.encode(), token.encode())
    if site not in {"same-origin", "none"} or not same_origin or not same_token:
        raise ForbiddenError(
            "This form did not come from this page, so nothing was changed. "
            "Open the page again (cookies must be allowed) and repeat it."
        )


FORM_CHECKS = [Depends(own_form)]
