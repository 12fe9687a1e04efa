"""The settings base of every service.

Values come from, in this order: arguments, the environment, files named by `NAME_FILE` (for
secrets that an orchestrator mounts), and a `.env` file in the working directory. Fields that
several services share carry a bare name (`API_KEYS`); a service's own fields carry its prefix
(`GATEWAY_PORT`).
"""

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

PORT = "Port to listen on; 0 takes any free one, but not under `deephypebot up`."


class SettingsError(Exception):
    """A setting is wrong; the message names it and says what to do."""


class FileSecrets(PydanticBaseSettingsSource):
    """Reads a field from the file that `<NAME>_FILE` names, as orchestrators mount secrets."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        name = environment_name(self.settings_cls, field_name, field)
        path = os.environ.get(f"{name}_FILE")
        if not path:
            return None, field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").strip(), field_name, False
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is no UTF-8 text"
            message = f"{name}_FILE names {path}, which cannot be read: {reason}"
            raise SettingsError(message) from error

    def __call__(self) -> dict[str, Any]:
        values = {}
        for name, field in self.settings_cls.model_fields.items():
            value, _, _ = self.get_field_value(field, name)
            if value is not None:
                values[source_key(name, field)] = value
        return values


def environment_name(settings: type[BaseSettings], field_name: str, field: FieldInfo) -> str:
    """The environment variable that sets a field."""
    alias = field.validation_alias
    if isinstance(alias, str):
        return alias.upper()
    return f"{settings.model_config.get('env_prefix', '')}{field_name}".upper()


def source_key(field_name: str, field: FieldInfo) -> str:
    """The key that all sources give a field's value, or two values would stand side by side."""
    alias = field.validation_alias
    return alias if isinstance(alias, str) else field_name


def _fit_for_a_header(key: SecretStr) -> SecretStr:
    text = key.get_secret_value()
    if not (text.isascii() and text.isprintable()):
        message = "a key travels in a header: letters, digits and signs of ASCII only"
        raise ValueError(message)
    return key


HeaderKey = Annotated[SecretStr, AfterValidator(_fit_for_a_header)]


class ServiceSettings(BaseSettings):
    """What every service can be told."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        hide_input_in_errors=True,  # it may be a secret
        validate_by_alias=True,
        validate_by_name=True,
    )

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(0, ge=0, le=65535, description=PORT)
    api_keys: Annotated[tuple[HeaderKey, ...], NoDecode] = Field(
        (),
        validation_alias="API_KEYS",
        description="Bearer keys that callers may use, comma-separated; empty lets anyone in.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", validation_alias="LOG_LEVEL", description="Least severe event that is logged."
    )
    log_format: Literal["console", "json"] = Field(
        "console",
        validation_alias="LOG_FORMAT",
        description="`console` for people, `json` for log collectors.",
    )
    shutdown_seconds: float = Field(
        4.0,
        validation_alias="SHUTDOWN_SECONDS",
        ge=0,
        le=3600,
        description="How long requests in flight may take to finish after SIGTERM, seconds.",
    )

    @field_validator("api_keys", mode="before")
    @classmethod
    def split_keys(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(key.strip() for key in value.split(",") if key.strip())
        return value

    def key_for(self, own: SecretStr | None) -> SecretStr | None:
        """The key to send to another service: its own, or the one that all share."""
        return own or (self.api_keys[0] if self.api_keys else None)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is given
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, FileSecrets(settings_cls), dotenv_settings
