"""Settings shared by every environment."""

from __future__ import annotations

from obiwork_project.env import celery_broker_url, env
from obiwork_project.settings import admin_site

SECRET_KEY = env.str("DJANGO_SECRET_KEY")
DEBUG = False
ALLOWED_HOSTS: list[str] = env.list("DJANGO_ALLOWED_HOSTS", default=["127.0.0.1", "localhost"])

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "obiwork_project",
    "accounts",
    "trading",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "obiwork_project.urls"
WSGI_APPLICATION = "obiwork_project.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# Intents are durable before they are sent: PostgreSQL's synchronous_commit stays on, and connections are kept
# because opening one costs more than a whole evaluation. A connection that broke is replaced after the error it caused.
DATABASES = {"default": {**env.db_url("DATABASE_URL"), "CONN_MAX_AGE": None}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL")
REDIS_KEY_PREFIX = env.str("OBIWORK_REDIS_PREFIX", default="obiwork")
CELERY_BROKER_URL = celery_broker_url(REDIS_URL)
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

LANGUAGE_CODE = "pt-br"
LANGUAGES = [("pt-br", "Português (Brasil)"), ("en", "English")]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

UNFOLD = admin_site.UNFOLD

STATIC_URL = "static/"

# The exchange and the signer.
EXCHANGE_REST_URL = env.str("EXCHANGE_REST_URL", default="https://api.backpack.exchange")
EXCHANGE_WS_URL = env.str("EXCHANGE_WS_URL", default="wss://ws.backpack.exchange/")
# Short, so that an order whose answer was lost is settled soon; clocks have to agree to within it.
EXCHANGE_WINDOW_MS = env.int("EXCHANGE_WINDOW_MS", default=2_000)
EXCHANGE_TIMEOUT_S = env.float("EXCHANGE_TIMEOUT_S", default=5.0)
SIGNER_SOCKET = env.str("SIGNER_SOCKET", default="")

# How many times faster than the wall clock the market runs; anything but 1 exists only under replay.
MARKET_SPEED = env.float("MARKET_SPEED", default=1.0)

# Accounts are sharded by id over the queues hot.0 … hot.N-1, one worker process of concurrency 1 each.
HOT_SHARDS = env.int("HOT_SHARDS", default=1)

# A position is closed at market when it has had no sufficient stop for this long (wall time).
NAKED_BUDGET_MS = env.int("NAKED_BUDGET_MS", default=2_000)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="INFO")},
}
