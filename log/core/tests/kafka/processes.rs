//! Processes that are paused or killed. Children are this test binary, run again.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use groundlog_log::{Checkpoint, GroupSpec, KafkaLog, Log, Member, MemberEvent, Records};
use groundlog_proto::TopicPartition;
use tokio::time::timeout;

use super::server::{
    PATIENCE, address, append, child, connect_to, is_fenced, numbered, numbers, partition, signal,
    spec, unique,
};

const PREFIX: &str = "GROUNDLOG_TEST_KAFKA_PREFIX";
const MEMBER: &str = "GROUNDLOG_TEST_KAFKA_MEMBER";

fn group(prefix: &str, member: &str, input: &TopicPartition) -> GroupSpec {
    GroupSpec {
        group: format!("{prefix}group"),
        member: member.to_owned(),
        topics: vec![input.topic.clone()],
    }
}

fn at(partition: &TopicPartition, next: u64) -> Vec<Checkpoint> {
    vec![Checkpoint { partition: partition.clone(), next }]
}

async fn assigned(member: &mut Box<dyn Member>) -> Vec<(TopicPartition, Option<u64>)> {
    loop {
        let event = timeout(PATIENCE, member.next(100)).await.expect("in time").expect("event");
        match event {
            MemberEvent::Assigned(list) if !list.is_empty() => return list,
            _ => {}
        }
    }
}

/// A child, with the lines that it prints.
struct Running {
    process: Child,
    input: ChildStdin,
    lines: mpsc::Receiver<String>,
}

impl Running {
    fn start(test: &str, prefix: &str, member: &str) -> Self {
        let mut process = child(test, &[(PREFIX, prefix), (MEMBER, member)])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the child starts");
        let output = BufReader::new(process.stdout.take().expect("its output"));
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let input = process.stdin.take().expect("its input");
        Self { process, input, lines }
    }

