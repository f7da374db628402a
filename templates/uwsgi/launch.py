"""
Starts one site's uWSGI inside this Python: ``python3 -I launch.py <vassals>/<site>.<digest>.ini``.

The site's variables come from ``<root>/sites/<site>.env``, a JSON object of texts that only the site's own user can
read. They are set here, before uWSGI begins: a value is never part of a file that uWSGI expands, nor of what /proc
shows of a process. Everything else of the environment stays out but what uWSGI itself was given.
"""

import json
import os
import re
import sys

SITE = re.compile(r"s[0-9a-z]{9}")
#: What the emperor tells its vassals; and a default where the site says nothing.
KEPT = re.compile(r"UWSGI_|(PATH|LANG)$")


def environment(ini):
    """The variables of the site whose ini this is; raises what tells a person why they cannot be had."""
    directory, name = os.path.split(os.path.abspath(ini))
    site = name.split(".")[0]
    if not SITE.fullmatch(site):
        raise SystemExit(f"launch.py: {name} does not begin with a site's id")
    with open(os.path.join(os.path.dirname(directory), "sites", site + ".env"), encoding="utf-8") as file:
        variables = json.load(file)
    if variables.get("REEVE_SITE_ID") != site:
        # Never serve one site with another one's secrets, whatever went wrong before us.
        raise SystemExit(f"launch.py: the environment is of {variables.get('REEVE_SITE_ID')}, not of {site}")
    return variables


def main(ini):
    kept = {name: value for name, value in os.environ.items() if KEPT.match(name)}
    os.environ.clear()
    os.environ.update(kept)
    os.environ.update(environment(ini))
    # Python read the variables meant for it when it started, so what they ask for is said again.
    sys.dont_write_bytecode = True
    sys.stdout.reconfigure(line_buffering=True)
    sys.argv = ["uwsgi", "--ini", ini]

    import pyuwsgi

    pyuwsgi.run(["--ini", ini])


if __name__ == "__main__":
    main(sys.argv[1])
