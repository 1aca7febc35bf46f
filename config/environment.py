"""The environment, parsed once: what an operator can set, with its type and its default.

Values come from the environment, else from the file that `make run` writes into its home. `.env.example` lists them.
"""

import base64
import binascii
import ipaddress
import os
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from config.mail import mail_settings

ROOT = Path(__file__).resolve().parent.parent
HOME = Path(os.environ.get("VETO_HOME") or ROOT / ".veto")
FILE = Path(os.environ.get("VETO_ENV_FILE") or HOME / "veto.env")

T = TypeVar("T")
CommaSeparated = Annotated[list[str], NoDecode]
Ring = Annotated[list[T], NoDecode, Field(min_length=1)]


class Environment(BaseSettings):
    """Raises pydantic.ValidationError, which names the variable and what it accepts."""

    model_config = SettingsConfigDict(
        env_file=FILE, env_file_encoding="utf-8", extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    # Where things are
    veto_home: Path = HOME
    database_url: str
    database_owner_url: str = ""
    migration_statement_seconds: int = Field(default=300, ge=0)  # 0: no end
    redis_url: str
    celery_broker_url: str = ""
    ledger_folder: Path = HOME / "ledger"
    index_folder: Path = Path("/dev/shm")  # noqa: S108 (files of mode 0600 in it)
    index_shards: int = Field(default=0, ge=0, le=1000)
    index_shard_gib: float = Field(default=1.0, ge=0)
    ray_address: str = "auto"

    # Secrets, where several the current one first: `manage.py rotate_secret`
    django_secret_key: Ring[Annotated[str, Field(min_length=32)]]
    api_key_pepper: Ring[bytes]
    ref_key: bytes
    fingerprint_keys: Annotated[dict[str, bytes], NoDecode]  # id to key, the current one first

    # How it is reached
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    allowed_hosts: CommaSeparated = ["localhost", "127.0.0.1", "[::1]"]
    trusted_proxy_count: int = Field(default=0, ge=0, le=10)
    served_over_https: bool = True
    debug: bool = False
    log_level: str = "INFO"

    # Who answers for it, on the legal notice and the privacy page
    operator_name: str = ""
    operator_address: str = ""
    operator_email: str = ""
    operator_publisher: str = ""
    operator_hosting: str = ""

    # How many web processes there are, and how much a platform may ask
    web_workers: int = Field(default=2, ge=1)
    decoder_confinement: Literal["preferred", "required"] = "preferred"
    units_per_minute: int = Field(default=600_000, ge=1)
    checks_kept_days: int = Field(default=365, ge=1)
    backups_kept_days: int = Field(default=30, ge=1)
    webhook_networks: CommaSeparated = []
    activity_delay_hours: float = Field(default=24, ge=0)

    # What `manage.py metrics` serves; 0: nothing
    metrics_port: int = Field(default=0, ge=0, le=65535)
    metrics_host: str = "127.0.0.1"

    # Mails to people, and how much may be registered in a day
    email_url: str = ""
    email_from: str = "noreply@localhost"
    accounts_per_session_per_day: int = Field(default=3, ge=0)
    accounts_per_network_per_day: int = Field(default=50, ge=0)
    photos_per_session_per_day: int = Field(default=200, ge=0)
    photos_per_network_per_day: int = Field(default=2000, ge=0)
    lookups_per_network_per_day: int = Field(default=30, ge=0)

    @field_validator("allowed_hosts", "webhook_networks", "django_secret_key", mode="before")
    @classmethod
    def split(cls, value: Any) -> Any:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("ref_key", mode="before")
    @classmethod
    def unhex(cls, value: str) -> bytes:
        try:
            key = bytes.fromhex(value)
        except ValueError:
            key = b""
        if len(key) != 32:
            raise ValueError("expected 64 hexadecimal digits")
        return key

    @field_validator("api_key_pepper", mode="before")
    @classmethod
    def unhex_each(cls, value: str) -> list[bytes]:
        return [cls.unhex(part.strip()) for part in value.split(",")]

    @field_validator("fingerprint_keys", mode="before")
    @classmethod
    def key_ring(cls, value: str) -> dict[str, bytes]:
        ring: dict[str, bytes] = {}
        for part in value.split(","):
            key_id, _, encoded = part.strip().partition(":")
            try:
                key = base64.b64decode(encoded, validate=True)
            except binascii.Error:
                key = b""
            if not key_id or len(key) != 32:
                raise ValueError(f"the key {key_id!r} is not written as id:base64 of 32 bytes")
            if key_id in ring:
                raise ValueError(f"the key {key_id!r} is there twice")
            ring[key_id] = key
        return ring

    @field_validator("webhook_networks")
    @classmethod
    def networks(cls, value: list[str]) -> list[str]:
        return [str(ipaddress.ip_network(network)) for network in value]

    @field_validator("email_url")
    @classmethod
    def mail(cls, value: str) -> str:
        mail_settings(value, HOME)
        return value

    @model_validator(mode="after")
    def derive(self) -> Self:
        self.database_owner_url = self.database_owner_url or self.database_url
        self.celery_broker_url = self.celery_broker_url or beside(self.redis_url)
        return self


def beside(redis_url: str) -> str:
    """The broker's URL: database 1 of the server whose database 0 is the cache."""
    address, _, _ = redis_url.partition("?")
    if address.startswith("unix://"):
        return f"redis+socket://{address.removeprefix('unix://')}?virtual_host=1"
    scheme, _, rest = address.partition("://")
    host, _, _ = rest.partition("/")
    return f"{scheme}://{host}/1"
