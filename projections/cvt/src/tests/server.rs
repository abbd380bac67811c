//! What only a server does: lose things, hold others' things, be written to by two.

use std::time::{Duration, Instant};

use groundlog_projection::Start;
use groundlog_proto::{Fault, FaultClass, Namespace, TopicPartition};

use super::{
    block_on,
    records::{Step, batch, records},
    stack::{Filled, Place, Stack},
};
use crate::{
    CvtStore, CvtUrl, StoreOptions,
    test_server::{TestServer, unique},
    valkey::Keys,
};

fn packet(name: &'static str, time: i64) -> Step {
    Step::Packet { name, time }
}

/// A private server, and a table on it.
async fn private() -> Option<Place> {
    TestServer::start().map(Place::of)
}

async fn fold(table: &mut Filled, stack: &Stack<'_>, steps: &[Step]) -> TopicPartition {
    let partition = table.partition(true, 0);
    table.fold(&partition, &records(steps, stack), &[], false).await;
    partition
}

async fn shown(table: &Filled, name: &str) -> Option<i64> {
    let found = table.store.values().packet("INST", name).await.expect("readable");
    found.map(|it| it.packet_time_ns)
}

#[test]
fn both_keys_of_a_target_lie_in_one_slot() {
    let Some(place) = Place::cluster() else { return };
    for (scope, target) in [("DEFAULT", "INST"), ("S{x}", "T"), ("S", "{T}U}"), ("}S{", "{}")] {
        block_on(async {
            let options = Stack::new(&place).await.options();
            let keys = Keys::new(&options.names, &options.namespace, scope);
            let pair = keys.pair(target);
            let slot = |key: &str| place.ask(&["CLUSTER", "KEYSLOT", key]);
            assert_eq!(slot(&pair.cosmos), slot(&pair.own), "{pair:?}");
        });
    }
}

#[test]
fn a_writer_that_was_taken_for_dead_changes_nothing() {
    let Some(place) = Place::valkey() else { return };
    block_on(async {
        let stack = Stack::new(&place).await;
        let word = unique();
        let mut old = stack.open(&word).await.unwrap();
        let all = records(&[packet("A", 1), packet("A", 2), packet("B", 3)], &stack);
        let partition = old.partition(true, 0);
        old.assign(&partition, 3, None).await;
        old.apply(&batch(partition.clone(), 0, &all[..1])).await;
        // It is paused here; another one takes over and goes on.
        let mut new = stack.open(&word).await.unwrap();
        assert_eq!(new.assign(&partition, 3, None).await, Start::At(1));
        new.apply(&batch(partition.clone(), 1, &all[1..])).await;
        let image = new.image(&partition).await;
        // It wakes up with what it had read.
        old.apply(&batch(partition.clone(), 0, &all[..1])).await;
        old.apply(&batch(partition.clone(), 1, &all[1..2])).await;
        assert_eq!(new.image(&partition).await, image);
        assert_eq!(new.store.values().applied(&partition).await.unwrap(), 3);
        // When the new one has begun anew, it may not write any more.
        new.projection.store.reset().await.unwrap();
        let refused = old.try_apply(&batch(partition.clone(), 1, &all[1..])).await.unwrap_err();
        assert_eq!(refused.class(), FaultClass::Transient, "{refused}");
        assert!(refused.to_string().contains("has lost"), "{refused}");
        assert_eq!(shown(&new, "A").await, None);
    });
}

/// Everything that may be lost, and how.
fn losses(table: &Filled, word: &str) -> Vec<(&'static str, Vec<String>)> {
    let partition = table.partition(true, 0);
    let keys = Keys::new(table.names(), &Namespace::Live, word);
    let pair = keys.pair("INST");
    vec![
        ("everything", vec!["FLUSHALL".into()]),
        ("the checkpoint", vec!["DEL".into(), keys.checkpoint(&partition)]),
        ("a target", vec!["DEL".into(), pair.own.clone(), pair.cosmos]),
        ("an epoch", vec!["HDEL".into(), pair.own, "#decom:0".into()]),
    ]
}

