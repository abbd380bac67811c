//! Server processes that live on after the recipe that started them.

use std::{
    fs::{self, File},
    net::TcpListener,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How long a server may take to serve, or to end: a loaded machine is slow.
const PATIENCE: Duration = Duration::from_secs(120);
const INTERVAL: Duration = Duration::from_millis(50);

/// The folder of one server.
pub(super) struct Home(PathBuf);

impl Home {
    pub(super) fn of(server: &str) -> Self {
        Self(super::root().join(server))
    }

    #[cfg(test)]
    pub(super) fn at(dir: PathBuf) -> Self {
        Self(dir)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn log(&self) -> PathBuf {
        self.0.join("log")
    }

    pub(super) fn data(&self) -> PathBuf {
        self.0.join("data")
    }

    /// Returns process and address of the server that runs, if one does.
    pub(super) fn running(&self) -> Option<(String, String)> {
        let pid = fs::read_to_string(self.0.join("pid")).ok()?;
        // Numbers of processes are used again: it must be one that was started from this folder.
        let command = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let is_ours = String::from_utf8_lossy(&command).contains(&*self.0.to_string_lossy());
        let address = fs::read_to_string(self.0.join("address")).ok()?;
        is_ours.then_some((pid, address))
    }

    pub(super) fn empty_data(&self) -> Result<(), String> {
        let data = self.data();
        if data.exists() {
            fs::remove_dir_all(&data).map_err(|error| format!("{}: {error}", data.display()))?;
        }
        fs::create_dir_all(&data).map_err(|error| format!("{}: {error}", data.display()))
    }

    pub(super) fn write(&self, name: &str, text: &str) -> Result<PathBuf, String> {
        let path = self.0.join(name);
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(path)
    }

    /// Starts the server in a process group of its own: an interrupt meant for the recipe does not
    /// reach it.
    pub(super) fn spawn(&self, mut command: Command, address: &str) -> Result<(), String> {
        let log = File::create(self.log()).map_err(|error| format!("its log: {error}"))?;
        let errors = log.try_clone().map_err(|error| format!("its log: {error}"))?;
        let mut child = command
            .current_dir(&self.0)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .spawn()
            .map_err(|error| format!("{command:?}: {error}"))?;
        self.write("address", address)?;
        self.write("pid", &child.id().to_string())?;
        // Just after the start, the system does not show the command yet.
        while self.running().is_none() {
            if let Ok(Some(status)) = child.try_wait() {
                return Err(format!("{command:?}: {status}"));
            }
            thread::sleep(INTERVAL / 50);
        }
        Ok(())
    }

    /// Waits until the server serves; one that ends or never gets ready is an error with the end
    /// of what it said.
    pub(super) fn wait(
        &self,
        name: &str,
        mut serves: impl FnMut() -> Result<(), String>,
    ) -> Result<(), String> {
        let start = Instant::now();
        loop {
            let Err(error) = serves() else {
                return Ok(());
            };
            let waited = start.elapsed();
            let has_ended = self.running().is_none();
            if has_ended || waited > PATIENCE {
                let what = if has_ended { "has ended" } else { "is not ready" };
                let said = fs::read_to_string(self.log()).unwrap_or_default();
                let lines: Vec<&str> = said.lines().collect();
                let end = lines[lines.len().saturating_sub(20)..].join("\n");
                let log = self.log();
                let log = log.display();
                return Err(format!(
                    "{name} {what} after {waited:.0?}: {error}. The end of {log}:\n{end}"
                ));
            }
            thread::sleep(INTERVAL);
        }
    }

    /// Ends the server: first asked, then killed.
    pub(super) fn stop(&self) -> Result<(), String> {
        for (signal, patience) in [("-TERM", PATIENCE / 6), ("-KILL", PATIENCE)] {
            let Some((pid, _)) = self.running() else {
                break;
            };
            // It may have ended by itself meanwhile.
            drop(Command::new("kill").args([signal, &pid]).status());
            let start = Instant::now();
            while self.running().is_some() && start.elapsed() < patience {
                thread::sleep(INTERVAL);
            }
        }
        if let Some((pid, _)) = self.running() {
            return Err(format!("process {pid} of {} does not end", self.0.display()));
        }
        for name in ["pid", "address"] {
            let path = self.0.join(name);
            if path.exists() {
                fs::remove_file(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            }
        }
        Ok(())
    }
}

/// Returns a loopback address that is free now.
pub(super) fn free_address() -> Result<String, String> {
    let address = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    address.map(|address| address.to_string()).map_err(|error| format!("a free port: {error}"))
}
