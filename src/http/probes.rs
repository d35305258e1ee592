//! The routes that orchestrators ask every few seconds.

/// Their patterns. They need no key.
pub const PROBES: [&str; 10] = [
    "/health",
    "/livez",
    "/readyz",
    "/tei/health",
    "/v2/health/live",
    "/v2/health/ready",
    "/inference.GRPCInferenceService/ServerLive",
    "/inference.GRPCInferenceService/ServerReady",
    "/grpc.health.v1.Health/Check",
    "/grpc.health.v1.Health/Watch",
];
