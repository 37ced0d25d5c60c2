"""Django's options, made from the one settings object."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from zhiyin import __version__
from zhiyin.domain.errors import BadSetting, MissingExtra
from zhiyin.domain.settings import Settings
from zhiyin.domain.text import say

_CONSOLE = Path(__file__).parent.parent / "console"
_TAGS = ("zy_numbers", "zy_times", "zy_names", "zy_tags", "zy_drawings", "zy_parts")


def options(settings: Settings) -> dict[str, Any]:
    """The keyword arguments of ``django.conf.settings.configure``."""
    secure = settings.base_url.startswith("https://")
    return {
        "SECRET_KEY": settings.server.secret,
        "DEBUG": False,
        "ALLOWED_HOSTS": ["*"],  # hosts are checked by the proxy in front; links use base_url, never Host
        "INSTALLED_APPS": [
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.messages",
            "django.contrib.staticfiles",
            "django.contrib.humanize",
            "zhiyin.adapters.records",
            "zhiyin.entrypoints.console",
        ],
        "MIDDLEWARE": [
            "django.middleware.security.SecurityMiddleware",
            "zhiyin.entrypoints.console.middleware.content_security_policy",
            "django.middleware.gzip.GZipMiddleware",
            "zhiyin.entrypoints.console.middleware.whole_files",
            "whitenoise.middleware.WhiteNoiseMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.locale.LocaleMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "zhiyin.entrypoints.console.middleware.owner_first",
            "zhiyin.entrypoints.console.middleware.private",
            "django.contrib.auth.middleware.LoginRequiredMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            "zhiyin.entrypoints.console.middleware.ErrorsForPeople",
            "django.middleware.clickjacking.XFrameOptionsMiddleware",
        ],
        "ROOT_URLCONF": "zhiyin.entrypoints.site.urls",
        "TEMPLATES": [
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                        "zhiyin.entrypoints.console.context.frame",
                    ],
                    "builtins": [
                        "django.templatetags.i18n",
                        "django.templatetags.static",
                        *(f"zhiyin.entrypoints.console.templatetags.{name}" for name in _TAGS),
                    ],
                },
            }
        ],
        "DATABASES": {"default": database(settings)},
        "AUTH_PASSWORD_VALIDATORS": [
            {"NAME": name}
            for name in (
                "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
                "zhiyin.entrypoints.console.passwords.LongEnough",
                "django.contrib.auth.password_validation.CommonPasswordValidator",
                "django.contrib.auth.password_validation.NumericPasswordValidator",
            )
        ],
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "USE_TZ": True,
        "TIME_ZONE": settings.shop.timezone,
        "USE_I18N": True,
        "LANGUAGE_CODE": settings.shop.language,
        "LANGUAGES": [("en", "English"), ("zh-hans", "中文")],
        "LOCALE_PATHS": [str(_CONSOLE / "locale")],
        "LANGUAGE_COOKIE_NAME": "zhiyin_language",
        "LANGUAGE_COOKIE_AGE": 365 * 86400,
        "LANGUAGE_COOKIE_SAMESITE": "Lax",
        "STATIC_URL": f"/static/{__version__}/",  # the version in the path lets browsers keep files for a year
        "WHITENOISE_USE_FINDERS": True,
        "WHITENOISE_IMMUTABLE_FILE_TEST": lambda path, url: True,
        "LOGIN_URL": "login",
        "LOGIN_REDIRECT_URL": "overview",
        "LOGOUT_REDIRECT_URL": "login",
        "SESSION_COOKIE_NAME": "zhiyin_session",
        "SESSION_COOKIE_SECURE": secure,
        "CSRF_COOKIE_NAME": "zhiyin_csrf",
        "CSRF_COOKIE_SECURE": secure,
        "CSRF_FAILURE_VIEW": "zhiyin.entrypoints.console.errors.old_form",
        "CSRF_TRUSTED_ORIGINS": [settings.base_url],
        "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https") if secure else None,
        "SECURE_REFERRER_POLICY": "same-origin",
        "X_FRAME_OPTIONS": "SAMEORIGIN",
        "DATA_UPLOAD_MAX_MEMORY_SIZE": 5 * 1024 * 1024,
        "LOGGING_CONFIG": None,
    }


def database(settings: Settings) -> dict[str, Any]:
    """Django's description of the records: SQLite in the workspace, or the PostgreSQL of the settings."""
    if not settings.records.url:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(settings.workspace / "records.sqlite3"),
            "OPTIONS": {
                "timeout": 30,
                "transaction_mode": "IMMEDIATE",
                # FULL: the send ledger must survive a power cut
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
            },
        }
    url = urlsplit(settings.records.url)
    if url.scheme not in ("postgresql", "postgres") or not url.path.strip("/"):
        raise BadSetting(
            say("records.url is not a PostgreSQL address."),
            fix=say("Write postgresql://USER:PASSWORD@HOST:PORT/NAME."),
        )
    try:
        import psycopg  # noqa: F401
    except ImportError as error:
        raise MissingExtra.of("postgres", "records.url") from error
    query = dict(pair.split("=", 1) for pair in url.query.split("&") if "=" in pair)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(url.path.strip("/")),
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": unquote(query.get("host", url.hostname or "")),
        "PORT": str(url.port or ""),
        "CONN_HEALTH_CHECKS": True,
    }
