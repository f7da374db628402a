"""Caches of one site among many: in a Redis that they share, or without one."""

import re
import time
from itertools import islice

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache

#: Seconds that anything stays at most.
BRIEFLY = 10
#: Keys that Redis looks through, and forgets, at a time: others wait meanwhile.
BATCH = 1_000


class SharedRedisCache(RedisCache):
    """
    A Redis that sites share, apart by their prefixes.

    All of Django's own methods keep to the prefix but ``clear()``, which empties the whole database: each site's.
    This one looks through all keys there: one to three seconds for a million.
    """

    def clear(self):
        client = self._cache.get_client(None, write=True)
        own = client.scan_iter(match=_literal(f"{self.key_prefix}:") + "*", count=BATCH)
        while batch := list(islice(own, BATCH)):
            client.unlink(*batch)
        return True


def _literal(text):
    """As a pattern of Redis' that only this text matches."""
    return re.sub(r"([*?\[\]\\])", r"\\\1", text)


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
