"""Settings of every part, read from the environment (`ADOPTION_…`) and, below it, from the stack file.

`adoption up` writes the addresses and credentials of the embedded stack to `<data dir>/stack.json` (mode 0600), so that
`adoption report`, `emit` and `tail` find it without a word. `adoption config` prints all of this, secrets masked.
"""

from __future__ import annotations

import json
import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict


def data_dir() -> Path:
    """Where the embedded stack keeps its data: `ADOPTION_DATA_DIR`, else `~/.local/share/adoption`."""
    return Path(os.environ.get("ADOPTION_DATA_DIR") or Path.home() / ".local" / "share" / "adoption")


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"expected a regular expression, got {text!r}: {error}") from error
    return text


Pattern = Annotated[str, AfterValidator(_pattern)]


class _StackFile(PydanticBaseSettingsSource):
    """Addresses and credentials that the running embedded stack wrote down."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        path = data_dir() / "stack.json"
        if not path.exists():
            return {}
        stored: dict[str, Any] = json.loads(path.read_text())
        return {name: value for name, value in stored.items() if name in self.settings_cls.model_fields}


class Settings(BaseSettings):
    """One flat set of settings; each part reads the few it needs."""

    model_config = SettingsConfigDict(env_prefix="ADOPTION_", frozen=True, extra="ignore")

    kafka_bootstrap: str = Field("127.0.0.1:9092", description="host:port[,host:port] of Kafka")
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_sasl_mechanism: str | None = Field(None, description="SCRAM-SHA-256, SCRAM-SHA-512, PLAIN or OAUTHBEARER")
    kafka_sasl_username: str | None = None
    kafka_sasl_password: SecretStr | None = None
    kafka_ca_file: Path | None = None

    clickhouse_url: str = Field("http://127.0.0.1:8123", description="ClickHouse's HTTP interface")
    clickhouse_database: str = "adoption"
    clickhouse_user: str = Field("default", description="Writer: workers and migrations")
    clickhouse_password: SecretStr = SecretStr("")
    clickhouse_reader_user: str | None = Field(None, description="Reader: reports; None: the writer")
    clickhouse_reader_password: SecretStr = SecretStr("")
    clickhouse_timeout: int = Field(
        30,
        description="Seconds a call may take; well under a consumer's poll interval, so that a hang costs no partition",
    )
    clickhouse_cluster: str | None = Field(None, description="Replicated tables ON CLUSTER this name; None: one server")

    time_zone: str = Field("UTC", description="Zone in which days, weeks and months are cut; fixed at creation")
    incarnation: int = Field(0, description="Raise it when the dirty topic is made anew: offsets begin at 0 again")

    environment_tiers: dict[str, Literal["production", "nonprod"]] = Field(
        {}, description="JSON: environment as sent, any case, to its tier; stands before what its name says"
    )
    attribution_hours: float = Field(
        24, gt=0, description="An incident is laid at the latest deployment at most this long before it"
    )
    hotfix_label: str = Field("hotfix", description="Label of changes and deployments made because of an incident")
    hotfix_ref: Pattern = Field(r"^hotfix[/-]", description="Branches of such changes and deployments, any case")
    hotfix_title: Pattern = Field(r"\bhotfix\b", description="Titles of such changes and deployments, any case")
    fiscal_year_start: int = Field(1, ge=1, le=12, description="Month in which the fiscal year begins; cuts quarters")
    tier_edition: Literal["2021", "2023", "2024"] = Field(
        "2024", description="Edition whose tiers are the headline; the others stand beside it"
    )

    ingest_url: str = Field("http://127.0.0.1:8080", description="Where emit, tail and backfill send to")
    ingest_token: SecretStr | None = Field(None, description="Token that emit, tail and backfill send with")
    ingest_host: str = Field("127.0.0.1", description="Address that the ingest service binds")
    ingest_port: int = Field(8080, description="Port that the ingest service binds")
    ingest_access_file: Path | None = Field(None, description="JSON: tokens per source, webhook secrets")
    generic_dir: Path | None = Field(None, description="YAML files, each a webhook of its own mapped without code")
    outbox_dir: Path | None = Field(None, description="Spool acknowledged events here, fsynced; None: wait for Kafka")

    cost_tags: tuple[str, ...] = Field(
        ("service", "app.kubernetes.io/name", "application"),
        description="Tags and labels of a charge that name its service, the first that it has counts; as JSON: a list",
    )
    cost_final_days: int = Field(
        10, ge=0, description="Days after its end when a billing period is taken as closed without the provider's word"
    )

    actor_salt: SecretStr = Field(SecretStr("adoption"), description="Salt of hashed persons and client addresses")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then the stack file."""
        return init_settings, env_settings, _StackFile(settings_cls)


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The process's settings, read once."""
    return Settings()
