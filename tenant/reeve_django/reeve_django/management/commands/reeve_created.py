from django.apps import apps
from django.core.management.base import BaseCommand
from django.db import transaction

from reeve_django.records import home_page, record_address


class Command(BaseCommand):
    help = "Makes a new site's own address, root page and first page right. May be run again at any time."

    def handle(self, *arguments, **options):
        with transaction.atomic():
            if apps.is_installed("wagtail"):
                home_page()
            changes = record_address()
        for change in changes or ["Nothing to change."]:
            self.stdout.write(change)
