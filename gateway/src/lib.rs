//! HTTP over the log: JSON-RPC, authentication, health, metrics, the operator API.
