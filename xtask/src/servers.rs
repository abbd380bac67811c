//! The real servers of the tests: Apache Kafka and Valkey, started natively on loopback.
//!
//! ```text
//! target/servers/lock            held while servers are started or stopped
//! target/servers/NAME/           what is installed, once
//! target/servers/NAME/address    host:port of the running server
//! target/servers/NAME/pid        its process
//! target/servers/NAME/log        what it says
//! target/servers/NAME/data/      its data, emptied at each start
//! ```
//!
//! Servers are reused as long as they run. One named by its variable (GROUNDLOG_TEST_KAFKA,
//! GROUNDLOG_TEST_VALKEY; host:port) is used as it is, and never stopped.

mod guard;
mod kafka;
mod process;
mod valkey;

use std::{fs::File, path::PathBuf, process::Command};

use self::{guard::Guard, process::Home};
use crate::{run, tally};

/// A server that the recipes know.
#[derive(Clone, Copy)]
struct Server {
    name: &'static str,
    /// Names a server to be used instead.
    variable: &'static str,
    install: fn(&Home) -> Result<(), String>,
    /// Names the program that starts one more of them, for tests that stop and start a server of
    /// their own: variable and file.
    program: Option<(&'static str, &'static str)>,
    /// Makes the command that runs the server on that address.
    command: fn(&Home, &str) -> Result<Command, String>,
    /// Says whether the server at that address serves.
    serves: fn(&str) -> Result<(), String>,
}

/// Variables that a server is started with.
type Environment = &'static [(&'static str, &'static str)];

/// Valkey first: it is there at once.
const SERVERS: [Server; 2] = [valkey::SERVER, kafka::SERVER];

/// Starts what does not run yet and prints the variables that hand the addresses to tests.
pub(crate) fn up() -> Result<(), String> {
    let _lock = lock()?;
    for server in SERVERS {
        let address = match named(server)? {
            Some(address) => address,
            None => server.start(&[])?.0,
        };
        println!("export {}={address}", server.variable);
        if let Some((variable, path)) = server.program() {
            println!("export {variable}={path}");
        }
    }
    Ok(())
}

/// Stops what runs.
pub(crate) fn down() -> Result<(), String> {
    let _lock = lock()?;
    for server in SERVERS {
        let home = Home::of(server.name);
        match home.running() {
            Some(_) => eprintln!("==> stop {}", server.name),
            None => eprintln!("{} is not running", server.name),
        }
        home.stop()?;
    }
    Ok(())
}

/// Prints what runs where.
pub(crate) fn status() -> Result<(), String> {
    for server in SERVERS {
        let Server { name, variable, serves, .. } = server;
        let home = Home::of(name);
        let state = match (std::env::var(variable), home.running()) {
            (Ok(address), _) => match serves(&address) {
                Ok(()) => format!("serves on {address} ({variable})"),
                Err(error) => format!("does not serve on {address} ({variable}): {error}"),
            },
            (_, Some((pid, address))) => match serves(&address) {
                Ok(()) => format!("serves on {address}, process {pid}, {}", home.log().display()),
                Err(error) => format!("process {pid}, not ready: {error}"),
            },
            _ => "is not running".to_owned(),
        };
        println!("{name:<8} {state}");
    }
    Ok(())
}

/// Servers for a test run. Those it started end with it, whatever way it ends.
pub(crate) struct ForTests {
    /// Variables and addresses for the tests.
    pub(crate) variables: Vec<(&'static str, String)>,
    started: Vec<Server>,
    guard: Option<Guard>,
}

impl ForTests {
    /// Starts what is neither named nor running. What cannot be had here is left out and said,
    /// its tests are skipped then; with CI=true it is an error.
    pub(crate) fn start() -> Result<Self, String> {
        Self::start_with(&[])
    }

    /// The same for a benchmark: a server that it starts itself works as its makers ship it.
    pub(crate) fn start_as_shipped() -> Result<Self, String> {
        Self::start_with(kafka::AS_SHIPPED)
    }

