use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use groundlog_cvt::CurrentValues;
use groundlog_log::Log;
use groundlog_projection::{
    DefinitionStore, MetricsRegistry, Process, Runner, RunnerOptions, SettingsStore,
};
use tokio::{net::TcpListener, sync::watch};

use crate::{
    AuthError, GatewayError, GatewayOptions,
    auth::{AuthOptions, Authenticator, RefusalCounters},
    commands::{CommandProjection, Commands},
    http,
    interfaces::Interfaces,
    metrics::GatewayMetrics,
    operator::Importer,
    processes::Processes,
    status_topic,
    system::System,
};

/// How long open requests may take after a shutdown was asked for.
const DRAIN: Duration = Duration::from_secs(5);

/// What a gateway is put together from.
pub struct Parts {
    /// The log; its topics exist.
    pub log: Arc<dyn Log>,
    /// Durable settings.
    pub settings: SettingsStore,
    /// Definition sets.
    pub definitions: DefinitionStore,
    /// The current value table.
    pub current: CurrentValues,
    /// Numbers of all services of this process.
    pub metrics: MetricsRegistry,
    /// What this process says of itself, its roles above all.
    pub process: Process,
}

/// A gateway that listens, ready to run.
pub struct Gateway {
    system: Arc<System>,
    listener: TcpListener,
    runner: Runner<CommandProjection>,
    limits: http::ConnectionLimits,
    handle: Handle,
}

/// Knows a gateway from outside. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Handle {
    address: SocketAddr,
}

impl Handle {
    /// Returns the address it listens on, with the port it was given.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Gateway {
    /// Binds the address and brings the password into force.
    ///
    /// # Errors
    /// [`GatewayError`]: the address is taken, or may not be served with the default password.
    pub async fn build(parts: Parts, options: GatewayOptions) -> Result<Self, GatewayError> {
        let listen = options.listen;
        let auth = AuthOptions {
            password: options.password,
            first_password: options.first_password,
            service_password: options.service_password,
            rate_limit: options.rate_limit,
            loopback: listen.ip().is_loopback(),
            refusals: RefusalCounters::new(&parts.metrics),
        };
        let auth = Authenticator::build(parts.settings.clone(), auth).await;
        let auth = auth.map_err(|error| match error {
            AuthError::DefaultExposed => GatewayError::DefaultPassword { listen },
            other => GatewayError::Auth(other),
        })?;
        let bind = |source| GatewayError::Bind { listen, source };
        let listener = TcpListener::bind(listen).await.map_err(bind)?;
        let handle = Handle { address: listener.local_addr().map_err(bind)? };
        let commands = Commands::new(parts.log.clone(), &options.names);
        // Each gateway needs the whole fold, so each is a group of its own; it is the same fold.
        let runner = RunnerOptions {
            metrics: parts.metrics.clone(),
            group: Some(format!("commands.{}", options.member)),
            ..RunnerOptions::new(parts.log.clone(), options.names.clone(), &options.member)
        };
        let runner = Runner::new(commands.projection(), runner);
        parts.process.serves(handle.address);
        let processes = Processes::new(parts.process, options.roles_expected);
        let system = System {
            own_metrics: GatewayMetrics::new(&parts.metrics),
            log: parts.log,
            names: options.names,
            scope: options.scope,
            interfaces: Interfaces::new(options.interfaces, processes.clone()),
            processes,
            settings: parts.settings,
            definition_store: parts.definitions,
            current: parts.current,
            metrics: parts.metrics,
            rates: http::Rates::default(),
            bodies: http::Bodies::new(),
            auth,
            commands,
            importer: Importer::new(),
            parameter_check: options.parameter_check,
        };
        let limits = http::ConnectionLimits::new(options.connections_max);
        Ok(Self { system: Arc::new(system), listener, runner, limits, handle })
    }

    /// Returns what others need to know of it.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Serves until `shutdown` turns true; open requests are answered first.
    ///
    /// # Errors
    /// [`GatewayError`] when the log or the listener fails for good.
    pub async fn run(self, shutdown: watch::Receiver<bool>) -> Result<(), GatewayError> {
        let Self { system, listener, runner, limits, .. } = self;
        let (drained, draining) = watch::channel(false);
        let serve = async {
            let served = serve(&system, listener, limits, shutdown).await;
            // Callers that wait for a command are answered before its events are let go.
            drained.send_replace(true);
            served
        };
        let fold = async { runner.run(draining.clone()).await.map_err(GatewayError::from) };
        let status = async {
            let System { log, names, interfaces, processes, .. } = &*system;
            let followed =
                status_topic::follow(log, names, interfaces, processes, draining.clone());
            followed.await.map_err(GatewayError::from)
        };
        let sample = async {
            sample(&system, draining.clone()).await;
            Ok(())
        };
        tokio::try_join!(serve, fold, status, sample).map(drop)
    }
}

/// Answers requests until shutdown, and then the open ones, within a bound.
async fn serve(
    system: &Arc<System>,
    listener: TcpListener,
    limits: http::ConnectionLimits,
    mut shutdown: watch::Receiver<bool>,
) -> Result<(), GatewayError> {
    let (stopping, stopped) = watch::channel(false);
    let graceful = async {
        // An error means that the sender is gone: stop as well.
        let _ = shutdown.wait_for(|stop| *stop).await;
        system.commands.close();
        stopping.send_replace(true);
        tokio::time::sleep(DRAIN).await;
    };
    let router = http::router(system.clone());
    tokio::select! {
        () = http::serve(listener, router, limits, stopped) => Ok(()),
        () = graceful => Ok(()),
    }
}

/// Samples rates until shutdown.
async fn sample(system: &System, mut shutdown: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            _ = shutdown.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(http::SAMPLE_EVERY) => {}
        }
        system.own_metrics.waiting(system.commands.waiting());
        match system.metrics.lags().measure(&*system.log).await {
            Ok(lags) => system.rates.sample(&lags, Instant::now()),
            Err(error) => tracing::warn!(%error, "rates could not be sampled"),
        }
    }
}
