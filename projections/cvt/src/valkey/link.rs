//! A connection that is made when it is needed, and again when it broke.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ErrorKind, IntoConnectionInfo, Pipeline,
    ProtocolVersion, RedisConnectionInfo, RedisError, Script, ServerError, Value,
    aio::{ConnectionLike, MultiplexedConnection},
    io::tcp::TcpSettings,
};

use super::ValkeyError;
use crate::url::Address;

/// Longest time that making a connection may take.
const CONNECT: Duration = Duration::from_secs(2);
/// Longest time that an answer may take: a large batch on a busy machine.
const ANSWER: Duration = Duration::from_secs(5);

/// Who asks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Credentials {
    pub(crate) user: Option<String>,
    pub(crate) password: Option<String>,
}

/// Commands for one round trip, and the key that each is about.
pub(crate) struct Commands {
    pipeline: Pipeline,
    keys: Vec<String>,
}

impl Commands {
    pub(crate) fn new() -> Self {
        Self { pipeline: Pipeline::new(), keys: Vec::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Adds a command whose first argument is its key.
    pub(crate) fn add(&mut self, name: &str, key: &str, arguments: &[&str]) {
        let mut command = redis::cmd(name);
        command.arg(key);
        arguments.iter().for_each(|argument| {
            command.arg(argument);
        });
        self.pipeline.add_command(command);
        self.keys.push(key.to_owned());
    }

    /// Adds a run of a script.
    pub(crate) fn run(&mut self, run: Run) {
        self.pipeline.add_command(run.command);
        self.keys.push(run.key);
    }

    /// Gives every script its text, for a server that does not know them.
    fn with_texts(&self, scripts: &[(Script, &'static str)]) -> Pipeline {
        let mut pipeline = Pipeline::new();
        for command in self.pipeline.cmd_iter() {
            let mut arguments = command.args_iter().map(|argument| match argument {
                redis::Arg::Simple(bytes) => bytes,
                // Nothing here goes on from a cursor.
                _ => b"0",
            });
            let (name, first) = (arguments.next().unwrap_or_default(), arguments.next());
            let text = scripts.iter().find(|(script, _)| {
                name == b"EVALSHA" && first == Some(script.get_hash().as_bytes())
            });
            let mut copy = Cmd::new();
            match text {
                Some((_, text)) => copy.arg("EVAL").arg(*text),
                None => copy.arg(name).arg(first.unwrap_or_default()),
            };
            arguments.for_each(|argument| {
                copy.arg(argument);
            });
            pipeline.add_command(copy);
        }
        pipeline
    }
}

/// One run of a script.
pub(crate) struct Run {
    command: Cmd,
    key: String,
}

impl Run {
    /// Names the script and its keys; the last one is the one that an error is about. Memory is
    /// taken for so many arguments, and so many bytes of them.
    pub(crate) fn new(script: &Script, keys: &[&str], arguments: usize, bytes: usize) -> Self {
        let mut command = Cmd::with_capacity(3 + keys.len() + arguments, 256 + bytes);
        command.arg("EVALSHA").arg(script.get_hash()).arg(keys.len()).arg(keys);
        Self { command, key: keys.last().copied().unwrap_or_default().to_owned() }
    }

    /// Adds an argument.
    pub(crate) fn arg(&mut self, argument: &[u8]) -> &mut Self {
        self.command.arg(argument);
        self
    }
}

/// A server, and the connection to it while there is one. Shared by all who ask.
pub(crate) struct Link {
    server: String,
    client: Client,
    scripts: &'static [(Script, &'static str)],
    open: Mutex<Option<MultiplexedConnection>>,
    opening: tokio::sync::Mutex<()>,
}

impl Link {
    /// Names the server; nothing is connected yet.
    pub(crate) fn new(
        address: &Address,
        credentials: &Credentials,
        scripts: &'static [(Script, &'static str)],
    ) -> Result<Self, ValkeyError> {
        let server = address.to_string();
        let invalid = |error: RedisError| unreachable(&server, &error);
        let info = to(address).into_connection_info().map_err(invalid)?;
        let mut redis = RedisConnectionInfo::default()
            .set_db(address.database)
            .set_protocol(ProtocolVersion::RESP2)
            .set_lib_name("groundlog", env!("CARGO_PKG_VERSION"));
        if let Some(user) = &credentials.user {
            redis = redis.set_username(user);
        }
        if let Some(password) = &credentials.password {
            redis = redis.set_password(password);
        }
        let tcp = TcpSettings::default().set_nodelay(true);
        let info = info.set_redis_settings(redis).set_tcp_settings(tcp);
        let client = Client::open(info).map_err(invalid)?;
        let (open, opening) = (Mutex::new(None), tokio::sync::Mutex::new(()));
        Ok(Self { server, client, scripts, open, opening })
    }

