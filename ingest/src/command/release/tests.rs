use std::time::Duration;

use groundlog_log::{MemoryLog, TopicSpec};
use groundlog_proto::{TopicKind, TopicNames, partition_of, wire::CommandRequest};

use super::*;
use crate::{
    InterfaceOptions,
    command::Route,
    link::{LinkState, Shared},
};

const PARTITIONS: u32 = 2;
const PATIENCE: Duration = Duration::from_secs(20);

/// One name per `control` partition.
fn names() -> [String; PARTITIONS as usize] {
    [0, 1].map(|partition| {
        let mut names = (0..).map(|number| format!("INT{number}"));
        names.find(|name| partition_of(name, PARTITIONS) == partition).unwrap()
    })
}

/// Starts the owner of one partition, whose link sends whatever it is given.
fn owner(
    log: &Arc<dyn Log>,
    partition: u32,
    epoch: u64,
    shutdown: &watch::Receiver<bool>,
) -> tokio::task::JoinHandle<Result<(), LogError>> {
    let name = &names()[partition as usize];
    let options = InterfaceOptions::new(name, "tcpip_client_interface.rb", &[]);
    let shared = Shared::new(&options, true, watch::channel(0).0);
    shared.set_state(LinkState::Connected, "");
    let (inbox, mut link) = mpsc::channel::<Outgoing>(8);
    tokio::spawn(async move {
        while let Some(outgoing) = link.recv().await {
            outgoing.completion.done(Outcome::Sent);
        }
    });
    let by_target = ["A", "B"].map(str::to_owned).into_iter().zip(names()).collect();
    let routes = Routes {
        by_interface: HashMap::from([(name.clone(), Route { shared, inbox })]),
        by_target,
        control: (partition, PARTITIONS),
    };
    let release = Release::new(ReleaseSetup {
        log: log.clone(),
        commands: commands(),
        writer: format!("release-{partition}"),
        epoch,
        limits: IngestLimits::default(),
        routes,
        shutdown: shutdown.clone(),
    });
    tokio::spawn(release.run())
}

fn commands() -> TopicPartition {
    TopicPartition::new(TopicNames::default().topic(TopicKind::Commands), 0)
}

fn event(id: &str, state: CommandState, target: &str, interface: &str) -> CommandEvent {
    CommandEvent {
        command_id: id.to_owned(),
        state: state as i32,
        target: target.to_owned(),
        interface: interface.to_owned(),
        request: (state == CommandState::Requested).then(CommandRequest::default),
        ..CommandEvent::default()
    }
}

async fn append(log: &dyn Log, event: &CommandEvent) {
    let mut records = Records::new();
    push_event(&mut records, event);
    log.append(&commands(), records).await.unwrap();
}

/// Returns state and epoch of every event that followed a command's first.
async fn fate(log: &dyn Log, id: &str) -> Vec<(CommandState, u64)> {
    let mut reader = log.reader(&commands(), 0).await.unwrap();
    let batch = reader.poll(1 << 20).await.unwrap();
    let events = batch.iter().map(|record| CommandEvent::decode(record.value).unwrap());
    let mine = events.filter(|event| event.command_id == id && event.epoch != 0);
    mine.map(|event| (event.state(), event.epoch)).collect()
}

#[tokio::test]
async fn owners_leave_each_others_commands_alone() {
    use CommandState::{Rejected, Released, Requested, Sent, Uncertain};
    let log: Arc<dyn Log> = Arc::new(MemoryLog::new());
    let spec = TopicSpec::standard(&TopicNames::default(), TopicKind::Commands, 1);
    log.ensure(&spec).await.unwrap();
    let [first, second] = names();
    // What an earlier owner left behind on each side: released by name, and requested.
    for (id, target, interface) in [("old-a", "A", &first), ("old-b", "B", &second)] {
        append(&*log, &event(id, Requested, target, "")).await;
        append(&*log, &event(id, Released, target, interface)).await;
    }
    append(&*log, &event("waiting-b", Requested, "B", "")).await;
    let (_stop, stopped) = watch::channel(false);
    for partition in 0..PARTITIONS {
        drop(owner(&log, partition, u64::from(partition) + 10, &stopped));
    }
    let nowhere = partition_of("NOWHERE", PARTITIONS);
    let expected = [
        ("old-a", vec![(Uncertain, 10)]),
        ("old-b", vec![(Uncertain, 11)]),
        ("waiting-b", vec![(Released, 11), (Sent, 11)]),
        ("a", vec![(Released, 10), (Sent, 10)]),
        ("b", vec![(Released, 11), (Sent, 11)]),
        ("a-by-name", vec![(Released, 11), (Sent, 11)]),
        ("no-target", vec![(Rejected, u64::from(nowhere) + 10)]),
        ("no-interface", vec![(Rejected, u64::from(nowhere) + 10)]),
        ("last-a", vec![(Released, 10), (Sent, 10)]),
        ("last-b", vec![(Released, 11), (Sent, 11)]),
    ];
    for (id, target, interface) in [
        ("a", "A", ""),
        ("b", "B", ""),
        ("a-by-name", "A", second.as_str()),
        ("no-target", "NOWHERE", ""),
        ("no-interface", "A", "NOWHERE"),
        // When these are through, nobody will say anything about the ones before them.
        ("last-a", "A", ""),
        ("last-b", "B", ""),
    ] {
        append(&*log, &event(id, Requested, target, interface)).await;
    }
    let done = async {
        for id in ["last-a", "last-b"] {
            while fate(&*log, id).await.len() < 2 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    };
    tokio::time::timeout(PATIENCE, done).await.expect("both owners get through");
    for (id, fates) in expected {
        assert_eq!(fate(&*log, id).await, fates, "{id}");
    }
}

/// Who was the owner and does not know yet that another one is can release nothing any more: one
/// uplink, by the newer owner. This is what a process meets that was paused and wakes up.
#[tokio::test]
async fn a_newer_owner_fences_the_older() {
    use CommandState::{Released, Requested, Sent};
    for round in 0..50 {
        let log: Arc<dyn Log> = Arc::new(MemoryLog::new());
        let spec = TopicSpec::standard(&TopicNames::default(), TopicKind::Commands, 1);
        log.ensure(&spec).await.unwrap();
        let (_stop, stopped) = watch::channel(false);
        let older = owner(&log, 0, 10, &stopped);
        append(&*log, &event("first", Requested, "A", "")).await;
        let sent = async |id: &str| {
            let through = async {
                while fate(&*log, id).await.len() < 2 {
                    tokio::task::yield_now().await;
                }
            };
            tokio::time::timeout(PATIENCE, through).await.expect("it goes out");
        };
        sent("first").await;
        let _newer = owner(&log, 0, 20, &stopped);
        // Sooner and later: before the newer one has begun, while it does, and after.
        for _ in 0..round {
            tokio::task::yield_now().await;
        }
        append(&*log, &event("second", Requested, "A", "")).await;
        sent("second").await;
        append(&*log, &event("third", Requested, "A", "")).await;
        sent("third").await;
        assert_eq!(fate(&*log, "first").await, [(Released, 10), (Sent, 10)]);
        let second = fate(&*log, "second").await;
        let epoch = second[0].1;
        assert_eq!(second, [(Released, epoch), (Sent, epoch)], "round {round}");
        assert_eq!(fate(&*log, "third").await, [(Released, 20), (Sent, 20)], "round {round}");
        let ended = tokio::time::timeout(PATIENCE, older).await.expect("it notices");
        assert!(ended.unwrap().is_ok(), "being replaced is no failure");
    }
}
