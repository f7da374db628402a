"""What Reeve itself asks of a site: is it well, and may this link sign its holder in."""

from django.db import connections
from django.http import HttpResponseNotFound, JsonResponse


class ReeveMiddleware:
    """
    Answers ``/.reeve/…`` and passes on everything else. Put it first.

    Health is answered here, before any other middleware can redirect it, count it or open a session for it. The
    sign-in link goes on through the others, since it needs the session that they bring.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if not request.path_info.startswith("/.reeve/"):
            return self.get_response(request)
        if request.path_info == "/.reeve/health":
            return health(request)
        if request.path_info == "/.reeve/login":
            request.urlconf = "reeve_django.urls"
            return self.get_response(request)
        return HttpResponseNotFound()


def health(request):
    """
    200 if the site's database answers, 503 if not. Says nothing to visitors: only nginx's loopback listener,
    which the edge cannot reach, sets ``REEVE_PROBE``. (A header would be ``HTTP_REEVE_PROBE``.)
    """
    if request.META.get("REEVE_PROBE") != "1" or request.method not in ("GET", "HEAD"):
        return HttpResponseNotFound()
    try:
        with connections["default"].cursor() as cursor:
            cursor.execute("select 1")
            cursor.fetchone()
    except Exception as error:  # Whatever a driver raises, the answer is "not well", never a traceback.
        return _answer({"status": "down", "database": type(error).__name__}, 503)
    return _answer({"status": "up", "database": "up"}, 200)


def _answer(contents, status):
    response = JsonResponse(contents, status=status)
    response["Cache-Control"] = "no-store"
    return response
