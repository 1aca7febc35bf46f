"""Django's settings, from the environment. Nothing here is secret."""

import os
from typing import Any
from wsgiref.headers import Headers

import psycopg
import psycopg.conninfo
from django.core.exceptions import ImproperlyConfigured
from pydantic import ValidationError

from config.environment import ROOT, Environment
from config.kernels import kernel_folder
from config.logs import configure_structlog, logging_settings
from config.mail import mail_settings
from config.release import digest

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
        "tcp_user_timeout": 5000,  # ms
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 2,
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


def cache_url(redis_url: str) -> str:
    """Short waits: a cache that does not answer is away, and counting goes on in the process."""
    return f"{redis_url}{'&' if '?' in redis_url else '?'}socket_timeout=0.5&socket_connect_timeout=0.5"


DEBUG = ENVIRONMENT.debug
SECRET_KEY, *SECRET_KEY_FALLBACKS = ENVIRONMENT.django_secret_key
ALLOWED_HOSTS = ENVIRONMENT.allowed_hosts
TRUSTED_PROXY_COUNT = ENVIRONMENT.trusted_proxy_count
ROOT_URLCONF = "config.urls"
APPEND_SLASH = False  # the API never redirects

INSTALLED_APPS = [
    "config",
    "consent",
    "matching",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
]

MIDDLEWARE = [
    "matching.api.middleware.RequestMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.pages.PageHeadersMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "consent.accounts.session_store.KeptInUse",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "consent.views.accounts.mail_folder",
                "consent.views.navigation.navigation",
            ]
        },
    }
]

# Two roles: the app may do what the running service needs, the owner migrates. `manage.py migrate` speaks as the owner.
DATABASES = {"default": database(ENVIRONMENT.database_url), "owner": database(ENVIRONMENT.database_owner_url)}
DATABASES["owner"]["CONN_MAX_AGE"] = 0
DATABASES["owner"]["OPTIONS"]["options"] = (
    f"-c lock_timeout=10s -c statement_timeout={ENVIRONMENT.migration_statement_seconds}s"
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = ENVIRONMENT.redis_url
CELERY_BROKER_URL = ENVIRONMENT.celery_broker_url
INDEX_FOLDER = ENVIRONMENT.index_folder
LEDGER_FOLDER = ENVIRONMENT.ledger_folder
INDEX_SHARDS, INDEX_SHARD_GIB = ENVIRONMENT.index_shards, ENVIRONMENT.index_shard_gib
RAY_ADDRESS = ENVIRONMENT.ray_address
FOLLOWER = "matching.cluster.follower.ClusterFollower" if INDEX_SHARDS else "matching.follower.Follower"
os.environ.setdefault("NUMBA_CACHE_DIR", kernel_folder(ENVIRONMENT.veto_home))

CACHES = {
    "default": {
        "BACKEND": "config.cache.FailoverCache",
        "LOCATION": cache_url(REDIS_URL),
        "KEY_PREFIX": "veto",
        "KEY_FUNCTION": "config.cache.hidden",
    }
}

# People come in: see docs/adr/0006-accounts.md
HTTPS = ENVIRONMENT.served_over_https
AUTH_USER_MODEL = "consent.Person"
AUTHENTICATION_BACKENDS = ["consent.accounts.backend.Backend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["email", "username"]},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "consent.accounts.passwords.OwnWordsValidator"},
]
PASSWORD_RESET_TIMEOUT = 3600
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "photos"
LOGOUT_REDIRECT_URL = "home"

# In the database alone: a session that was ended must not come back from a cache. It ends with the browser, after an
# hour in which nothing is asked, and twelve hours after the log-in.
SESSION_ENGINE = "consent.accounts.session_store"
SESSION_COOKIE_AGE = 3600
SESSION_LONGEST = 12 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
PREFIX = "__Host-" if HTTPS else ""  # browsers then take it over HTTPS only, and from no other host
SESSION_COOKIE_NAME = f"{PREFIX}session"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = f"{PREFIX}csrf"
CSRF_TRUSTED_ORIGINS = [f"https://{'*' if host.startswith('.') else ''}{host}" for host in ALLOWED_HOSTS]
if TRUSTED_PROXY_COUNT and HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

ACCOUNT_ADAPTER = "consent.accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email", "username"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_PREVENT_ENUMERATION = "strict"
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_CONFIRMATION_EXPIRE_DAYS = 2
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True  # only in the browser that signed up
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_FORMS = {
    "login": "consent.accounts.forms.LoginForm",
    "signup": "consent.accounts.forms.SignupForm",
    "reauthenticate": "consent.accounts.forms.ReauthenticateForm",
    "change_password": "consent.accounts.forms.ChangePasswordForm",
    "reset_password": "consent.accounts.forms.ResetPasswordForm",
    "reset_password_from_key": "consent.accounts.forms.ResetPasswordKeyForm",
    "add_email": "consent.accounts.forms.AddEmailForm",
}
# Guessing is slowed by consent/accounts/backoff.py, opening accounts is capped by limits.py; this is for the rest.
ACCOUNT_RATE_LIMITS = {
    "login": None,
    "login_failed": None,
    "signup": None,
    "reauthenticate": None,
    "change_password": "20/h/user",
    "manage_email": "20/h/user",
    "confirm_email": "5/10m/key",
    "reset_password": "20/h/ip,3/h/key",
    "reset_password_from_key": "20/m/ip",
}
MFA_ADAPTER = "consent.accounts.mfa.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Veto"
MFA_TOTP_TOLERANCE = 1
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS
MFA_FORMS = {
    "authenticate": "consent.accounts.mfa_forms.AuthenticateForm",
    "reauthenticate": "consent.accounts.mfa_forms.ReauthenticateForm",
    "activate_totp": "consent.accounts.mfa_forms.ActivateTOTPForm",
    "add_webauthn": "consent.accounts.mfa_forms.AddWebAuthnForm",
    "authenticate_webauthn": "consent.accounts.mfa_forms.AuthenticateWebAuthnForm",
    "login_webauthn": "consent.accounts.mfa_forms.LoginWebAuthnForm",
    "reauthenticate_webauthn": "consent.accounts.mfa_forms.ReauthenticateWebAuthnForm",
    "edit_webauthn": "consent.accounts.mfa_forms.EditWebAuthnForm",
}

# Mails: text, and a sender and subjects that tell nothing
globals().update(mail_settings(ENVIRONMENT.email_url, ENVIRONMENT.veto_home / "mail"))
MAIL_FOLDER = "" if ENVIRONMENT.email_url else str(ENVIRONMENT.veto_home / "mail")
DEFAULT_FROM_EMAIL = SERVER_EMAIL = ENVIRONMENT.email_from

# How much may be registered in a day: see consent/accounts/limits.py
ACCOUNTS_PER_SESSION_PER_DAY = ENVIRONMENT.accounts_per_session_per_day
ACCOUNTS_PER_NETWORK_PER_DAY = ENVIRONMENT.accounts_per_network_per_day
PHOTOS_PER_SESSION_PER_DAY = ENVIRONMENT.photos_per_session_per_day
PHOTOS_PER_NETWORK_PER_DAY = ENVIRONMENT.photos_per_network_per_day
LOOKUPS_PER_NETWORK_PER_DAY = ENVIRONMENT.lookups_per_network_per_day

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("fr", "Français")]
LOCALE_PATHS = [ROOT / "locale"]
LANGUAGE_COOKIE_NAME = f"{PREFIX}language"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
USE_TZ = True
FORMAT_MODULE_PATH = ["config.formats"]
TIME_ZONE = "UTC"

