"""Settings of the test suite: a real PostgreSQL and a real Redis, a cheap password hasher."""

from __future__ import annotations

import os

from obiwork_project.env import env

env.ENVIRON.setdefault("DJANGO_SECRET_KEY", "test-only-key-that-protects-nothing")

from obiwork_project.settings.base import *  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# One key prefix per test process, so that parallel workers share a Redis without meeting.
REDIS_KEY_PREFIX = f"test-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
WHITENOISE_USE_FINDERS = True
