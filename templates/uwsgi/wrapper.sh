#!/bin/sh
# The emperor runs this in place of uWSGI, as the site's user: wrapper.sh --ini <file>. The wheel cannot start vassals
# by itself, and `env =` in an ini never reaches Python's os.environ. It finds the release's Python, and goes on in
# launch.py, which sets the site's variables before uWSGI runs in that same process.
set -eu
if [ "$#" -ne 2 ] || [ "$1" != --ini ]; then
  echo "wrapper.sh: expected --ini <file>, got: $*" >&2
  exit 64
fi
python=
while IFS= read -r line; do
  case $line in
    'binary-path = '*) python=${line#'binary-path = '} ;;
  esac
done <"$2"
if [ -z "$python" ]; then
  echo "wrapper.sh: $2 names no binary-path" >&2
  exit 65
fi
# Nothing of the platform's own environment goes on: not even where /proc shows what a process was started with.
exec env -i \
  PATH=/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8 \
  ${UWSGI_EMPEROR_FD+"UWSGI_EMPEROR_FD=$UWSGI_EMPEROR_FD"} \
  ${UWSGI_EMPEROR_FD_CONFIG+"UWSGI_EMPEROR_FD_CONFIG=$UWSGI_EMPEROR_FD_CONFIG"} \
  ${UWSGI_EMPEROR_PROXY+"UWSGI_EMPEROR_PROXY=$UWSGI_EMPEROR_PROXY"} \
  "$python" -I "${0%/*}/launch.py" "$2"
