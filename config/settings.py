"""Django's settings, from the environment. Nothing here is secret."""

from typing import Any

import psycopg
import psycopg.conninfo
from django.core.exceptions import ImproperlyConfigured
from pydantic import ValidationError

from config.environment import ROOT, Environment
from config.logs import configure_structlog, logging_settings

try:
    ENVIRONMENT = Environment()
except ValidationError as error:
    faults = "; ".join(f"{'.'.join(map(str, entry['loc'])).upper()}: {entry['msg']}" for entry in error.errors())
    raise ImproperlyConfigured(f"{faults}. See .env.example; `make run` needs none of it.") from None


def database(url: str) -> dict[str, Any]:
    """A libpq URL or key=value string as Django's dictionary."""
    parts = {key: str(value) for key, value in psycopg.conninfo.conninfo_to_dict(url).items()}
    # A server that does not answer is a server that is away: the caller then says "unknown" rather than wait.
    options: dict[str, Any] = {
        "connect_timeout": 3,
        "options": "-c statement_timeout=15s -c lock_timeout=10s",
        "isolation_level": psycopg.IsolationLevel.READ_COMMITTED,  # the change sequence rests on it
    }
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.pop("dbname", ""),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": parts.pop("port", ""),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options | parts,
    }


DEBUG = ENVIRONMENT.debug
SECRET_KEY = ENVIRONMENT.django_secret_key
ALLOWED_HOSTS = ENVIRONMENT.allowed_hosts
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
APPEND_SLASH = False  # the API never redirects

INSTALLED_APPS = [
    "config",
    "consent",
    "matching",
    "django.contrib.auth",
    "django.contrib.contenttypes",
]

MIDDLEWARE = [
    "matching.api.middleware.RequestMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "OPTIONS": {"context_processors": ["django.template.context_processors.i18n"]},
    }
]

# Two roles: the app may do what the running service needs, the owner migrates. `manage.py migrate` speaks as the owner.
DATABASES = {"default": database(ENVIRONMENT.database_url), "owner": database(ENVIRONMENT.database_owner_url)}
DATABASES["owner"]["CONN_MAX_AGE"] = 0
DATABASES["owner"]["OPTIONS"]["options"] = "-c lock_timeout=10s"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = ENVIRONMENT.redis_url
CELERY_BROKER_URL = ENVIRONMENT.celery_broker_url

AUTH_USER_MODEL = "consent.Person"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("fr", "Français")]
LOCALE_PATHS = [ROOT / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"

# A photo is held in memory, never in a file; the views count what they read against limits of their own.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "no-referrer"
X_FRAME_OPTIONS = "DENY"

API_KEY_PEPPER = ENVIRONMENT.api_key_pepper
REF_KEY = ENVIRONMENT.ref_key
FINGERPRINT_KEYS = ENVIRONMENT.fingerprint_keys
TRUSTED_PROXY_COUNT = ENVIRONMENT.trusted_proxy_count

LOGGING_CONFIG = "logging.config.dictConfig"
LOGGING = logging_settings(ENVIRONMENT.log_level)
configure_structlog()
