//! HTTP over the log: JSON-RPC, authentication, health, metrics, the operator API.
//!
//! ```text
//!  POST /openc3-api/api        JSON-RPC as COSMOS clients speak it
//!  /openc3-api/auth/*, ping    log in, log out
//!  /groundlog/v1/*             imports, rebuilds, status: the command line's side
//!  /health  /metrics           supervisors, Prometheus
//! ```
//!
//! The gateway owns no state: current values come from their table, commands and settings are events
//! that it appends and follows, so there may be any number of gateways. It never talks to an interface; a command is
//! answered when the event that ends it appears on the log.
//!
//! Three calls make one: [`GatewayOptions`], [`Gateway::build`], [`Gateway::run`].

mod auth;
mod commands;
mod error;
mod http;
mod interfaces;
pub mod json;
mod metrics;
mod monitor;
mod operator;
mod options;
mod parameter_check;
mod processes;
mod raw;
mod rpc;
mod service;
mod status_topic;
mod system;
mod values;

pub use auth::{AuthError, DEFAULT_PASSWORD, RateLimit};
pub use error::GatewayError;
pub use interfaces::InterfaceInfo;
pub use monitor::Monitor;
pub use options::{CONNECTIONS_MAX, GatewayOptions};
pub use parameter_check::ParameterCheck;
pub use service::{Gateway, Handle, Parts};
