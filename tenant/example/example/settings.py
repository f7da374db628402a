"""Settings of every site that runs this code. What differs between sites comes from ``reeve_django.site``."""

from pathlib import Path

from reeve_django import site

PROJECT_DIR = Path(__file__).resolve().parent

# What differs between sites.

DEBUG = site.DEBUG
SECRET_KEY = site.SECRET_KEY
SECRET_KEY_FALLBACKS = site.SECRET_KEY_FALLBACKS
ALLOWED_HOSTS = site.ALLOWED_HOSTS
CSRF_TRUSTED_ORIGINS = site.csrf_trusted_origins
SECURE_PROXY_SSL_HEADER = site.SECURE_PROXY_SSL_HEADER
DATABASES = site.databases()
CACHES = site.caches()
STORAGES = site.storages()
STATIC_URL, STATIC_ROOT = site.STATIC_URL, site.STATIC_ROOT
MEDIA_URL, MEDIA_ROOT = site.MEDIA_URL, site.MEDIA_ROOT
WAGTAIL_SITE_NAME = site.name
WAGTAILADMIN_BASE_URL = site.primary_url
EMAIL_BACKEND = site.env("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")
LANGUAGE_CODE = site.env("LANGUAGE_CODE", "en-gb")
TIME_ZONE = site.env("TIME_ZONE", "UTC")

# What is the same for all of them.

INSTALLED_APPS = [
    "reeve_django",
    "home",
    "blog",
    "search",
    "wagtail.contrib.forms",
    "wagtail.contrib.redirects",
    "wagtail.embeds",
    "wagtail.sites",
    "wagtail.users",
    "wagtail.snippets",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.search",
    "wagtail.admin",
    "wagtail",
    "modelcluster",
    "taggit",
    "django_filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "reeve_django.middleware.ReeveMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "wagtail.contrib.redirects.middleware.RedirectMiddleware",
]

ROOT_URLCONF = "example.urls"
WSGI_APPLICATION = "example.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PROJECT_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_I18N = True
USE_TZ = True
STATICFILES_DIRS = [PROJECT_DIR / "static"]

# Wagtail's editor sends more fields than Django's default of 1,000.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000
# An editor's browser asks nobody else: neither for portraits nor for news of Wagtail.
WAGTAIL_GRAVATAR_PROVIDER_URL = None
WAGTAIL_ENABLE_UPDATE_CHECK = False
WAGTAILIMAGES_MAX_UPLOAD_SIZE = 50 * 1024 * 1024
WAGTAILDOCS_EXTENSIONS = ["csv", "docx", "key", "odt", "pdf", "pptx", "rtf", "txt", "xlsx", "zip"]
# Through Django, which asks who may see a document; nginx refuses `documents/` below the media URL.
WAGTAILDOCS_SERVE_METHOD = "serve_view"
WAGTAILSEARCH_BACKENDS = {"default": {"BACKEND": "wagtail.search.backends.database"}}

# Django logs errors only by mail when DEBUG is off; here they go to the site's own log.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        # A line at the start and at the end of each task that a saved page queues.
        "django_tasks": {"level": "WARNING"},
    },
}
