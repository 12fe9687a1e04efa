"""What the services of an embedded run would refuse of their settings, were they started."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

from pydantic import ValidationError

from deephypebot.child import Program
from deephypebot.settings_table import SERVICES
from services.common.database import address_of
from services.common.serve import faults_of
from services.common.settings import ServiceSettings, SettingsError, environment_name, source_key
from services.gateway.settings import GatewaySettings
from services.inference.loading import WriterMissingError, device_of
from services.inference.settings import InferenceSettings
from worker.settings import WorkerSettings


def refusals(programs: Iterable[Program]) -> list[str]:
    """What they would say instead of starting; several may read one setting."""
    return list(dict.fromkeys(fault for program in programs for fault in _refusals(program)))


def _refusals(program: Program) -> Iterator[str]:
    kind = SERVICES[program.name]
    try:
        settings = kind.model_validate(_told(kind, program.environment))
        if isinstance(settings, GatewaySettings | WorkerSettings):
            address_of(settings.database, program.name)
        if isinstance(settings, InferenceSettings) and settings.device != "auto":
            with suppress(ImportError):  # without torch there is another trouble
                device_of(settings.device)
    except ValidationError as error:
        yield from faults_of(kind, error)
    except (SettingsError, WriterMissingError) as error:
        yield str(error)


def _told(kind: type[ServiceSettings], environment: Mapping[str, str]) -> dict[str, str]:
    """Of a program's environment, what its settings read; it comes before our own."""
    return {
        source_key(name, field): environment[variable]
        for name, field in kind.model_fields.items()
        if (variable := environment_name(kind, name, field)) in environment
    }
