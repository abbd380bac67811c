//! The embedded log and other processes: the folder's lock, readers of a running folder, limits
//! that the system sets. Children are this test binary, run again with an environment variable.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use groundlog_log::{
    Durability, EmbeddedLog, EmbeddedOptions, GroupSpec, Log, LogError, MemberEvent, Records,
    Retention, TopicSpec, open_read_only,
};
use groundlog_proto::{TopicName, TopicPartition};

const DIR: &str = "GROUNDLOG_PROCESS_TEST_DIR";

fn raw() -> TopicPartition {
    TopicPartition::new(TopicName::new("raw"), 0)
}

fn spec(name: &str, durability: Durability) -> TopicSpec {
    TopicSpec {
        name: TopicName::new(name),
        partitions: 1,
        durability,
        retention: Retention::Forever,
    }
}

fn small() -> EmbeddedOptions {
    EmbeddedOptions {
        segment_bytes: 16 << 10,
        journal_bytes: 4 << 10,
        upkeep_interval: Duration::from_millis(10),
        poll_interval: Duration::from_millis(2),
        ..EmbeddedOptions::default()
    }
}

fn numbered(number: u64, size: usize) -> Records {
    let mut records = Records::new();
    let mut value = number.to_le_bytes().to_vec();
    value.resize(size, number as u8);
    records.push(b"", &value);
    records
}

async fn numbers(log: &dyn Log, partition: &TopicPartition) -> Vec<u64> {
    let mut reader = log.reader(partition, 0).await.expect("reader");
    let mut numbers = Vec::new();
    loop {
        let batch = reader.poll(1 << 16).await.expect("readable");
        if batch.is_empty() {
            return numbers;
        }
        numbers.extend(
            batch.iter().map(|record| {
                u64::from_le_bytes(record.value[..8].try_into().expect("eight bytes"))
            }),
        );
    }
}

fn child(test: &str, dir: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this binary"));
    command.args(["--exact", test, "--nocapture"]).env(DIR, dir);
    command
}

fn child_dir() -> Option<String> {
    std::env::var(DIR).ok()
}

#[test]
fn child_that_opens() {
    let Some(dir) = child_dir() else { return };
    match EmbeddedLog::open(Path::new(&dir), &small()) {
        Ok(_) => println!("\nopened"),
        Err(error) => println!("\nrefused: {error}"),
    }
}

/// A folder has one writing process; the second one is told which folder, and what to do.
#[tokio::test]
async fn a_folder_in_use_is_refused() {
    let dir = tempfile::tempdir().expect("folder");
    let log = EmbeddedLog::open(dir.path(), &small()).expect("opens");
    let output = child("child_that_opens", dir.path()).output().expect("the child runs");
    let output = String::from_utf8_lossy(&output.stdout).into_owned();
    let wanted =
        format!("refused: {} is in use by another groundlog process", dir.path().display());
    assert!(output.contains(&wanted), "{output}");
    let again = EmbeddedLog::open(dir.path(), &small()).map(drop);
    assert!(matches!(again, Err(LogError::InUse { path }) if path == dir.path()));
    log.close().await.expect("closed");
    let output = child("child_that_opens", dir.path()).output().expect("the child runs");
    assert!(String::from_utf8_lossy(&output.stdout).contains("opened"));
}

#[tokio::test]
async fn child_that_reads() {
    let Some(dir) = child_dir() else { return };
    let log = open_read_only(Path::new(&dir)).expect("readable");
    let mut reader = log.reader(&raw(), 0).await.expect("reader");
    println!();
    loop {
        for record in reader.next(1 << 16).await.expect("readable").iter() {
            let number = u64::from_le_bytes(record.value[..8].try_into().expect("eight bytes"));
            println!("read {number}");
            if number == 499 {
                return;
            }
        }
    }
}

/// Another process reads along while this one writes, rolls segments and rewrites its journal.
#[tokio::test]
async fn another_process_reads_a_running_folder() {
    let dir = tempfile::tempdir().expect("folder");
    let log = EmbeddedLog::open(dir.path(), &small()).expect("opens");
    log.ensure(&spec("raw", Durability::Synced)).await.expect("topic");
    let mut reading = child("child_that_reads", dir.path())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the child starts");
    for number in 0..500 {
        log.append(&raw(), numbered(number, 500)).await.expect("acknowledged");
    }
    let lines = BufReader::new(reading.stdout.take().expect("its output")).lines();
    let read: Vec<u64> = lines
        .map_while(Result::ok)
        .filter_map(|line| line.strip_prefix("read ").and_then(|number| number.parse().ok()))
        .collect();
    assert!(reading.wait().expect("ends").success());
    assert_eq!(read, (0..500).collect::<Vec<_>>());
}

