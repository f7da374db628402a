set -e
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  initdb -U postgres --auth=scram-sha-256 --pwfile="$POSTGRES_PASSWORD_FILE" > /tmp/initdb.log
  echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
fi
exec "$@" -c listen_addresses='*'
