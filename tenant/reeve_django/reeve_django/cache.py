"""A cache for sites without Redis."""

import time

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.locmem import LocMemCache

#: Seconds that anything stays at most.
BRIEFLY = 10


class BriefLocalCache(LocMemCache):
    """
    The process's own memory, forgotten soon.

    A site has several processes in several containers, and none hears of what another one deletes from its memory:
    Wagtail, which caches the addresses of its pages for an hour, went on naming a site's former hostname.
    """

    def get_backend_timeout(self, timeout=DEFAULT_TIMEOUT):
        latest = time.time() + BRIEFLY
        expires = super().get_backend_timeout(timeout)
        return latest if expires is None else min(expires, latest)
