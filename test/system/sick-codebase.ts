/** A codebase that falls ill on demand: a file in a site's own working directory, in one container, says how. */
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Platform } from './platform.ts';

const FIXTURE = join(dirname(dirname(fileURLToPath(import.meta.url))), 'fixtures/twelvefactor');
/** What one request to `/leak/` leaves in its worker's memory. */
export const LEAK_MB = 60;

const VIEWS = `

def leak(request):
    kept.append(b"x" * (${LEAK_MB} * 1024 * 1024))
    return HttpResponse(str(len(kept)), content_type="text/plain")


kept = []


def well(request):
    if os.path.exists("raises"):
        raise RuntimeError("ill on purpose, with " + settings.SECRET_KEY)
    return front(request)
`;

/** Django says nothing of errors where DEBUG is off, unless it is told to. */
const LOGGING = `
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["stderr"]},
}
`;

/** @returns its directory, and what removes it */
export function sickCodebase(): { readonly path: string; remove(): void } {
  const scratch = mkdtempSync(join(tmpdir(), 'reeve-sick-'));
  const path = join(scratch, 'code');
  cpSync(FIXTURE, path, { recursive: true });
  const edit = (file: string, from: string, to: string) => {
    const text = readFileSync(join(path, file), 'utf8');
    if (!text.includes(from)) throw new Error(`${file} has no ${from}`);
    writeFileSync(join(path, file), text.replace(from, to));
  };
  edit('shop/views.py', 'from django.conf', 'import os\n\nfrom django.conf');
  appendFileSync(join(path, 'shop/views.py'), VIEWS);
  edit('project/urls.py', 'import front, upload', 'import leak, upload, well');
  edit('project/urls.py', 'path("", front)', 'path("leak/", leak), path("", well)');
  appendFileSync(join(path, 'project/settings.py'), LOGGING);
  edit('project/wsgi.py', 'import os\n', 'import os\n\nif os.path.exists("dies"):\n    os._exit(3)\n');
  return { path, remove: () => rmSync(scratch, { recursive: true, force: true }) };
}

const fileOf = ({ local }: Platform, container: string, site: string, how: string) => join(local.home, 'containers', container, 'work', site, how);

/** `dies`: its process ends as soon as it starts. `raises`: every page does. */
export function sicken(platform: Platform, container: string, site: string, how: 'dies' | 'raises'): void {
  writeFileSync(fileOf(platform, container, site, how), '');
}
export function cure(platform: Platform, container: string, site: string, how: 'dies' | 'raises'): void {
  rmSync(fileOf(platform, container, site, how));
}
