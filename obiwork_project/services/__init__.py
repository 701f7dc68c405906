"""PostgreSQL and Redis without root, Docker or a running service; see `embedded_services`."""

from obiwork_project.services.embedded import Services, embedded_services
from obiwork_project.services.errors import ServicesError
from obiwork_project.services.folders import chosen_run_dir

__all__ = ["Services", "ServicesError", "chosen_run_dir", "embedded_services"]
