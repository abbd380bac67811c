//! The processes of the system, as their heartbeats on `status` have it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use groundlog_log::LogError;
use groundlog_projection::{Labels, Metric, PERIODS_UNTIL_GONE, Process, RoleState};
use groundlog_proto::wire::{CounterStatus, ProcessState, ProcessStatus};

/// Processes that have been gone for longer are forgotten.
const REMEMBERED: Duration = Duration::from_secs(3600);

/// Whether a process is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    Alive,
    /// It said that it stops.
    Stopped,
    /// It has not been heard for too long.
    Gone,
}

impl Life {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Alive => "running",
            Self::Stopped => "stopped",
            Self::Gone => "gone",
        }
    }
}

/// A process as it is known now.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(crate) status: ProcessStatus,
    pub(crate) counters: Vec<CounterStatus>,
    /// Since its last heartbeat.
    pub(crate) age: Duration,
    pub(crate) life: Life,
    /// Whether it is the one that asks.
    pub(crate) own: bool,
}

#[derive(Debug)]
struct Known {
    status: ProcessStatus,
    counters: Vec<CounterStatus>,
    heard: Instant,
}

/// What is known of processes; of this one at first hand. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Processes {
    own: Process,
    /// Roles that a system needs to serve.
    expected: Arc<[String]>,
    others: Arc<RwLock<BTreeMap<String, Known>>>,
}

impl Processes {
    pub(crate) fn new(own: Process, expected: Vec<String>) -> Self {
        Self { own, expected: expected.into(), others: Arc::default() }
    }

    /// Takes a heartbeat in that was published `age` ago.
    pub(crate) fn hear(&self, mut status: ProcessStatus, age: Duration) {
        if status.process == self.own.identity().process {
            return;
        }
        let now = Instant::now();
        let mut others = self.others.write().unwrap_or_else(PoisonError::into_inner);
        others.retain(|_, known| now.duration_since(known.heard) < REMEMBERED);
        let mut counters = std::mem::take(&mut status.counters);
        if counters.is_empty()
            && let Some(known) = others.get_mut(&status.process)
        {
            counters = std::mem::take(&mut known.counters);
        }
        let heard = now.checked_sub(age).unwrap_or(now);
        others.insert(status.process.clone(), Known { status, counters, heard });
    }

    /// Returns this process, as it is now.
    pub(crate) async fn own(&self) -> Result<View, LogError> {
        let status = self.own.status().await?;
        let counters = self.own.counters();
        Ok(View { status, counters, age: Duration::ZERO, life: Life::Alive, own: true })
    }

    /// Returns the name of this process.
    pub(crate) fn name(&self) -> &str {
        &self.own.identity().process
    }

    /// Returns the other processes by name.
    pub(crate) fn others(&self) -> Vec<View> {
        let others = self.others.read().unwrap_or_else(PoisonError::into_inner);
        others.values().map(|known| known.view(Instant::now())).collect()
    }

    /// Says why a process that owned something at a time does not own it any more, if so.
    pub(crate) fn lost(&self, process: &str, then_ns: i64) -> Option<String> {
        let me = self.own.identity();
        if process == me.process {
            // What an earlier start of this process left behind is not known any more.
            let earlier = then_ns < me.started.0;
            return earlier.then(|| "not owned since this process started".to_owned());
        }
        let others = self.others.read().unwrap_or_else(PoisonError::into_inner);
        let view = others.get(process)?.view(Instant::now());
        match view.life {
            Life::Alive => None,
            Life::Stopped => Some(format!("its process {process} has stopped")),
            Life::Gone => Some(format!(
                "its process {process} is gone: no heartbeat for {} s",
                view.age.as_secs()
            )),
        }
    }

    /// Says which roles nobody runs, each with who did last.
    pub(crate) fn missing(&self) -> Vec<String> {
        let others = self.others();
        let mut serving: BTreeSet<&str> = BTreeSet::new();
        let own = self.own.roles().all();
        serving
            .extend(own.iter().filter(|(_, state)| serves(state)).map(|(role, _)| role.as_str()));
        let alive = others.iter().filter(|view| view.life == Life::Alive);
        let roles = alive.flat_map(|view| &view.status.roles);
        serving.extend(roles.filter(|role| role.state == RUNNING).map(|role| role.role.as_str()));
        let missing = self.expected.iter().filter(|role| !serving.contains(role.as_str()));
        missing.map(|role| self.absence(role, &own, &others)).collect()
    }

