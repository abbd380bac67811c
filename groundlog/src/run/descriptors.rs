//! Descriptors of the process: files of the log, links, clients.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Takes as many descriptors as the system lets this process have; shells often start one with
/// 1024.
pub(super) fn raise() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::debug!(%error, "the limit of open files stays as it was");
    }
}

/// Returns how many connections clients may have: half of the descriptors, so that those of log
/// and links are never theirs.
pub(super) fn for_clients() -> usize {
    share(getrlimit(Resource::Nofile).current)
}

fn share(all: Option<u64>) -> usize {
    let half = all.and_then(|all| usize::try_from(all / 2).ok()).unwrap_or(usize::MAX);
    half.clamp(1, groundlog_gateway::CONNECTIONS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_leave_descriptors_to_log_and_links() {
        assert_eq!([Some(64), Some(1024), Some(1 << 20), None].map(share), [32, 512, 1024, 1024]);
    }

    #[test]
    fn the_process_has_all_it_may_have() {
        raise();
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        assert_eq!(current, maximum);
    }
}
