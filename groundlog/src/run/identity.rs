//! Under which name a process is known: its slot in every group.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    path::Path,
};

use anyhow::Context;

use crate::{config::Config, role_set::RoleSet};

/// Name of the one process of a local log.
const LOCAL: &str = "local";
/// Folder for what tells apart processes of one data folder.
const PROCESSES: &str = "processes";
/// Processes of the same roles that one data folder can tell apart.
const PROCESSES_MAX: u32 = 1000;
/// Longest part of a host's name that is taken.
const HOST_CHARS_MAX: usize = 40;

/// The name of a process. Whoever holds it keeps others of the same data folder from deriving it.
#[derive(Debug)]
pub(super) struct ProcessName {
    pub(super) name: String,
    pub(super) host: String,
    _lock: Option<File>,
}

/// Returns the name that is configured, else one that is the same at every start with this data
/// folder and that no other running process has.
///
/// # Errors
/// The data folder cannot be written.
pub(super) fn process_name(config: &Config, shared: bool) -> anyhow::Result<ProcessName> {
    let host = host();
    if let Some(name) = &config.system.process {
        return Ok(ProcessName { name: name.clone(), host, _lock: None });
    }
    if !shared {
        return Ok(ProcessName { name: LOCAL.to_owned(), host, _lock: None });
    }
    let (number, lock) = slot(&config.system.data, &config.system.roles)?;
    let name = format!("{host}-{}-{number}", config.system.roles);
    Ok(ProcessName { name, host, _lock: Some(lock) })
}

/// Takes the first file of these roles that no running process holds; returns its number.
fn slot(data: &Path, roles: &RoleSet) -> anyhow::Result<(String, File)> {
    let folder = data.join(PROCESSES);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for slot in 0..PROCESSES_MAX {
        let path = folder.join(format!("{roles}.{slot}"));
        let context = || format!("cannot use {}", path.display());
        let mut options = OpenOptions::new();
        let file = options.create(true).truncate(false).read(true).write(true).open(&path);
        let mut file = file.with_context(context)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => continue,
            Err(TryLockError::Error(error)) => return Err(error).with_context(context),
        }
        let mut text = String::new();
        file.read_to_string(&mut text).with_context(context)?;
        let number = text.trim();
        if number.len() == 8 && number.chars().all(|c| c.is_ascii_hexdigit()) {
            return Ok((number.to_owned(), file));
        }
        let number = format!("{:08x}", random());
        file.set_len(0).and_then(|()| file.rewind()).with_context(context)?;
        writeln!(file, "{number}").and_then(|()| file.sync_all()).with_context(context)?;
        return Ok((number, file));
    }
    anyhow::bail!("{PROCESSES_MAX} processes with roles {roles} run on {} already", data.display())
}

fn random() -> u32 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(std::process::id()) as u32
}

/// Returns the name of this machine, as far as it is letters, digits and hyphens.
fn host() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .or_else(|| std::env::var("HOSTNAME").ok())
        .unwrap_or_default();
    let plain = |c: &char| c.is_ascii_alphanumeric() || *c == '-' || *c == '.';
    let name: String = name.trim().chars().filter(plain).take(HOST_CHARS_MAX).collect();
    if name.is_empty() { "host".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::role_set::RoleName;

    #[test]
    fn a_name_survives_a_restart_and_is_nobody_elses() {
        let folder = tempfile::tempdir().unwrap();
        let config = |roles: &[RoleName]| {
            let mut config = Config::default();
            config.system.data = folder.path().to_owned();
            config.system.roles = roles.iter().copied().collect();
            config
        };
        let decom = config(&[RoleName::Decom]);
        let first = process_name(&decom, true).unwrap();
        let second = process_name(&decom, true).unwrap();
        assert_ne!(first.name, second.name, "both are running");
        let prefix = format!("{}-decom-", host());
        assert!(first.name.starts_with(&prefix) && first.name.len() == prefix.len() + 8);
        let pair = process_name(&config(&[RoleName::Gateway, RoleName::Cvt]), true).unwrap();
        assert!(pair.name.contains("-cvt-gateway-"), "{}", pair.name);

        let (was_first, was_second) = (first.name.clone(), second.name.clone());
        drop(first);
        assert_eq!(process_name(&decom, true).unwrap().name, was_first, "as before the restart");
        drop(second);
        let both = [process_name(&decom, true).unwrap(), process_name(&decom, true).unwrap()];
        assert_eq!([&both[0].name, &both[1].name], [&was_first, &was_second]);
        // A file that was cut short is as good as none.
        drop(both);
        fs::write(folder.path().join("processes/decom.0"), "12").unwrap();
        assert_ne!(process_name(&decom, true).unwrap().name, was_first);
    }

    #[test]
    fn what_is_configured_holds_and_a_local_log_has_one_process() {
        let mut config = Config::default();
        assert_eq!(process_name(&config, false).unwrap().name, "local");
        config.system.process = Some("mine".to_owned());
        assert_eq!(process_name(&config, true).unwrap().name, "mine");
        assert_eq!(process_name(&config, false).unwrap().name, "mine");
    }
}
