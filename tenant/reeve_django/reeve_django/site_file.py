"""The site's own file, written by Reeve: read lazily, followed when it changes."""

import json
import logging
import os
import threading
import time

from django.core.exceptions import ImproperlyConfigured

logger = logging.getLogger("reeve_django")

#: Seconds between two looks at the file. A hostname bound on the platform is allowed after this long at most.
LOOK_EVERY = 1.0


class SiteFile:
    """
    Reads the JSON file named by ``REEVE_SITE_FILE``.

    The platform replaces the file by rename, so what is read is always whole. A file that cannot be read
    after it was read once changes nothing: the last good contents stay in force.
    """

    def __init__(self):
        self._lock = threading.Lock()
        self._forget()

    def _forget(self):
        self._path = None
        self._seen = None
        self._contents = None
        self._next_look = 0.0
        self._complained = False

    @property
    def path(self):
        """Where the file is; None while no site is known."""
        return os.environ.get("REEVE_SITE_FILE") or None

    @property
    def expected(self):
        """Whether Reeve runs this process, be the site known already or only after a fork."""
        return self.path is not None or os.environ.get("REEVE_SITE_LATER") == "1"

    def read(self):
        """The contents as a dictionary. Raises ImproperlyConfigured while there is no (readable) file."""
        path = self.path
        if path is None:
            raise ImproperlyConfigured("REEVE_SITE_FILE is not set: this process does not know its site yet.")
        now = time.monotonic()
        if path == self._path and now < self._next_look:
            return self._contents
        with self._lock:
            self._look(path, now)
            return self._contents

    def _look(self, path, now):
        if path != self._path:
            self._forget()
        try:
            status = os.stat(path)
            seen = (status.st_ino, status.st_mtime_ns, status.st_size)
            if seen != self._seen:
                self._contents = self._load(path)
                self._seen = seen
            self._complained = False
        except (OSError, ValueError) as error:
            if self._contents is None:
                raise ImproperlyConfigured(f"Reeve's file of this site cannot be read ({path}): {error}") from error
            if not self._complained:
                logger.error("site file unreadable, keeping the last good one: path=%s error=%s", path, error)
                self._complained = True
        # Last, so that other threads never see a path without its contents.
        self._path = path
        self._next_look = now + LOOK_EVERY

    @staticmethod
    def _load(path):
        with open(path, encoding="utf-8") as file:
            contents = json.load(file)
        if contents.get("version") != 1:
            raise ValueError(f"version {contents.get('version')!r} is not known to this reeve_django")
        wanted = os.environ.get("REEVE_SITE_ID")
        if wanted and contents["site"]["id"] != wanted:
            # Never serve one site with another one's database, whatever went wrong before us.
            raise ValueError(f"it is of site {contents['site']['id']}, this process is of {wanted}")
        return contents


site_file = SiteFile()
