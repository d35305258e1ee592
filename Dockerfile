# The container image, in stages. `docker build .` makes the plain image, which takes a model from a
# volume; `--target with-model` has the default model inside. `make image-test` builds and tests both.
#
# Whatever takes long is a layer, so that a cache in a registry or in CI can keep it: the dependencies
# are built before the code is copied, and the model lies below the binary.
#
# To pin a base image, give its digest: --build-arg RUST_IMAGE=rust:1.95-slim-bookworm@sha256:…
ARG RUST_IMAGE=rust:1.95-slim-bookworm
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

# All that the binary is built from, and by.
FROM scratch AS source
COPY Cargo.toml Cargo.lock LICENSE /strata/
COPY config /strata/config
COPY crates /strata/crates
COPY src /strata/src
COPY scripts/image /strata/scripts

# The manifests, and empty files for the code: the same bytes until a dependency changes.
FROM ${RUST_IMAGE} AS manifests
COPY --from=source /strata /strata
RUN sh /strata/scripts/manifests.sh /strata /manifests

# What lists the crates in a binary.
FROM ${RUST_IMAGE} AS tools
RUN cargo install --locked cargo-auditable@0.7.7 auditable2cdx@0.1.0

FROM tools AS dependencies
COPY --from=manifests /manifests /strata
# What is built from the empty files is removed: it would count as newer than the code.
RUN cd /strata \
    && export CARGO_PROFILE_RELEASE_STRIP=symbols \
    && cargo auditable build --release --locked --bin strata \
    && cargo clean --release --workspace

# Nothing is downloaded any more.
FROM dependencies AS build
COPY --from=source /strata /strata
RUN cd /strata \
    && export CARGO_PROFILE_RELEASE_STRIP=symbols \
    && cargo auditable build --release --locked --offline --bin strata \
    && sh scripts/collect.sh target/release/strata /image

# The files are the same for every architecture.
FROM --platform=$BUILDPLATFORM ${PYTHON_IMAGE} AS model
COPY scripts/fetching.py scripts/fetch_model.py scripts/image/digests.sh /strata/scripts/
RUN python3 -B /strata/scripts/fetch_model.py \
    && mkdir -p /image/strata \
    && mv /strata/models /image/strata/ \
    && sh /strata/scripts/digests.sh /image model

# The C library of the system that the binary is built on, and who uses the image.
FROM ${RUST_IMAGE} AS system
COPY scripts/image/system.sh scripts/image/digests.sh /scripts/
RUN sh /scripts/system.sh /image /owned && sh /scripts/digests.sh /image system

FROM scratch AS base
COPY --from=system /image/ /
COPY --from=system --chown=10001:10001 /owned/ /strata/
WORKDIR /strata
# Listen on all addresses of the container: on loopback, nothing outside could connect.
# The allocator returns the chunks of large answers to the system as soon as they are written.
ENV STRATA_HOST=0.0.0.0 \
    STRATA_LOG_FORMAT=json \
    MALLOC_ARENA_MAX=2 \
    MALLOC_MMAP_THRESHOLD_=65536
USER 10001:10001
EXPOSE 8080
# An engine checks for the first time after the interval, and sooner only if it is given a start_interval, as
# compose does. Debian's buildah doesn't know that option here.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 CMD ["/usr/local/bin/strata", "health"]
# On SIGTERM the server finishes open requests before it stops.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/strata"]
# Heads in /strata/heads are served in addition to those that are configured.
CMD ["serve", "--heads", "heads"]
LABEL org.opencontainers.image.title="Strata" \
      org.opencontainers.image.description="BERT over HTTP on a CPU: class logits and embeddings" \
      org.opencontainers.image.licenses="Apache-2.0"

# The labels that change are last, so that no layer depends on them.
FROM base AS with-model
COPY --from=model /image/ /
COPY --from=build /image/ /
ARG VERSION=unknown
ARG REVISION=unknown
ARG CREATED=unknown
LABEL org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.created="$CREATED"

FROM base AS plain
COPY --from=build /image/ /
ARG VERSION=unknown
ARG REVISION=unknown
ARG CREATED=unknown
LABEL org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.created="$CREATED"
