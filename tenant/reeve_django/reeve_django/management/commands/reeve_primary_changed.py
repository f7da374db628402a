from django.core.management.base import BaseCommand
from django.db import transaction

from reeve_django.records import record_address


class Command(BaseCommand):
    help = "Follows a change of the primary hostname: Wagtail's Site record and django.contrib.sites."

    def handle(self, *arguments, **options):
        with transaction.atomic():
            changes = record_address()
        for change in changes or ["Nothing to change."]:
            self.stdout.write(change)