/// A reading handle beside the writing one: sees what is committed, new topics too, writes nothing.
#[tokio::test]
async fn a_reading_handle_follows_the_writer() {
    let dir = tempfile::tempdir().expect("folder");
    assert!(open_read_only(&dir.path().join("nowhere")).is_err());
    let log = EmbeddedLog::open(dir.path(), &small()).expect("opens");
    let follower = EmbeddedLog::open_read_only(dir.path(), &small()).expect("opens");
    assert!(follower.topics().await.expect("topics").is_empty());
    for name in ["raw", "status"] {
        let durability = if name == "raw" { Durability::Synced } else { Durability::Unsynced };
        log.ensure(&spec(name, durability)).await.expect("topic");
        let partition = TopicPartition::new(TopicName::new(name), 0);
        for number in 0..200 {
            log.append(&partition, numbered(number, 300)).await.expect("acknowledged");
            let seen = follower.bounds(&partition).await.expect("bounds");
            assert_eq!(seen, log.bounds(&partition).await.expect("bounds"));
        }
        assert_eq!(numbers(&follower, &partition).await, (0..200).collect::<Vec<_>>());
    }
    let group =
        GroupSpec { group: "watch".to_owned(), member: "m".to_owned(), topics: vec![raw().topic] };
    let mut member = follower.join(&group).await.expect("joined");
    let assigned = member.next(100).await.expect("an assignment");
    assert!(matches!(assigned, MemberEvent::Assigned(list) if list == [(raw(), None)]));
    let refused = follower.append(&raw(), numbered(0, 8)).await;
    assert!(matches!(refused, Err(LogError::ReadOnly { .. })), "{refused:?}");
    log.trim(&raw(), 100).await.expect("trimmed");
    let bounds = follower.bounds(&raw()).await.expect("bounds");
    assert!(bounds.trim > 0 && bounds.trim <= 100);
    let late = follower.reader(&raw(), 0).await.expect("reader").poll(100).await.map(drop);
    assert!(matches!(late, Err(LogError::Trimmed { .. })), "{late:?}");
    log.close().await.expect("closed");
    assert_eq!(follower.topics().await.expect("topics").len(), 2);
    let stopped = open_read_only(dir.path()).expect("a stopped folder");
    let status = TopicPartition::new(TopicName::new("status"), 0);
    assert_eq!(numbers(&*stopped, &status).await.len(), 200);
}

#[tokio::test]
async fn child_that_meets_a_limit() {
    let Some(dir) = child_dir() else { return };
    let log = EmbeddedLog::open(Path::new(&dir), &EmbeddedOptions::default()).expect("opens");
    log.ensure(&spec("raw", Durability::Synced)).await.expect("topic");
    let mut next = 0;
    let error = loop {
        match log.append(&raw(), numbered(next, 5000)).await {
            Ok(_) => next += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, LogError::DiskFull { .. }), "{error}");
    assert_eq!(numbers(&log, &raw()).await, (0..next).collect::<Vec<_>>());
    let again = log.append(&raw(), numbered(next, 5000)).await;
    assert!(matches!(again, Err(LogError::DiskFull { .. })), "{again:?}");
    println!("\nfull after {next}");
    std::io::stdout().flush().expect("written");
    // As when the power goes: nothing is closed.
    std::process::exit(0);
}

/// The system refuses to let files grow: reported, nothing lost, and the next start goes on.
#[tokio::test]
async fn a_limit_on_file_size_is_reported_and_survived() {
    let dir = tempfile::tempdir().expect("folder");
    let inner = child("child_that_meets_a_limit", dir.path());
    let program = inner.get_program().to_string_lossy().into_owned();
    // The shell's unit is 512 or 1024 bytes. Its refusal comes as an error once the signal that
    // goes with it is ignored.
    let script = "trap '' XFSZ; ulimit -f 2500; exec \"$0\" \"$@\"";
    let output = Command::new("sh")
        .args(["-c", script, &program])
        .args(inner.get_args())
        .env(DIR, dir.path())
        .output()
        .expect("the shell runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let full = text.lines().find_map(|line| line.strip_prefix("full after "));
    let Some(full) = full else { panic!("{text}\n{}", String::from_utf8_lossy(&output.stderr)) };
    let full: u64 = full.parse().expect("a number");
    assert!(full > 100, "{full}");
    let log = EmbeddedLog::open(dir.path(), &EmbeddedOptions::default()).expect("opens");
    assert_eq!(numbers(&log, &raw()).await, (0..full).collect::<Vec<_>>());
    for number in full..full + 300 {
        log.append(&raw(), numbered(number, 5000)).await.expect("goes on without the limit");
    }
    assert_eq!(numbers(&log, &raw()).await.len() as u64, full + 300);
}

/// A real file system that fills up, where this process may mount one.
#[tokio::test]
async fn a_full_file_system_is_reported_and_survived() {
    let dir = tempfile::tempdir().expect("folder");
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=3m", "tmpfs"])
        .arg(dir.path())
        .stderr(Stdio::null())
        .status();
    if !mounted.is_ok_and(|status| status.success()) {
        println!(
            "SKIPPED: a_full_file_system_is_reported_and_survived: no right to mount a tmpfs (the \
             same is tested by a limit on file size and by a simulated disk)"
        );
        return;
    }
    let _unmounted = Mounted(dir.path().to_owned());
    let ballast = dir.path().join("ballast");
    std::fs::write(&ballast, vec![1; 1 << 20]).expect("ballast");
    let log = EmbeddedLog::open(&dir.path().join("log"), &small()).expect("opens");
    log.ensure(&spec("raw", Durability::Synced)).await.expect("topic");
    let mut next = 0;
    for round in 0..2 {
        let error = loop {
            match log.append(&raw(), numbered(next, 5000)).await {
                Ok(_) => next += 1,
                Err(error) => break error,
            }
        };
        assert!(matches!(error, LogError::DiskFull { .. }), "{error}");
        assert_eq!(numbers(&log, &raw()).await, (0..next).collect::<Vec<_>>());
        if round == 0 {
            std::fs::remove_file(&ballast).expect("space");
            log.append(&raw(), numbered(next, 5000)).await.expect("there is space again");
            next += 1;
        }
    }
    drop(log);
    let log = open_read_only(&dir.path().join("log")).expect("readable");
    assert_eq!(numbers(&*log, &raw()).await, (0..next).collect::<Vec<_>>());
}

struct Mounted(std::path::PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.0).status());
    }
}
