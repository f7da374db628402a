# Stands for the official image where no registry can be reached: the same name, port, directory and password variable.
FROM debian:bookworm-slim
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends postgresql && rm -rf /var/lib/apt/lists/* \
 && mkdir -p /var/lib/postgresql/data && chown postgres:postgres /var/lib/postgresql/data
ENV PATH=/usr/lib/postgresql/15/bin:/usr/sbin:/usr/bin:/sbin:/bin PGDATA=/var/lib/postgresql/data/cluster
COPY postgres-entrypoint.sh /
USER postgres
ENTRYPOINT ["sh", "/postgres-entrypoint.sh"]
CMD ["postgres"]