#[test]
fn whatever_is_lost_is_noticed_and_comes_back() {
    block_on(async {
        let Some(place) = private().await else { return };
        let stack = Stack::new(&place).await;
        let steps = [packet("A", 1), packet("B", 2), packet("A", 3)];
        let more = records(&[steps.as_slice(), &[packet("B", 4)]].concat(), &stack);
        for number in 0..4 {
            for idle in [false, true] {
                let word = unique();
                let mut table = stack.open(&word).await.unwrap();
                let partition = fold(&mut table, &stack, &steps).await;
                let image = table.image(&partition).await;
                let (what, command) = losses(&table, &word).swap_remove(number);
                let command: Vec<_> = command.iter().map(String::as_str).collect();
                place.ask(&command);
                let fault: Box<dyn Fault> = if idle {
                    let lost = table.projection.store.lost();
                    let lost = tokio::time::timeout(Duration::from_secs(20), lost).await;
                    Box::new(lost.expect("noticed within a second or so"))
                } else {
                    let next = batch(partition.clone(), 3, &more[3..]);
                    table.try_apply(&next).await.expect_err("noticed by the next batch")
                };
                assert_eq!(fault.class(), FaultClass::Transient, "{what}: {fault}");
                assert_eq!(table.assign(&partition, 3, None).await, Start::Earliest, "{what}");
                table.apply(&batch(partition.clone(), 0, &more[..3])).await;
                assert_eq!(table.image(&partition).await, image, "{what}, idle: {idle}");
                assert_eq!(shown(&table, "A").await, Some(3));
            }
        }
    });
}

#[test]
fn a_server_that_came_back_older_is_brought_up_to_date() {
    let Some(place) = Place::valkey() else { return };
    block_on(async {
        let stack = Stack::new(&place).await;
        let word = unique();
        let mut table = stack.open(&word).await.unwrap();
        let all = records(&[packet("A", 1), packet("B", 2), packet("A", 3)], &stack);
        let partition = table.partition(true, 0);
        table.assign(&partition, 3, None).await;
        table.apply(&batch(partition.clone(), 0, &all[..2])).await;
        let keys = Keys::new(table.names(), &Namespace::Live, &word);
        let pair = keys.pair("INST");
        let names = [pair.cosmos, pair.own, keys.checkpoint(&partition)];
        for name in &names {
            place.ask(&["COPY", name, &format!("saved {name}")]);
        }
        table.apply(&batch(partition.clone(), 2, &all[2..])).await;
        let image = table.image(&partition).await;
        for name in &names {
            let saved = format!("saved {name}");
            assert_eq!(place.ask(&["COPY", &saved, name, "REPLACE"]).text(), "1");
            place.ask(&["DEL", &saved]);
        }
        assert_eq!(shown(&table, "A").await, Some(1));
        assert_eq!(table.assign(&partition, 3, None).await, Start::At(2));
        table.apply(&batch(partition.clone(), 2, &all[2..])).await;
        assert_eq!(table.image(&partition).await, image);
        // A table that is ahead of the log belongs to what the log has lost.
        assert_eq!(table.assign(&partition, 2, None).await, Start::Earliest);
        assert_eq!(shown(&table, "A").await, None);
    });
}

#[test]
fn a_server_that_forgot_the_scripts_is_told_again() {
    block_on(async {
        let Some(place) = private().await else { return };
        let stack = Stack::new(&place).await;
        let mut table = stack.table().await;
        let partition = fold(&mut table, &stack, &[packet("A", 1)]).await;
        place.ask(&["SCRIPT", "FLUSH"]);
        let next = records(&[packet("A", 1), packet("A", 2)], &stack);
        table.apply(&batch(partition, 1, &next[1..])).await;
        assert_eq!(shown(&table, "A").await, Some(2));
    });
}