    fn start_with(environment: Environment) -> Result<Self, String> {
        let _lock = lock()?;
        let mut servers = Self { variables: Vec::new(), started: Vec::new(), guard: None };
        for server in SERVERS {
            match servers.address(server, environment) {
                Ok(address) => servers.hand_over(server, address),
                Err(error) if tally::is_ci() => return Err(error),
                Err(error) => eprintln!("no {} for the tests: {error}", server.name),
            }
        }
        Ok(servers)
    }

    fn address(&mut self, server: Server, environment: Environment) -> Result<String, String> {
        if let Some(address) = named(server)? {
            if server.program.is_some() {
                (server.install)(&Home::of(server.name))?;
            }
            return Ok(address);
        }
        let (address, is_new) = server.start(environment)?;
        if is_new {
            self.started.push(server);
            self.guard = Some(Guard::over(&self.homes())?);
        }
        Ok(address)
    }

    fn hand_over(&mut self, server: Server, address: String) {
        self.variables.push((server.variable, address));
        self.variables.extend(server.program());
    }

    /// Returns the servers that run already, starting none.
    pub(crate) fn running() -> Self {
        let mut servers = Self { variables: Vec::new(), started: Vec::new(), guard: None };
        for server in SERVERS {
            let named = std::env::var(server.variable).ok();
            let running = || Home::of(server.name).running().map(|(_, address)| address);
            if let Some(address) = named.or_else(running) {
                servers.hand_over(server, address);
            }
        }
        servers
    }

    fn homes(&self) -> Vec<Home> {
        self.started.iter().map(|server| Home::of(server.name)).collect()
    }
}

impl Drop for ForTests {
    fn drop(&mut self) {
        for (server, home) in self.started.iter().zip(self.homes()) {
            eprintln!("==> stop {}", server.name);
            if let Err(error) = home.stop() {
                eprintln!("xtask: {error}");
            }
        }
        // Only now: until here it would have stopped them if this process had been killed.
        drop(self.guard.take());
    }
}

impl Server {
    /// Returns the address, and whether the server was started just now.
    fn start(self, environment: Environment) -> Result<(String, bool), String> {
        let home = Home::of(self.name);
        if let Some((_, address)) = home.running() {
            self.wait(&home, &address)?;
            return Ok((address, false));
        }
        (self.install)(&home)?;
        home.empty_data()?;
        let address = process::free_address()?;
        eprintln!("==> start {} on {address}", self.name);
        let started = (self.command)(&home, &address)
            .and_then(|mut command| {
                command.envs(environment.iter().copied());
                home.spawn(command, &address)
            })
            .and_then(|()| self.wait(&home, &address));
        if let Err(error) = started {
            home.stop()?;
            return Err(error);
        }
        Ok((address, true))
    }

    fn program(self) -> Option<(&'static str, String)> {
        let (variable, file) = self.program?;
        let path = Home::of(self.name).path().join(file);
        path.exists().then(|| (variable, path.to_string_lossy().into_owned()))
    }

    fn wait(self, home: &Home, address: &str) -> Result<(), String> {
        home.wait(self.name, || (self.serves)(address))
    }
}

/// Returns the address of a server that is named by its variable, after a look whether it serves.
fn named(server: Server) -> Result<Option<String>, String> {
    let Ok(address) = std::env::var(server.variable) else {
        return Ok(None);
    };
    (server.serves)(&address).map_err(|error| format!("{}={address}: {error}", server.variable))?;
    Ok(Some(address))
}

fn lock() -> Result<File, String> {
    let dir = root();
    let path = dir.join("lock");
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    std::fs::create_dir_all(&dir).map_err(failed)?;
    let file = File::create(&path).map_err(failed)?;
    file.lock().map_err(failed)?;
    Ok(file)
}

fn root() -> PathBuf {
    run::root().join("target/servers")
}
