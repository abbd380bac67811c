# The image of every role: one binary, no shell tools needed, nothing runs as root.
#
#   docker build -t groundlog:local .
#   docker run --rm -e OPENC3_API_PASSWORD=… -p 127.0.0.1:2900:2900 -v groundlog:/var/lib/groundlog groundlog:local
#
# The first stage's tag is the toolchain of rust-toolchain.toml; a test compares them.
FROM rust:1.95.0-bookworm AS build
# The toolchain is the image's own: without this, rustup would fetch the components for developers.
ENV RUSTUP_TOOLCHAIN=1.95.0
WORKDIR /src
COPY . .
# kafka-tls: TLS and SASL/SCRAM to the broker, with OpenSSL built from source into the binary;
# valkey-tls: TLS to Valkey.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --package groundlog --features kafka-tls,valkey-tls \
    && install -D target/release/groundlog /out/groundlog

FROM debian:12.15-slim
LABEL org.opencontainers.image.title="groundlog" \
      org.opencontainers.image.description="Command and telemetry ground system on an immutable log" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
RUN groupadd --system --gid 10001 groundlog \
    && useradd --system --uid 10001 --gid 10001 --home-dir /var/lib/groundlog --no-create-home \
               --shell /usr/sbin/nologin groundlog \
    && install --directory --owner=10001 --group=10001 --mode=0750 /var/lib/groundlog
# Certificates of public authorities, for brokers that have one of theirs.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/groundlog /usr/local/bin/groundlog
COPY deploy/container.toml /etc/groundlog/groundlog.toml
# By number, so that a cluster can see that it is not root.
USER 10001:10001
WORKDIR /var/lib/groundlog
VOLUME ["/var/lib/groundlog"]
# Gateway; metrics and health of a role without gateway where metrics_listen says so.
EXPOSE 2900 9464
HEALTHCHECK --interval=10s --timeout=10s --start-period=60s --retries=3 CMD ["groundlog", "health"]
ENTRYPOINT ["groundlog"]
CMD ["run", "--config", "/etc/groundlog/groundlog.toml"]
