"""`PEOPLE`: who has which key, and a clear word where it is written wrong."""

from collections.abc import Callable

import pytest
from pydantic import ValidationError

from services.common.serve import load_settings
from services.gateway.people import EVERY_ROLE, people_from
from services.gateway.settings import GatewaySettings

ADA, BOB = "a-long-key-of-ada-1", "bobs:key:with:colons"


def test_people_are_parted_by_commas_and_lines() -> None:
    ada, bob, carl = people_from(
        f"ada:curate+publish:{ADA},\n Bob Ross : curate : {BOB}\ncarl:operate:{'c' * 16}\n"
    )
    assert (ada.name, ada.key.get_secret_value()) == ("ada", ADA)
    assert (bob.name, bob.key.get_secret_value()) == ("Bob Ross", BOB)
    assert (ada.roles, bob.roles) == (frozenset({"curate", "publish"}), frozenset({"curate"}))
    assert ada.roles | carl.roles == EVERY_ROLE


def test_a_person_may_have_two_keys_while_one_is_replaced() -> None:
    assert len({person.key_id for person in people_from(f"ada:curate:{ADA},ada:curate:{BOB}")}) == 2


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (f"ada:{ADA}", "entry 1 is not name:roles:key"),
        (ADA, "entry 1 is not name:roles:key"),
        (f"ada:curate:{ADA},:curate:{BOB}", "entry 2 is not name:roles:key"),
        (f"ada::{ADA}", "entry 1 is not name:roles:key"),
        (f"ada:curate+reign:{ADA}", "curate, operate, publish"),
        (f"ada:{ADA}:curate+publish+operate", "curate, operate, publish"),
        ("ada:curate:hunter2hunter2", "16 characters or more"),
        (f"a\tda:curate:{ADA}", "printable"),
        (f"{'a' * 61}:curate:{ADA}", "1 to 60"),
        (f"ada:curate:{ADA},bob:operate:{ADA}", "a key is there twice"),
    ],
)
def test_a_wrong_form_is_told_without_a_key(
    monkeypatch: pytest.MonkeyPatch, text: str, complaint: str
) -> None:
    monkeypatch.setenv("API_KEYS", "of-the-services")
    monkeypatch.setenv("PEOPLE", text)
    with pytest.raises(SystemExit, match="PEOPLE: ") as caught:
        load_settings(GatewaySettings)
    message = str(caught.value)
    assert complaint in message
    assert not any(secret in message for secret in (ADA, BOB, "hunter2"))


def test_a_key_of_the_services_is_nobodys_own(settings: Callable[..., GatewaySettings]) -> None:
    with pytest.raises(ValidationError, match="a key is there twice"):
        settings(api_keys=f"other,{ADA}", people=f"ada:curate:{ADA}")


def test_people_without_keys_of_the_services_are_refused(
    settings: Callable[..., GatewaySettings],
) -> None:
    with pytest.raises(ValidationError, match="PEOPLE needs API_KEYS too") as caught:
        settings(people=f"ada:curate:{ADA}")
    assert ADA not in str(caught.value)


def test_keys_of_people_are_not_shown(settings: Callable[..., GatewaySettings]) -> None:
    assert ADA not in repr(settings(api_keys="of-the-services", people=f"ada:curate:{ADA}"))
