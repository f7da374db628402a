from django.apps import AppConfig


class ReeveConfig(AppConfig):
    """Brings the management commands ``reeve_created`` and ``reeve_primary_changed``."""

    name = "reeve_django"
    verbose_name = "Reeve"
