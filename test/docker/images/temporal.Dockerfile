# Stands for the official image where no registry can be reached: the same program, and the same user.
FROM debian:bookworm-slim
RUN useradd --uid 1000 temporal
COPY temporal /usr/local/bin/temporal
ENTRYPOINT ["temporal"]
