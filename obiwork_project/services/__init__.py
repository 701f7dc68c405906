"""PostgreSQL and Redis without root, Docker or a running service; see `embedded_services`."""

from obiwork_project.services.embedded import Services, embedded_services
from obiwork_project.services.errors import ServicesError

__all__ = ["Services", "ServicesError", "embedded_services"]
