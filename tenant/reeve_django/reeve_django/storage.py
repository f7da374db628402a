"""The site's own store for uploads: a directory, or a bucket."""

from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage
from django.utils.encoding import filepath_to_uri
from django.utils.functional import LazyObject

from . import site
from .site_file import site_file


def _directory(store):
    return FileSystemStorage(
        location=store["root"],
        base_url=store.get("mediaUrl") or "/media/",
        # nginx, another system user, reads the files; a temporary upload of over 2.5 MB would else stay 0600.
        file_permissions_mode=0o644,
        directory_permissions_mode=0o755,
    )


def _bucket(store):
    try:
        from storages.backends.s3 import S3Storage
    except ImportError as error:
        raise ImproperlyConfigured(
            "This site's store is a bucket: add `django-storages[s3]` to the codebase's requirements."
        ) from error

    class SiteBucket(S3Storage):
        def url(self, name, **options):
            if not store.get("mediaUrl"):
                return super().url(name, **options)
            # The platform serves the bucket under a URL of its own, so links carry no signature.
            return store["mediaUrl"].rstrip("/") + "/" + filepath_to_uri(name).lstrip("/")

    return SiteBucket(
        endpoint_url=store["endpoint"],
        region_name=store.get("region"),
        bucket_name=store["bucket"],
        access_key=store["accessKey"],
        secret_key=store["secretKey"],
        addressing_style="path",
        signature_version="s3v4",
        file_overwrite=False,
        default_acl=None,
    )


class SiteStorage(LazyObject):
    """The site's store; which kind it is, is looked up when the first file is asked for."""

    def _setup(self):
        if not site_file.expected:
            self._wrapped = FileSystemStorage(location=str(site.MEDIA_ROOT), base_url=site.MEDIA_URL)
            return
        store = site_file.read()["store"]
        self._wrapped = _bucket(store) if store["kind"] == "s3" else _directory(store)

