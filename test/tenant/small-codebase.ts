import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const SETTINGS = `
from reeve_django import site

DEBUG = site.DEBUG
SECRET_KEY = site.SECRET_KEY
SECRET_KEY_FALLBACKS = site.SECRET_KEY_FALLBACKS
ALLOWED_HOSTS = site.ALLOWED_HOSTS
DATABASES = site.databases()
CACHES = site.caches()
STORAGES = site.storages()
STATIC_URL, STATIC_ROOT = site.STATIC_URL, site.STATIC_ROOT
MEDIA_URL, MEDIA_ROOT = site.MEDIA_URL, site.MEDIA_ROOT
ROOT_URLCONF = "small.urls"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = ["reeve_django", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
                  "django.contrib.sites", "django.contrib.staticfiles"]
SITE_ID = 1
MIDDLEWARE = ["reeve_django.middleware.ReeveMiddleware", "django.contrib.sessions.middleware.SessionMiddleware",
              "django.contrib.auth.middleware.AuthenticationMiddleware"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
`;

/** Writes the smallest Django project on reeve_django, whose requirements install in seconds, and says where; `more` are further requirements. */
export function smallCodebase(directory: string, more: readonly string[] = []): string {
  const root = path.join(directory, 'small-codebase');
  mkdirSync(path.join(root, 'small'), { recursive: true });
  const write = (file: string, contents: string) => writeFileSync(path.join(root, file), contents);
  write('small/__init__.py', '');
  write('small/settings.py', SETTINGS);
  write('small/urls.py', 'urlpatterns = []\n');
  write('small/wsgi.py', 'from django.core.wsgi import get_wsgi_application\n\napplication = get_wsgi_application()\n');
  write('requirements.txt', ['Django==5.2.19', 'psycopg[binary]==3.3.9', 'pyuwsgi==2.0.30.post1', ...more].join('\n'));
  const commands = {
    migrate: ['-m', 'django', 'migrate', '--noinput'],
    collectStatic: ['-m', 'django', 'collectstatic', '--noinput'],
    created: ['-m', 'django', 'reeve_created'],
  };
  const description = {
    name: 'small',
    packages: ['reeve_django'],
    wsgi: 'small.wsgi:application',
    settings: 'small.settings',
    commands,
  };
  write('codebase.json', JSON.stringify(description));
  return root;
}