/// Returns everything that a server holds, as text.
fn contents(place: &Place) -> String {
    let keys = place.ask(&["KEYS", "*"]).text();
    let mut keys: Vec<_> = keys.split_whitespace().map(str::to_owned).collect();
    keys.sort();
    let content = keys.iter().map(|key| {
        let kind = place.ask(&["TYPE", key]).text();
        let read = match kind.as_str() {
            "hash" => place.ask(&["HGETALL", key]).text(),
            "string" => place.ask(&["GET", key]).text(),
            _ => place.ask(&["LRANGE", key, "0", "-1"]).text(),
        };
        format!("{key} ({kind}): {read}\n")
    });
    content.collect()
}

#[test]
fn what_belongs_to_others_is_refused_and_left_alone() {
    const OWN: &str = "W.cvt:{W__tlm__INST}";
    const COSMOS: &str = "W__tlm__INST";
    const CHECKPOINT: &str = "W.cvt.checkpoint:{W}:decom:0";
    block_on(async {
        let Some(place) = private().await else { return };
        let stack = Stack::new(&place).await;
        let others: [(&[&str], &str, &str); 11] = [
            (&["SET", COSMOS, "text"], COSMOS, "is no hash but a string"),
            (&["RPUSH", COSMOS, "text"], COSMOS, "is no hash but a list"),
            (&["HSET", COSMOS, "A", "{}"], COSMOS, "holds packet A"),
            (&["SET", OWN, "text"], OWN, "is no hash but a string"),
            (&["HSET", OWN, "A", "x"], OWN, "groundlog did not write"),
            (&["HSET", OWN, "A", "x", "#decom:0", "e"], OWN, "groundlog did not write"),
            (&["HSET", OWN, "#layout", "2"], OWN, "has layout 2"),
            (&["SET", CHECKPOINT, "1"], CHECKPOINT, "is no hash"),
            (&["HSET", CHECKPOINT, "next", "1"], CHECKPOINT, "groundlog did not write"),
            (&["HSET", CHECKPOINT, "layout", "9"], CHECKPOINT, "has layout 9"),
            (&["HSET", CHECKPOINT, "layout", "1", "next", "x"], CHECKPOINT, "has no offset"),
        ];
        for (command, key, what) in others {
            place.ask(&["FLUSHALL"]);
            place.ask(command);
            let before = contents(&place);
            let mut table = stack.open("W").await.unwrap();
            let partition = table.partition(true, 0);
            let records = records(&[packet("A", 1)], &stack);
            let refused = match table.try_assign(&partition, 1).await {
                Ok(_) => table.try_apply(&batch(partition, 0, &records)).await.unwrap_err(),
                Err(refused) => refused,
            };
            let text = refused.to_string();
            assert_eq!(refused.class(), FaultClass::Fatal, "{text}");
            for part in [key, what, "valkey://127.0.0.1", "left as it is", "cvt.url"] {
                assert!(text.contains(part), "'{part}' is not in: {text}");
            }
            place.ask(&["DEL", CHECKPOINT]);
            let after = contents(&place);
            let theirs = before.lines().find(|line| line.starts_with(key)).unwrap();
            assert!(after.contains(theirs) || key == CHECKPOINT, "{theirs}\n{after}");
        }
    });
}

#[test]
fn what_others_put_between_is_noticed() {
    block_on(async {
        let Some(place) = private().await else { return };
        let stack = Stack::new(&place).await;
        let mut table = stack.open("W").await.unwrap();
        let partition = fold(&mut table, &stack, &[packet("A", 1)]).await;
        place.ask(&["HSET", "W.cvt:{W__tlm__INST}", "A", "{\"X\":1}"]);
        let read = table.store.values().packet("INST", "A").await.unwrap_err();
        let next = records(&[packet("A", 1), packet("A", 2)], &stack);
        let next = batch(partition, 1, &next[1..]);
        let write = table.try_apply(&next).await.unwrap_err();
        for text in [read.to_string(), write.to_string()] {
            assert!(text.contains("'W.cvt:{W__tlm__INST}' on valkey://"), "{text}");
        }
        assert_eq!(write.class(), FaultClass::Fatal);
    });
}

async fn open(url: &str, change: impl FnOnce(&mut StoreOptions)) -> Result<CvtStore, String> {
    let memory = Place::memory();
    let mut options = Stack::new(&memory).await.options();
    change(&mut options);
    let url: CvtUrl = url.parse().expect("a URL");
    CvtStore::open(&url, options).await.map_err(|error| error.to_string())
}

