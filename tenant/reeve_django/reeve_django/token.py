"""The token of a one-time sign-in link: made by the platform, checked here."""

import base64
import hashlib
import hmac
import json
import math
import time
from datetime import datetime, timezone


class Refused(Exception):
    """Why a link does not sign its holder in, in words for that person."""


#: How far the platform's clock may be ahead of this container's.
CLOCK_SKEW = 60


def read_token(token, login_key, site_id, now=None):
    """
    When the token was issued, as an aware datetime. Raises Refused if it is forged, expired or another site's.

    A token is ``base64url(JSON {site, iat, exp, nonce})`` + ``.`` + ``base64url(HMAC-SHA256(login key, first
    part))``; ``login_key`` is in hexadecimal. Times are seconds of the Unix epoch.
    """
    now = time.time() if now is None else now
    payload, _, signature = token.partition(".")
    expected = hmac.new(bytes.fromhex(login_key), payload.encode(), hashlib.sha256).digest()
    try:
        genuine = hmac.compare_digest(_decode(signature), expected)
        contents = json.loads(_decode(payload)) if genuine else {}
    except ValueError:
        genuine = False
    if not genuine:
        raise Refused("This sign-in link was not made for this site, or it is incomplete.")
    if contents.get("site") != site_id:
        raise Refused("This sign-in link is for another site.")
    issued, expires = contents.get("iat"), contents.get("exp")
    if not _is_time(issued) or not _is_time(expires) or issued > now + CLOCK_SKEW:
        raise Refused("This sign-in link is not valid.")
    if expires <= now:
        raise Refused("This sign-in link has expired.")
    return datetime.fromtimestamp(issued, tz=timezone.utc)


def _is_time(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _decode(text):
    return base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
