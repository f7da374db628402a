"""A site that says what reached it. No Django: what is tested is what nginx and uWSGI hand on."""

import json
import os
import signal
import sys
import time

TEXT = (str, int, bool)


def application(environ, start_response):
    path = environ["PATH_INFO"]
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    headers = [("Content-Type", "application/json")]
    status = "200 OK"
    if path == "/unwell":
        status = "503 Service Unavailable"
    elif path == "/missing":
        status = "404 Not Found"
    elif path == "/claims":
        headers += [("X-Reeve-Site", "s999999999"), ("X-Reeve-Page", "suspended"), ("X-Request-Id", "mine")]
    elif path == "/inner":
        headers += [("X-Accel-Redirect", "/-reeve-/media")]
    elif path == "/dies":
        os.kill(os.getpid(), signal.SIGKILL)
    elif path == "/hold":
        # Until the test lets it go.
        while not os.path.exists(os.path.join(os.environ["HOME"], "go")):
            time.sleep(0.01)
    start_response(status, headers)
    answer = {
        "environ": {name: value for name, value in environ.items() if isinstance(value, TEXT)},
        "process": dict(os.environ),
        "cwd": os.getcwd(),
        "uid": os.getuid(),
        "bytecode": not sys.dont_write_bytecode,
        "scheme": environ["wsgi.url_scheme"],
        "body": len(body),
    }
    return [json.dumps(answer).encode()]
