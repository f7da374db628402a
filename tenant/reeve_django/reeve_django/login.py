"""The one-time sign-in link, ``/.reeve/login?token=…``: signs its holder in as the site's first superuser."""

from django.conf import settings
from django.contrib import auth
from django.core.exceptions import FieldError
from django.db import IntegrityError, models, transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.template import Context, Engine
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from . import site
from .site_file import site_file
from .token import Refused, read_token


@never_cache
@require_GET
def login_by_link(request):
    """Redirects to the admin, signed in; or 403 with a page that says why not."""
    try:
        if not site_file.path:
            raise Refused("Sign-in links work only where Reeve hosts the site.")
        issued = read_token(request.GET.get("token", ""), site_file.read()["loginKey"], str(site.id))
        sign_in(request, issued)
    except Refused as refusal:
        return refusal_page(str(refusal))
    response = HttpResponseRedirect(admin_url())
    # The token is spent, yet it has no business in another site's log.
    response["Referrer-Policy"] = "no-referrer"
    return response


# A codebase with Django's LoginRequiredMiddleware would ask for a sign-in before the sign-in.
login_by_link.login_required = False


def sign_in(request, issued):
    """
    Signs in the first active superuser, once for each ``issued``: by compare-and-set on ``last_login``, so that
    it is once across all containers without a table of our own. Raises Refused.
    """
    with transaction.atomic():
        user = first_superuser()
        users = auth.get_user_model()._default_manager.filter(pk=user.pk)
        if not settings.USE_TZ:
            issued = timezone.make_naive(issued)
        unused = models.Q(last_login__isnull=True) | models.Q(last_login__lt=issued)
        if not users.filter(unused).update(last_login=max(timezone.now(), issued)):
            raise Refused("This sign-in link was used already, or somebody has signed in since it was made.")
        user.refresh_from_db()
        auth.login(request, user, backend=backend())
        # Signing in has set last_login by this container's clock, which may be behind the platform's.
        users.filter(last_login__lt=issued).update(last_login=issued)


def first_superuser():
    """The first active superuser, made if there is none (without a password: only links sign it in)."""
    model = auth.get_user_model()
    try:
        superusers = model._default_manager.filter(is_superuser=True, is_active=True).order_by("pk")
    except FieldError as error:
        raise Refused("This site's users have no superuser; sign in at the site's own sign-in page.") from error
    # The second name is for a site where `admin` is taken by somebody who is no (longer a) superuser.
    for username in ("admin", "reeve-admin"):
        user = superusers.first()
        if user:
            return user
        try:
            with transaction.atomic():
                return create_superuser(model, username)
        except IntegrityError:
            continue
    user = superusers.first()
    if not user:
        raise Refused("This site has no active superuser, and none could be made.")
    return user


def create_superuser(model, username):
    """Makes a superuser named ``username``; an address at the site's own hostname where an address is the name."""
    address = f"{username}@{site.primary_url.partition('://')[2].partition(':')[0]}"
    values = {}
    for field in {model.USERNAME_FIELD, *model.REQUIRED_FIELDS}:
        values[field] = address if isinstance(model._meta.get_field(field), models.EmailField) else username
    return model._default_manager.create_superuser(password=None, **values)


def backend():
    """The authentication backend that a signed-in session names: Django's own where the site has it."""
    usual = "django.contrib.auth.backends.ModelBackend"
    return usual if usual in settings.AUTHENTICATION_BACKENDS else settings.AUTHENTICATION_BACKENDS[0]


def admin_url():
    """Where a freshly signed-in administrator goes: Wagtail's admin, else Django's, else the front page."""
    for name in ("wagtailadmin_home", "admin:index"):
        try:
            return reverse(name, urlconf=settings.ROOT_URLCONF)
        except NoReverseMatch:
            continue
    return resolve_url("/")


REFUSAL = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex"><title>Not signed in</title>
<style>body{font:1.1rem/1.6 system-ui,sans-serif;max-width:34rem;margin:18vh auto;padding:0 1.5rem;color:#1c2430}
@media (prefers-color-scheme:dark){body{background:#14181f;color:#e6e9ee}}</style></head>
<body><h1>Not signed in</h1><p>{{ reason }}</p><p>Ask for a new link:
<code>reeve site login {{ site }}</code></p></body></html>
"""


def refusal_page(reason):
    """403 with the reason, independent of the site's own templates."""
    page = Engine().from_string(REFUSAL).render(Context({"reason": reason, "site": site.name}))
    response = HttpResponse(page, status=403)
    response["Referrer-Policy"] = "no-referrer"
    return response
