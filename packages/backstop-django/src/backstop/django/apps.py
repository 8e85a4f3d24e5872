"""The app: puts every connection under guard when Django starts."""

from __future__ import annotations

from django.apps import AppConfig
from django.core import checks


class BackstopConfig(AppConfig):
    """Backstop, as ``INSTALLED_APPS`` names it."""

    name = "backstop.django"
    label = "backstop"
    verbose_name = "Backstop"

    def ready(self) -> None:
        """Guard connections from here on; asked again, it changes nothing."""
        # Imported here: a project that only names the app must not load its connections.
        from backstop.django.actors import name_commands
        from backstop.django.checks import check_settings
        from backstop.django.connections import guard_connections
        from backstop.django.deployment import check_deployment
        from backstop.django.migrating import name_migrations

        checks.register(check_settings, "backstop")
        checks.register(check_deployment, "backstop", deploy=True)
        guard_connections()
        name_commands()
        name_migrations()
