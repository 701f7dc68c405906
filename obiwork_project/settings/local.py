"""Settings of a developer's machine and of the demo: embedded services, no TLS."""

from __future__ import annotations

from obiwork_project.env import env

# Only ever used on this machine; production refuses to start without a key of its own.
env.ENVIRON.setdefault("DJANGO_SECRET_KEY", "local-only-key-that-protects-nothing")

from obiwork_project.settings.base import *  # noqa: E402

DEBUG = env.bool("DJANGO_DEBUG", default=False)
# Static files are served from where they lie; nothing has to be collected first.
WHITENOISE_USE_FINDERS = True
