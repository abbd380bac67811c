use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::embedded::options::{BeforeSync, Space, Surroundings};

const QUIET: Surroundings =
    Surroundings { boot: None, space: Space::UNLIMITED, before_sync: BeforeSync::NOTHING };

fn commit(journal: &mut Journal, kind: Kind, partition: u32, next: u64) {
    let id = PartitionId { generation: 1, partition };
    let end = End { next, ..End::default() };
    let mut entry = Entry::new(kind, Mirror::default());
    entry.state.ends.insert(id, end);
    journal.reserve(entry.bytes()).expect("reserved");
    journal.append(&mut entry).expect("appended");
    journal.release(entry.bytes());
}

/// Entries that may yet turn out void stay apart from those that stand.
#[test]
fn a_rewritten_journal_keeps_pending_commits_one_by_one() {
    let dir = tempfile::tempdir().expect("folder");
    let surroundings =
        Surroundings { boot: None, space: Space::UNLIMITED, before_sync: BeforeSync::NOTHING };
    let mut journal =
        Journal::create(dir.path(), Mirror::default(), &surroundings).expect("created");
    commit(&mut journal, Kind::Commit, 0, 10);
    let sample = journal.sample();
    commit(&mut journal, Kind::Commit, 0, 20);
    commit(&mut journal, Kind::Durable, 1, 5);
    journal.compact(&sample).expect("rewritten");
    commit(&mut journal, Kind::Commit, 0, 30);
    let scan = scan(dir.path()).expect("read").expect("there");
    assert_eq!(scan.good, sample.mirror);
    let kinds: Vec<_> = scan.commits.iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, [Kind::Commit, Kind::Durable, Kind::Commit]);
    assert_eq!(scan.latest(), journal.sample().mirror);
    let later = journal.sample();
    journal.known_good(&later).expect("noted");
    let scan = super::scan(dir.path()).expect("read").expect("there");
    assert_eq!((scan.good, scan.commits), (later.mirror, Vec::new()));
}

/// Two threads note what is good: the slower one, whose state is older, takes nothing away.
#[test]
fn rewriting_with_an_older_state_keeps_what_was_noted_since() {
    let dir = tempfile::tempdir().expect("folder");
    let mut journal = Journal::create(dir.path(), Mirror::default(), &QUIET).expect("created");
    commit(&mut journal, Kind::Commit, 0, 10);
    let older = journal.sample();
    commit(&mut journal, Kind::Commit, 1, 20);
    let newer = journal.sample();
    commit(&mut journal, Kind::Commit, 2, 30);
    journal.known_good(&newer).expect("noted");
    journal.compact(&older).expect("rewritten");
    let scan = scan(dir.path()).expect("read").expect("there");
    assert_eq!(scan.good, newer.mirror);
    assert_eq!(scan.latest(), journal.sample().mirror);
    assert_eq!(scan.latest().ends.len(), 3);
}

/// A rewrite that a full disk stops, wherever it does, leaves the old journal in use.
#[test]
fn a_full_disk_leaves_the_old_journal_in_use() {
    let mut stopped = 0;
    for budget in [0, 10, 24, 30_000, AHEAD - 24, AHEAD, AHEAD + 100, 2 * AHEAD, 4 * AHEAD] {
        let dir = tempfile::tempdir().expect("folder");
        let left = Arc::new(AtomicU64::new(u64::MAX / 2));
        let surroundings = Surroundings { space: Space::limited(&left), ..QUIET };
        let mut journal =
            Journal::create(dir.path(), Mirror::default(), &surroundings).expect("created");
        commit(&mut journal, Kind::Commit, 0, 10);
        let sample = journal.sample();
        // Appends on their way may hold a lot: it must fit into the new one.
        journal.reserve(AHEAD + 1000).expect("reserved");
        left.store(budget, Ordering::SeqCst);
        match journal.compact(&sample) {
            Ok(()) => assert!(budget > AHEAD, "{budget} cannot be enough"),
            Err(LogError::DiskFull { .. }) => stopped += 1,
            Err(error) => panic!("{error}"),
        }
        left.store(u64::MAX / 2, Ordering::SeqCst);
        commit(&mut journal, Kind::Commit, 1, 20);
        let scan = scan(dir.path()).expect("read").expect("there");
        assert_eq!(scan.latest(), journal.sample().mirror, "with {budget} bytes");
        assert_eq!(scan.latest().ends.len(), 2);
    }
    assert!(stopped >= 5);
}