    /// Returns the server's URL, for errors.
    pub(crate) fn server(&self) -> &str {
        &self.server
    }

    /// Sends commands in one round trip and returns their answers; the first error counts.
    ///
    /// The server carries out every command, whatever became of the one before: what must not
    /// happen unless something else did is sent after its answer.
    ///
    /// # Cancel safety
    /// What was sent is carried out all the same.
    pub(crate) async fn send(&self, commands: &Commands) -> Result<Vec<Value>, ValkeyError> {
        if commands.len() == 0 {
            return Ok(Vec::new());
        }
        let mut answers = self.exchange(&commands.pipeline).await?;
        let unknown =
            |answer: &Value| matches!(answer, Value::ServerError(it) if it.code() == "NOSCRIPT");
        if answers.iter().any(unknown) {
            answers = self.exchange(&commands.with_texts(self.scripts)).await?;
        }
        for (answer, key) in answers.iter().zip(&commands.keys) {
            if let Value::ServerError(error) = answer {
                return Err(refused(&self.server, Some(key), error));
            }
        }
        Ok(answers)
    }

    /// Sends one command that is about no key.
    pub(crate) async fn ask(&self, command: &Cmd) -> Result<Value, ValkeyError> {
        let mut pipeline = Pipeline::new();
        pipeline.add_command(command.clone());
        match self.exchange(&pipeline).await?.into_iter().next() {
            Some(Value::ServerError(error)) => Err(refused(&self.server, None, &error)),
            answer => Ok(answer.unwrap_or_default()),
        }
    }

    async fn exchange(&self, pipeline: &Pipeline) -> Result<Vec<Value>, ValkeyError> {
        let mut connection = self.connection().await?;
        match connection.req_packed_commands(pipeline, 0, pipeline.len()).await {
            Ok(answers) => Ok(answers),
            Err(error) => {
                // Whoever comes next connects anew; a late answer finds nobody.
                self.lock().take();
                Err(unreachable(&self.server, &error))
            }
        }
    }

    async fn connection(&self) -> Result<MultiplexedConnection, ValkeyError> {
        if let Some(open) = self.lock().as_ref() {
            return Ok(open.clone());
        }
        // One connects, the others wait for it.
        let _opening = self.opening.lock().await;
        if let Some(open) = self.lock().as_ref() {
            return Ok(open.clone());
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(ANSWER));
        let made = self.client.get_multiplexed_async_connection_with_config(&config).await;
        let made = made.map_err(|error| unreachable(&self.server, &error))?;
        *self.lock() = Some(made.clone());
        Ok(made)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<MultiplexedConnection>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn to(address: &Address) -> ConnectionAddr {
    let (host, port) = (address.host.clone(), address.port);
    match address.tls {
        true => ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None },
        false => ConnectionAddr::Tcp(host, port),
    }
}

/// Says why no answer came.
fn unreachable(server: &str, error: &RedisError) -> ValkeyError {
    let server = server.to_owned();
    let why = error.to_string();
    match error.kind() {
        ErrorKind::AuthenticationFailed => ValkeyError::Denied { server, why },
        ErrorKind::Server(_) | ErrorKind::Extension => {
            let code = error.code().unwrap_or_default();
            by_code(server, None, code, why)
        }
        _ => ValkeyError::Unreachable { server, why },
    }
}

/// Says what the server's error means for the table.
fn refused(server: &str, key: Option<&str>, error: &ServerError) -> ValkeyError {
    let why = [error.code(), error.details().unwrap_or_default()].join(" ");
    by_code(server.to_owned(), key, error.code(), why)
}

/// Older servers tell what happened to a command of a script in the text alone.
const INSIDE: [&str; 3] = ["OOM", "READONLY", "WRONGTYPE"];

fn by_code(server: String, key: Option<&str>, code: &str, why: String) -> ValkeyError {
    let inside = INSIDE.into_iter().find(|inside| why.contains(inside));
    match (inside.unwrap_or(code), key) {
        ("WRONGPASS" | "NOAUTH" | "NOPERM", _) => ValkeyError::Denied { server, why },
        ("READONLY", _) => ValkeyError::Replica { server },
        ("OOM", _) => ValkeyError::Full { server },
        ("MOVED" | "ASK" | "CROSSSLOT", _) => ValkeyError::Part { server, why },
        ("WRONGTYPE", Some(key)) => {
            ValkeyError::Foreign { server, key: key.to_owned(), what: "is no hash".to_owned() }
        }
        // The scripts themselves fail on nothing but fields that they did not write.
        ("ERR", Some(key)) if why.contains("user_script") => {
            ValkeyError::Foreign { server, key: key.to_owned(), what: format!("is odd ({why})") }
        }
        _ => ValkeyError::Busy { server, why },
    }
}
