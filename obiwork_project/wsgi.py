"""WSGI entry point: everything but the event stream."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "obiwork_project.settings.production")

application = get_wsgi_application()