    /// Waits for a line that starts so, and returns the rest.
    fn says(&self, start: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left).expect("the child says something in time");
            if let Some(rest) = line.strip_prefix(start) {
                return rest.trim().to_owned();
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The child: takes the partition, prepares a transaction, and commits when it is told to.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_that_is_paused() {
    let (Ok(prefix), Ok(member)) = (std::env::var(PREFIX), std::env::var(MEMBER)) else { return };
    let log = connect_to(&address().expect("the parent's broker"));
    let input = partition(&log, &format!("{prefix}input")).await;
    let output = partition(&log, &format!("{prefix}output")).await;
    let mut member = log.join(&group(&prefix, &member, &input)).await.expect("joined");
    assigned(&mut member).await;
    member.checkpoint(at(&input, 1)).await.expect("its own partition");
    let mut txn = member.begin().await.expect("begin");
    txn.append(&output, numbered([666])).await.expect("append");
    println!("\nready");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).expect("told");
    let commit = txn.commit(at(&input, 2)).await;
    println!("\ncommit fenced: {}", is_fenced(&commit));
    let checkpoint = member.checkpoint(at(&input, 3)).await;
    println!("\ncheckpoint fenced: {}", is_fenced(&checkpoint));
    std::io::stdout().flush().expect("written");
}

/// Pauses a member for longer than its session while another one takes over, and wakes it up.
async fn zombie(heir: &str) {
    let Some(address) = address() else { return };
    let log = connect_to(&address);
    let prefix = unique("zombie");
    let input = partition(&log, &format!("{prefix}input")).await;
    let output = partition(&log, &format!("{prefix}output")).await;
    for number in 0..9 {
        append(&log, &input, number).await;
    }
    let mut zombie = Running::start("processes::child_that_is_paused", &prefix, "first");
    zombie.says("ready");
    signal(zombie.process.id(), "-STOP");
    let paused = Instant::now();
    let mut member = log.join(&group(&prefix, heir, &input)).await.expect("joined");
    assert_eq!(assigned(&mut member).await, [(input.clone(), Some(1))]);
    println!("{heir} takes over after {:?}", paused.elapsed());
    let mut txn = member.begin().await.expect("begin");
    txn.append(&output, numbered([1])).await.expect("append");
    txn.commit(at(&input, 5)).await.expect("the heir commits");
    signal(zombie.process.id(), "-CONT");
    zombie.input.write_all(b"commit\n").expect("told");
    assert_eq!(zombie.says("commit fenced:"), "true");
    assert_eq!(zombie.says("checkpoint fenced:"), "true");
    assert_eq!(numbers(&log, &output).await, [1]);
    let stored = log.checkpoint(&format!("{prefix}group"), &input).await.expect("checkpoint");
    assert_eq!(stored, Some(5));
    // The heir is not disturbed, whatever the zombie tried.
    let mut txn = member.begin().await.expect("begin");
    txn.append(&output, numbered([2])).await.expect("append");
    txn.commit(at(&input, 6)).await.expect("the heir goes on");
    assert_eq!(numbers(&log, &output).await, [1, 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_zombie_is_fenced_by_another_member() {
    zombie("second").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_zombie_is_fenced_by_its_namesake() {
    zombie("first").await;
}

/// A member that was away for longer than its session, with nobody there to take over, goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_that_comes_back() {
    let (Ok(prefix), Ok(member)) = (std::env::var(PREFIX), std::env::var(MEMBER)) else { return };
    let log = connect_to(&address().expect("the parent's broker"));
    let input = partition(&log, &format!("{prefix}input")).await;
    let mut member = log.join(&group(&prefix, &member, &input)).await.expect("joined");
    let mut next = assigned(&mut member).await[0].1.unwrap_or(0);
    member.seek(&input, next).await.expect("seek");
    loop {
        match member.next(1).await {
            Ok(MemberEvent::Records(batch)) => {
                next = batch.next();
                match member.checkpoint(at(&input, next)).await {
                    Ok(()) => println!("\ndone {next}"),
                    // What the broker's word was about the session that has ended.
                    Err(error) => println!("\nrefused {error}"),
                }
            }
            Ok(MemberEvent::Revoked(_)) => println!("\nrevoked"),
            Ok(MemberEvent::Assigned(list)) => {
                println!("\nassigned {list:?}");
                for (partition, checkpoint) in list {
                    member.seek(&partition, checkpoint.unwrap_or(0)).await.expect("seek");
                }
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_that_was_away_comes_back() {
    let Some(address) = address() else { return };
    let log = connect_to(&address);
    let prefix = unique("away");
    let input = partition(&log, &format!("{prefix}input")).await;
    append(&log, &input, 0).await;
    let member = Running::start("processes::child_that_comes_back", &prefix, "only");
    assert_eq!(member.says("done"), "1");
    signal(member.process.id(), "-STOP");
    let name = format!("{prefix}group");
    // Until the broker has given it up: somebody else could have the partition then.
    tokio::time::sleep(Duration::from_secs(8)).await;
    append(&log, &input, 1).await;
    signal(member.process.id(), "-CONT");
    assert_eq!(member.says("done"), "2");
    assert_eq!(log.checkpoint(&name, &input).await.expect("checkpoint"), Some(2));
}

/// The child: one transaction after the other on two partitions, and then one that takes long to
/// send, until it is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_that_is_killed() {
    let (Ok(prefix), Ok(id)) = (std::env::var(PREFIX), std::env::var(MEMBER)) else { return };
    let log = connect_to(&address().expect("the parent's broker"));
    let [zero, one] = targets(&log, &prefix).await;
    let mut transactor = log.transactor(&format!("{prefix}{id}")).await.expect("transactor");
    let known = numbers(&log, &zero).await;
    let mut number = known.iter().filter(|number| **number < MARK).count() as u64;
    println!("\nstarts {number}");
    for _ in 0..20 {
        let mut txn = transactor.begin().await.expect("begin");
        txn.append(&zero, numbered([number])).await.expect("append");
        txn.append(&one, numbered([number])).await.expect("append");
        txn.commit(Vec::new()).await.expect("commit");
        number += 1;
        println!("\ndone {number}");
    }
    let mut large = Records::new();
    large.push_with(b"", |value| {
        value.extend_from_slice(&LARGE.to_le_bytes());
        value.resize(1 << 20, 7);
    });
    let mut txn = transactor.begin().await.expect("begin");
    for _ in 0..120 {
        txn.append(&zero, large.clone()).await.expect("append");
        txn.append(&one, large.clone()).await.expect("append");
    }
    println!("\nlarge");
    let done = txn.commit(Vec::new()).await;
    println!("\nlarge is {done:?}");
}

/// Numbers from here on are the parent's.
const MARK: u64 = 1 << 32;

/// The number of all records of large transactions.
const LARGE: u64 = 1 << 40;

async fn targets(log: &KafkaLog, prefix: &str) -> [TopicPartition; 2] {
    let spec = spec(&format!("{prefix}output"), 2);
    log.ensure(&spec).await.expect("topic");
    [0, 1].map(|number| TopicPartition::new(spec.name.clone(), number))
}

/// Waits until everything appended before an offset can be read.
async fn readable(log: &KafkaLog, partition: &TopicPartition, upto: u64) {
    let deadline = Instant::now() + PATIENCE;
    while log.bounds(partition).await.expect("bounds").tail < upto {
        assert!(Instant::now() < deadline, "readers are held up");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Transactions are whole, whenever the process that writes them is killed; what it leaves open
/// holds readers up no longer than the time limit of transactions (5 s) and the broker's next look
/// at them (half a second at the test broker, 10 s by default), and not at all once a writer of the
/// same name comes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_writer_holds_readers_up_for_seconds_at_most() {
    let Some(address) = address() else { return };
    let log = connect_to(&address);
    let prefix = unique("killed");
    let [zero, one] = targets(&log, &prefix).await;
    let mut alone = Vec::new();
    for round in 0..4 {
        let mut writer = Running::start("processes::child_that_is_killed", &prefix, "writer");
        writer.says("large");
        // Now it is being sent. The exact moment does not matter.
        tokio::time::sleep(Duration::from_millis(60)).await;
        writer.process.kill().expect("killed");
        writer.process.wait().expect("gone");
        // A record behind whatever was left open: readers see it when that has ended.
        let killed = Instant::now();
        let acks = [append(&log, &zero, MARK).await, append(&log, &one, MARK).await];
        if round % 2 == 1 {
            drop(log.transactor(&format!("{prefix}writer")).await.expect("taken over"));
        }
        for (partition, ack) in [&zero, &one].into_iter().zip(acks) {
            readable(&log, partition, ack.next).await;
        }
        let held_up = killed.elapsed();
        println!("held up for {held_up:?}, taken over: {}", round % 2 == 1);
        let most = if round % 2 == 1 { 4 } else { 8 };
        assert!(held_up < Duration::from_secs(most), "{held_up:?}");
        if round % 2 == 0 {
            alone.push(held_up);
        }
        let [first, second] = [numbers(&log, &zero).await, numbers(&log, &one).await];
        assert_eq!(first, second, "a transaction in parts");
        let done: Vec<u64> = first.iter().copied().filter(|number| *number < MARK).collect();
        assert_eq!(done, (0..20 * (round + 1)).collect::<Vec<_>>());
    }
    assert!(alone.iter().any(|held_up| held_up.as_secs() >= 1), "none was open: {alone:?}");
}
