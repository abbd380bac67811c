use std::net::{Ipv4Addr, SocketAddr};

use groundlog_proto::TopicNames;

use crate::{InterfaceInfo, ParameterCheck, RateLimit};

/// Connections of a gateway where the process may have descriptors enough.
pub const CONNECTIONS_MAX: usize = 1024;

/// What a gateway is to be.
#[derive(Debug, Clone)]
pub struct GatewayOptions {
    /// Address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The scope that is served, as clients name it.
    pub scope: String,
    /// Names of the topics, namespace included.
    pub names: TopicNames,
    /// Stable name of this gateway among those of the system.
    pub member: String,
    /// Password that shall be in force, whatever is stored; a change ends every session. `None`
    /// keeps the stored one.
    pub password: Option<String>,
    /// Password for a system in which none is stored yet; a stored one goes before it. `None` is
    /// [`crate::DEFAULT_PASSWORD`], with which only loopback addresses are served.
    pub first_password: Option<String>,
    /// Password for the system's own services, if they log in apart.
    pub service_password: Option<String>,
    /// Connections at once; each takes a descriptor of the process.
    pub connections_max: usize,
    /// How often a bad password may be tried.
    pub rate_limit: RateLimit,
    /// Interfaces as configured.
    pub interfaces: Vec<InterfaceInfo>,
    /// Judges the parameters of connect directives.
    pub parameter_check: ParameterCheck,
    /// Roles without which the system does not serve, whichever process runs them.
    pub roles_expected: Vec<String>,
}

impl Default for GatewayOptions {
    /// Port 2900 on loopback, scope `DEFAULT`.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 2900)),
            scope: "DEFAULT".to_owned(),
            names: TopicNames::default(),
            member: "gateway".to_owned(),
            password: None,
            first_password: None,
            service_password: None,
            connections_max: CONNECTIONS_MAX,
            rate_limit: RateLimit::default(),
            interfaces: Vec::new(),
            parameter_check: ParameterCheck::default(),
            roles_expected: Vec::new(),
        }
    }
}
