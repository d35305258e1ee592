# syntax=docker/dockerfile:1
# Three stages: build the binary, download the default model, and an image with only these two.

FROM rust:1.95-slim-bookworm AS build
WORKDIR /strata
COPY Cargo.toml Cargo.lock ./
COPY config config
COPY crates crates
COPY src src
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/strata/target \
    cargo build --release --locked --bin strata \
    && cp target/release/strata /usr/local/bin/strata

FROM python:3.11-slim-bookworm AS model
WORKDIR /strata
COPY scripts scripts
RUN python3 -B scripts/fetch_model.py

FROM debian:bookworm-slim
RUN useradd --system --uid 10001 --no-create-home strata
WORKDIR /strata
COPY --from=build /usr/local/bin/strata /usr/local/bin/strata
COPY --from=model /strata/models models
# Listen on all addresses of the container: on loopback, nothing outside could connect.
# The allocator returns the chunks of large answers to the system as soon as they are written.
ENV STRATA_HOST=0.0.0.0 \
    STRATA_LOG_FORMAT=json \
    MALLOC_ARENA_MAX=2 \
    MALLOC_MMAP_THRESHOLD_=65536
USER 10001
EXPOSE 8080
# Loading takes well under a second. The first check is early, for services that wait for this one.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 CMD ["strata", "health"]
# On SIGTERM the server finishes open requests before it stops.
STOPSIGNAL SIGTERM
ENTRYPOINT ["strata"]
CMD ["serve"]