    fn absence(&self, role: &str, own: &[(String, RoleState)], others: &[View]) -> String {
        if let Some((_, state)) = own.iter().find(|(name, _)| name == role) {
            return format!("role {role} is {} here: {}", state.word(), state.detail());
        }
        let had = |view: &&View| view.status.roles.iter().any(|it| it.role == role);
        let last = others.iter().filter(had).min_by_key(|view| view.age);
        match last {
            None => format!("role {role} is missing: no process runs it"),
            Some(view) if view.life == Life::Alive => {
                let role = view.status.roles.iter().find(|it| it.role == role);
                let (name, state, detail) = role
                    .map_or(("", "", ""), |it| (&it.role, it.state.as_str(), it.detail.as_str()));
                format!("role {name} is {state} in {}: {detail}", view.status.process)
            }
            Some(view) => format!(
                "role {role} is missing: {} is {}, last heard {} s ago",
                view.status.process,
                view.life.word(),
                view.age.as_secs()
            ),
        }
    }

    /// Returns how far other processes say that current values are behind: seconds, records.
    pub(crate) fn behind(&self, consumers: &[&str], topics: &[&str]) -> (f64, u64) {
        let (mut seconds, mut records) = (0.0_f64, 0);
        for view in self.others().iter().filter(|view| view.life == Life::Alive) {
            let shown = view.status.consumers.iter().filter(|it| {
                consumers.contains(&it.consumer.as_str()) && topics.contains(&it.topic.as_str())
            });
            for partition in shown.flat_map(|consumer| &consumer.partitions) {
                seconds = seconds.max(f64::from(partition.lag_seconds));
                records += partition.lag_records;
            }
        }
        (seconds, records)
    }

    /// Returns what the other processes have counted: every series of a metric, by its labels.
    pub(crate) fn series(&self, metric: &Metric) -> Vec<(Labels, f64)> {
        let others = self.others();
        let counters = others.iter().flat_map(|view| &view.counters);
        let counters = counters.filter(|counter| counter.name == metric.name);
        let labels = |counter: &CounterStatus| {
            counter.labels.iter().map(|(label, value)| (label.clone(), value.clone())).collect()
        };
        counters.map(|counter| (labels(counter), counter.value)).collect()
    }

    /// Returns the roles that a system needs.
    pub(crate) fn expected(&self) -> &[String] {
        &self.expected
    }

    /// Says what is not as it should be, though others do the work.
    pub(crate) fn troubles(&self, active: Option<&[u8]>) -> Vec<String> {
        let mut troubles = Vec::new();
        for view in self.others().iter().filter(|view| view.life == Life::Alive) {
            let process = &view.status.process;
            for role in view.status.roles.iter().filter(|role| role.state != RUNNING) {
                troubles
                    .push(format!("{process}: {} is {}: {}", role.role, role.state, role.detail));
            }
            troubles.extend(differs(process, &view.status.definitions, active));
        }
        for (role, state) in self.own.roles().all() {
            if let RoleState::Restarting(detail) = state {
                troubles.push(format!("role {role} is restarting here: {detail}"));
            }
        }
        let own = self.own.loaded_definitions();
        let own = own.as_ref().map_or(&[][..], |hash| hash.as_bytes());
        troubles.extend(differs(&self.own.identity().process, own, active));
        troubles
    }
}

/// The word for a role that serves.
const RUNNING: &str = "running";

fn serves(state: &RoleState) -> bool {
    state.word() == RUNNING
}

/// Says that a process has loaded other definitions than are active.
fn differs(process: &str, loaded: &[u8], active: Option<&[u8]>) -> Option<String> {
    let active = active.filter(|active| !loaded.is_empty() && *active != loaded)?;
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    Some(format!(
        "{process} has loaded another plug-in than the active one (definitions {}, active are {}): \
         start every process with the same one",
        hex(loaded),
        hex(active)
    ))
}

impl Known {
    fn view(&self, now: Instant) -> View {
        let age = now.duration_since(self.heard);
        let patience = Duration::from_millis(self.status.period_ms.into()) * PERIODS_UNTIL_GONE;
        let life = match self.status.state() {
            ProcessState::Stopped => Life::Stopped,
            _ if age > patience => Life::Gone,
            _ => Life::Alive,
        };
        let (status, counters) = (self.status.clone(), self.counters.clone());
        View { status, counters, age, life, own: false }
    }
}