# A photo is held in memory, never in a file; the views count what they read against limits of their own.
FILE_UPLOAD_HANDLERS = ["config.uploads.InMemory"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# Static files lie under an address that changes with them, and are served from where they are: nothing to collect.
STATIC_URL = f"/static/{digest(ROOT / 'static', ROOT / 'requirements.txt')}/"
STATICFILES_DIRS = [ROOT / "static"]
WHITENOISE_USE_FINDERS = True


def kept_for_good(_path: str, _url: str) -> bool:
    return not DEBUG


WHITENOISE_IMMUTABLE_FILE_TEST = kept_for_good


def sends_nothing(headers: Headers, path: str, _url: str) -> None:
    """What sees a photo can reach nothing but its own code: a worker has the policy of its file, not of its page."""
    own = "default-src 'none'; script-src 'self'; " if path.endswith("/js/hashing/worker.js") else ""
    headers["Content-Security-Policy"] = f"{own}frame-ancestors 'none'"


WHITENOISE_ADD_HEADERS_FUNCTION = sends_nothing

# Every script, style and picture is a file of ours: nothing inline, nothing from elsewhere, nothing made from text.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "worker-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
        "require-trusted-types-for": ["'script'"],
    }
}

SECURE_CONTENT_TYPE_NOSNIFF = True
# Not "no-referrer": browsers would then send `Origin: null` with forms, which the CSRF check must refuse.
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_COOKIE_HTTPONLY = True
MESSAGE_STORAGE = "config.cookies.Messages"
MESSAGES_COOKIE_NAME = f"{PREFIX}messages"
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SILENCED_SYSTEM_CHECKS = [
    "security.W008",  # whoever ends TLS sends people on to HTTPS; the API must not, and health is asked without
    "security.W021",  # to be preloaded is the choice of whoever has the domain, and hard to take back
]

WEB_WORKERS = ENVIRONMENT.web_workers
METRICS_PORT = ENVIRONMENT.metrics_port
METRICS_HOST = ENVIRONMENT.metrics_host
DECODER_CONFINEMENT = ENVIRONMENT.decoder_confinement
UNITS_PER_MINUTE = ENVIRONMENT.units_per_minute
CHECKS_KEPT_DAYS = ENVIRONMENT.checks_kept_days
BACKUPS_KEPT_DAYS = ENVIRONMENT.backups_kept_days
WEBHOOK_NETWORKS = ENVIRONMENT.webhook_networks
ACTIVITY_DELAY_HOURS = ENVIRONMENT.activity_delay_hours
API_KEY_PEPPERS = ENVIRONMENT.api_key_pepper
REF_KEY = ENVIRONMENT.ref_key
FINGERPRINT_KEYS = ENVIRONMENT.fingerprint_keys
OPERATOR = {
    "name": ENVIRONMENT.operator_name,
    "address": ENVIRONMENT.operator_address,
    "email": ENVIRONMENT.operator_email,
    "publisher": ENVIRONMENT.operator_publisher,
    "hosting": ENVIRONMENT.operator_hosting,
}

LOGGING_CONFIG = "logging.config.dictConfig"
LOGGING = logging_settings(ENVIRONMENT.log_level)
configure_structlog()
