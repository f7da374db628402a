"""
The site that this process serves, as Django settings. ``from reeve_django import site`` in a settings module.

Under Reeve everything comes from the file named by ``REEVE_SITE_FILE`` and is looked up when it is used. Without
Reeve the same names describe a project for development on one's own machine.
"""

import os
from pathlib import Path

from .live import LiveDict, LiveList, LivePath, LiveString
from .site_file import site_file

#: The nginx in front says by which scheme the visitor came, and overwrites what a visitor claims.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

_LOCAL_HOSTS = ["localhost", ".localhost", "127.0.0.1", "[::1]"]
# Django's own deployment check warns of keys that begin like this one.
_LOCAL_KEY = "django-insecure-for-development-without-reeve-only-not-a-secret"


def bind(path, site_id=None):
    """Makes this process that of the site whose file is ``path``; for one that was forked before it knew."""
    from django.core.cache import caches
    from django.db import connections

    os.environ["REEVE_SITE_FILE"] = str(path)
    if site_id:
        os.environ["REEVE_SITE_ID"] = site_id
    # Django's own checks make a cache of each kind, and what is made keeps its prefix and its server.
    for alias in caches:
        try:
            del caches[alias]
        except AttributeError:
            continue
    connections.close_all()


def _at_import(look_up, otherwise):
    """A value that Django wants plain: the file's if there is one already, else ``otherwise``."""
    return look_up(site_file.read()) if site_file.path else otherwise


def _live(look_up, local, until_known):
    """
    A function that looks a value up: in the file under Reeve; ``local`` without Reeve; ``until_known`` in a
    process that will learn its site after a fork, which must be able to set up the whole codebase before.
    """

    def look():
        if site_file.path:
            return look_up(site_file.read())
        return until_known if site_file.expected else local

    return look


def _string(look_up, local):
    # Random: whatever took this for a key before the site was known fails closed.
    look = _live(look_up, local, f"not-known-yet-{os.urandom(24).hex()}")
    return LiveString(look, look())


def _hostnames(contents):
    # nginx answers `redirect` hostnames by itself, so Django has no reason to accept them.
    return [entry["hostname"] for entry in contents["hostnames"] if entry["role"] != "redirect"]


def _origins(contents):
    port = contents["primaryUrl"].rpartition("//")[2].partition("/")[0].partition(":")[2]
    hosts = [name + (f":{port}" if port else "") for name in _hostnames(contents)]
    return [f"{scheme}://{host}" for host in hosts for scheme in ("https", "http")]


DEBUG = _at_import(lambda site: bool(site.get("debug")), not site_file.expected)
SECRET_KEY = _string(lambda site: site["secretKey"], _LOCAL_KEY)
SECRET_KEY_FALLBACKS = LiveList(_live(lambda site: site["secretKeyFallbacks"], [], []))
ALLOWED_HOSTS = LiveList(_live(_hostnames, _LOCAL_HOSTS, []))
#: Only needed where something in front of Reeve changes scheme or port. Django reads it once a process.
csrf_trusted_origins = LiveList(_live(_origins, [], []))

id = _string(lambda site: site["site"]["id"], "local")
name = _string(lambda site: site["site"]["name"], "local")
#: Scheme, primary hostname and port, without a slash at the end.
primary_url = _string(lambda site: site["primaryUrl"].rstrip("/"), "http://localhost:8000")

STATIC_URL = _at_import(lambda site: site["static"]["url"], os.environ.get("REEVE_STATIC_URL", "/static/"))
STATIC_ROOT = _at_import(
    lambda site: site["static"]["root"], os.environ.get("REEVE_STATIC_ROOT", str(Path.cwd() / "static-collected"))
)
MEDIA_URL = _at_import(lambda site: site["store"].get("mediaUrl") or "/media/", "/media/")
MEDIA_ROOT = LivePath(
    _live(lambda site: site["store"].get("root") or site["work"], str(Path.cwd() / "media"), "/nonexistent")
)
#: The site's own directory for what it must write outside its store: indexes, exports, scratch files.
work = LivePath(_live(lambda site: site["work"], str(Path.cwd()), "/nonexistent"))


def env(variable, default=None):
    """The value that was set for this site in Reeve, else the process's own variable, else ``default``."""
    own = site_file.read().get("env", {}) if site_file.path else {}
    return own.get(variable, os.environ.get(variable, default))


def databases(local=None, **extra):
    """
    ``DATABASES``: the site's own Postgres database as ``default``.

    ``extra`` is added to it (``OPTIONS={...}``). ``local`` is used without Reeve instead of an SQLite file.
    Connections close after each request, because a container's sites together hold more workers than a
    database server has connections; and so a rotated password is in force without a restart.
    """
    if not site_file.expected:
        return {"default": local or {"ENGINE": "django.db.backends.sqlite3", "NAME": Path.cwd() / "db.sqlite3"}}

    def current():
        # A process that does not know its site yet can still set up models: only connecting needs a name.
        known = site_file.read()["database"] if site_file.path else {}
        return {
            "ENGINE": "django.db.backends.postgresql",
            "CONN_MAX_AGE": 0,
            "HOST": known.get("host", ""),
            "PORT": str(known.get("port", "")),
            "NAME": known.get("name", "site-not-known-yet"),
            "USER": known.get("user", ""),
            "PASSWORD": known.get("password", ""),
            **extra,
        }

    return {"default": LiveDict(current)}


def caches(**extra):
    """``CACHES``: Redis with the site's own key prefix; where Reeve has none, the process's own memory for moments."""

    def current():
        cache = site_file.read()["cache"] if site_file.path else {"url": None, "prefix": "local"}
        if cache["url"]:
            where = {"BACKEND": "reeve_django.cache.SharedRedisCache", "LOCATION": cache["url"]}
        else:
            where = {"BACKEND": "reeve_django.cache.BriefLocalCache", "LOCATION": cache["prefix"]}
        return {**where, "KEY_PREFIX": cache["prefix"], **extra}

    return {"default": LiveDict(current)}


def storages(staticfiles="django.contrib.staticfiles.storage.ManifestStaticFilesStorage", **extra):
    """``STORAGES``: uploads in the site's own store; static files with a hash in their names."""
    return {
        "default": {"BACKEND": "reeve_django.storage.SiteStorage"},
        "staticfiles": {"BACKEND": staticfiles},
        **extra,
    }
