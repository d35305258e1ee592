# syntax=docker/dockerfile:1
# Three stages: build the binary, bring the default model, and an image with just the two.

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
# A container's own network is the boundary: without this nothing outside could reach it.
ENV STRATA_HOST=0.0.0.0 \
    STRATA_LOG_FORMAT=json
USER 10001
EXPOSE 8080
# The model is ready in well under a second; the first check is early so that others can wait on it.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 CMD ["strata", "health"]
# SIGTERM finishes open requests first.
STOPSIGNAL SIGTERM
ENTRYPOINT ["strata"]
CMD ["serve"]
