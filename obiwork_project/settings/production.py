"""Settings of production: everything from the environment, nothing by default that could be unsafe."""

from __future__ import annotations

from obiwork_project.env import BASE_DIR
from obiwork_project.settings.base import *

SECURE_SSL_REDIRECT = True
SECURE_HSTS_SECONDS = 31_536_000
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
STATIC_ROOT = BASE_DIR / "static-collected"  # filled by `manage.py collectstatic`
