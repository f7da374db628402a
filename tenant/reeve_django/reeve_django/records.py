"""Keeps what the database says of the site's own address true: Wagtail's Site and ``django.contrib.sites``."""

from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings

from . import site


def address():
    """(hostname, port) of the primary hostname, as visitors see it."""
    parts = urlsplit(str(site.primary_url))
    return parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)


def record_address():
    """Writes the primary hostname into every record of it that the codebase has. Says what changed, in words."""
    changes = []
    if apps.is_installed("wagtail"):
        changes += _wagtail_site()
    if apps.is_installed("django.contrib.sites"):
        changes += _django_site()
    return changes


def _wagtail_site():
    from wagtail.models import Site

    hostname, port = address()
    record = Site.objects.filter(is_default_site=True).first() or Site(is_default_site=True, root_page=home_page())
    before = f"{record.hostname}:{record.port}"
    if record.pk and (record.hostname, record.port) == (hostname, port) and record.site_name:
        return []
    record.hostname, record.port = hostname, port
    # A name that an editor has given stays.
    record.site_name = record.site_name or str(site.name)
    # Another record may hold the address, from an import; it would win over the default one.
    Site.objects.filter(hostname=hostname, port=port).exclude(pk=record.pk).delete()
    record.save()  # Also clears Wagtail's cached root paths.
    return [f"Wagtail site: {before} -> {hostname}:{port}"]


def home_page():
    """The page that the site's root shows: the first below the tree's root, made if there is none."""
    from wagtail.models import Page

    root = Page.get_first_root_node() or Page.add_root(instance=Page(title="Root", slug="root"))
    first = root.get_children().first()
    return first or root.add_child(instance=Page(title=f"Welcome to {site.name}", slug="home"))


def _django_site():
    from django.contrib.sites.models import Site

    parts = urlsplit(str(site.primary_url))
    record, made = Site.objects.get_or_create(
        pk=getattr(settings, "SITE_ID", 1), defaults={"domain": parts.netloc, "name": str(site.name)[:50]}
    )
    if not made and record.domain == parts.netloc:
        return []
    before, record.domain = record.domain, parts.netloc
    if record.name in ("", "example.com"):
        record.name = str(site.name)[:50]
    record.save()
    return [f"django.contrib.sites: {before} -> {record.domain}"]