/// Checks that a server is refused, by its URL and with a hint.
async fn refused(url: &str, parts: &[&str]) {
    let start = Instant::now();
    let text = open(url, |_| ()).await.err().expect("refused");
    for part in parts.iter().chain([&url]) {
        assert!(text.contains(part), "'{part}' is not in: {text}");
    }
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
}

#[test]
fn a_password_is_asked_for() {
    let Some(server) = TestServer::start_with(&["--requirepass", "s3cret"]) else { return };
    block_on(async {
        refused(&server.url(), &["refuses groundlog", "NOAUTH", "cvt.password_file"]).await;
        let with = async |user: Option<&str>, password: &str| {
            open(&server.url(), |options| {
                options.user = user.map(str::to_owned);
                options.password = Some(password.to_owned());
            })
            .await
        };
        let text = with(None, "wrong").await.err().unwrap();
        assert!(text.contains("refuses groundlog") && !text.contains("wrong)"), "{text}");
        with(None, "s3cret").await.unwrap().values().health().await.unwrap();
        with(Some("default"), "s3cret").await.unwrap();
        assert!(with(Some("nobody"), "s3cret").await.is_err());
    });
}

#[test]
fn servers_that_will_not_do_are_refused_at_once() {
    block_on(async {
        let Some(primary) = TestServer::start() else { return };
        let (_, port) = primary.address().split_once(':').unwrap();
        let replica = TestServer::start_with(&["--replicaof", "127.0.0.1", port]).unwrap();
        refused(&replica.url(), &["is a replica", "primary"]).await;
        let evicting = ["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"];
        let evicting = TestServer::start_with(&evicting).unwrap();
        refused(&evicting.url(), &["allkeys-lru", "noeviction"]).await;
        let part = TestServer::start_with(&["--cluster-enabled", "yes"]).unwrap();
        refused(&part.url(), &["cluster", "every slot"]).await;
        let url = format!("valkey://{}/99", primary.address());
        refused(&url, &["99"]).await;
    });
}

#[test]
fn nobody_there_is_said_within_seconds() {
    block_on(async {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let silent_url = format!("valkey://{}/0", silent.local_addr().unwrap());
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let closed_url = format!("valkey://{}/0", closed.local_addr().unwrap());
        drop(closed);
        tokio::join!(
            refused(&silent_url, &["cannot be reached", "cvt.url"]),
            refused(&closed_url, &["cannot be reached", "refused", "cvt.url"]),
        );
    });
}

#[test]
fn a_server_without_memory_is_waited_for() {
    block_on(async {
        let Some(place) = private().await else { return };
        let stack = Stack::new(&place).await;
        let mut table = stack.table().await;
        let partition = fold(&mut table, &stack, &[packet("A", 1)]).await;
        let next = records(&[packet("A", 1), packet("A", 2)], &stack);
        let next = batch(partition.clone(), 1, &next[1..]);
        place.ask(&["CONFIG", "SET", "maxmemory", "1"]);
        let full = table.try_apply(&next).await.unwrap_err();
        assert_eq!(full.class(), FaultClass::Transient, "{full}");
        assert!(full.to_string().contains("no memory left (maxmemory)"), "{full}");
        assert_eq!(shown(&table, "A").await, Some(1), "what is there can be read");
        assert_eq!(table.store.values().applied(&partition).await.unwrap(), 1, "P2");
        place.ask(&["CONFIG", "SET", "maxmemory", "0"]);
        place.ask(&["REPLICAOF", "127.0.0.1", "1"]);
        let fault = table.try_apply(&next).await.unwrap_err();
        assert_eq!(fault.class(), FaultClass::Transient, "{fault}");
        assert!(fault.to_string().contains("is a replica"), "{fault}");
        place.ask(&["REPLICAOF", "NO", "ONE"]);
        table.apply(&next).await;
        assert_eq!(shown(&table, "A").await, Some(2));
    });
}
