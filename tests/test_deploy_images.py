"""The Dockerfiles: what they copy exists, what they install is declared, nobody is root."""

import re
import shlex
import tomllib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
FILES = ("Dockerfile", "Dockerfile.gpu")
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))


@dataclass
class Stage:
    name: str
    base: str
    steps: list[tuple[str, str]]

    def last(self, instruction: str) -> str | None:
        return next((rest for what, rest in reversed(self.steps) if what == instruction), None)


def stages(path: str) -> dict[str, Stage]:
    text = (ROOT / path).read_text(encoding="utf-8")
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    found: dict[str, Stage] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        what, _, rest = line.partition(" ")
        if what == "FROM":
            base, _, name = rest.partition(" AS ")
            found[name] = Stage(name, base, [])
        else:
            list(found.values())[-1].steps.append((what, rest.strip()))
    return found


def images() -> list[tuple[str, str]]:
    """File and stage of every image that compose builds."""
    builds = [service["build"] for service in COMPOSE["services"].values() if "build" in service]
    return [
        (build.get("dockerfile", "Dockerfile"), build.get("target", "inference"))
        for build in builds
    ]


@pytest.mark.parametrize("path", FILES)
def test_every_copied_path_exists_and_is_sent_to_the_builder(path: str) -> None:
    sent = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] == "!"
    }
    copied = [
        source
        for stage in stages(path).values()
        for what, rest in stage.steps
        if what == "COPY" and not rest.startswith("--from=")
        for source in rest.split()[:-1]
    ]
    assert copied
    assert [source for source in copied if not (ROOT / source).exists()] == []
    assert set(copied) <= sent


@pytest.mark.parametrize("path", FILES)
def test_every_package_of_the_project_is_copied(path: str) -> None:
    packages = {
        name.rstrip("*") for name in PROJECT["tool"]["setuptools"]["packages"]["find"]["include"]
    }
    for stage in stages(path).values():
        if any(what == "RUN" and "--no-deps" in rest for what, rest in stage.steps):
            assert packages <= {rest.split()[0] for what, rest in stage.steps if what == "COPY"}


@pytest.mark.parametrize(("path", "target"), images())
def test_an_image_runs_without_root_and_says_how_it_is(path: str, target: str) -> None:
    stage = stages(path)[target]
    user = stage.last("USER")
    assert user is not None
    assert int(user.split(":")[0]) > 0
    assert "readyz" in (stage.last("HEALTHCHECK") or "")
    after = [what for what, _ in stage.steps[stage.steps.index(("USER", user)) :]]
    assert "RUN" not in after


@pytest.mark.parametrize(("path", "target"), images())
def test_an_image_starts_a_module_that_exists(path: str, target: str) -> None:
    command = stages(path)[target].last("CMD")
    assert command is not None
    python, flag, module = yaml.safe_load(command)
    assert (python, flag) == ("python", "-m")
    assert find_spec(f"{module}.__main__") is not None


@pytest.mark.parametrize("path", FILES)
def test_installed_extras_exist_and_are_constrained(path: str) -> None:
    installs = [
        rest
        for stage in stages(path).values()
        for what, rest in stage.steps
        if what == "RUN" and "pip install" in rest and "--no-deps" not in rest
    ]
    assert installs
    for install in installs:
        assert "--constraint constraints.txt" in install
        project = next(word for word in shlex.split(install) if word.startswith(".["))
        assert set(project[2:-1].split(",")) <= set(EXTRAS)


@pytest.mark.parametrize("target", ["gateway", "worker", "sandbox"])
def test_torch_reaches_only_the_writers_image(target: str) -> None:
    copied = stages("Dockerfile")[target].last("COPY")
    assert copied is not None
    build = stages("Dockerfile")[copied.split()[0].removeprefix("--from=")]
    extras = re.search(r"\.\[([\w,]+)\]", " ".join(rest for _, rest in build.steps))
    assert extras is not None
    wanted = [line for extra in extras[1].split(",") for line in EXTRAS[extra]]
    assert not any(line.startswith(("torch", "deephypebot[")) for line in wanted)


@pytest.mark.parametrize("path", FILES)
def test_base_images_are_pinned_to_a_version(path: str) -> None:
    found = stages(path)
    for stage in found.values():
        if stage.base not in found:
            assert re.fullmatch(r"[\w./-]+:\d[\w.-]*", stage.base)
