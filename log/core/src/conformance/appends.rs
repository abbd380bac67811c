use groundlog_proto::{Nanos, TopicPartition};

use super::{Fixture, records, soon};
use crate::{Chain, Durability, LogError, RECORD_BYTES_MAX, Records};

/// Offsets follow the order in which `append` was called, whoever waits first.
pub async fn appends_keep_the_order_of_calls(fixture: &Fixture) {
    for durability in [Durability::Synced, Durability::Unsynced] {
        let topic = fixture.topic(&format!("order-{durability:?}"), 2, durability).await;
        let partitions = [0, 1].map(|number| TopicPartition::new(topic.clone(), number));
        let mut waiting = Vec::new();
        for number in 0..400_usize {
            let values: Vec<String> =
                (0..1 + number % 3).map(|sub| format!("{number}.{sub}")).collect();
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            let partition = &partitions[number % 2];
            waiting.push((number % 2, fixture.log.append(partition, records(&values))));
        }
        let mut expected = [0, 0];
        for (which, appending) in waiting {
            let ack = soon("append", appending).await.expect("acknowledged");
            assert!(ack.base >= expected[which] && ack.next > ack.base);
            expected[which] = ack.next;
        }
        for (which, partition) in partitions.iter().enumerate() {
            let read = fixture.values(partition, 0).await;
            let wanted: Vec<String> = (0..400)
                .filter(|number| number % 2 == which)
                .flat_map(|number| (0..1 + number % 3).map(move |sub| format!("{number}.{sub}")))
                .collect();
            assert_eq!(read, wanted);
        }
    }
}

/// Once acknowledged, records lie below the tail and are read at their offsets.
pub async fn what_is_acknowledged_can_be_read(fixture: &Fixture) {
    for durability in [Durability::Synced, Durability::Unsynced] {
        let topic = fixture.topic(&format!("acknowledged-{durability:?}"), 1, durability).await;
        let partition = TopicPartition::new(topic, 0);
        for round in 0..20 {
            let value = format!("round {round}");
            let ack = fixture.append(&partition, &[&value]).await;
            assert!(fixture.tail(&partition).await >= ack.next);
            let mut reader = fixture.log.reader(&partition, ack.base).await.expect("reader");
            let batch = reader.poll(1).await.expect("poll");
            let record = batch.get(0).expect("the record is there");
            assert_eq!(record.offset, ack.base);
            assert_eq!(record.append_time, ack.append_time);
            assert_eq!(record.value, value.as_bytes());
        }
    }
}

/// Keys and values come back byte for byte, empty ones and large ones too.
pub async fn records_come_back_exactly(fixture: &Fixture) {
    let partition = fixture.partition("exact").await;
    let mut written = Records::new();
    let large = vec![0xA5; RECORD_BYTES_MAX - 4];
    let all_bytes: Vec<u8> = (0..=255).collect();
    written.push(b"", b"");
    written.push(&all_bytes, b"");
    written.push(b"", &all_bytes);
    written.push(b"GLB1", b"GLB1GLJ1");
    written.push(b"size", &large);
    let expected: Vec<(Vec<u8>, Vec<u8>)> =
        written.iter().map(|(key, value)| (key.to_vec(), value.to_vec())).collect();
    fixture.log.append(&partition, written).await.expect("acknowledged");
    let mut reader = fixture.log.reader(&partition, 0).await.expect("reader");
    let mut read = Vec::new();
    while read.len() < expected.len() {
        let batch = soon("records", reader.next(1000)).await.expect("records");
        for index in 0..batch.len() {
            let record = batch.get(index).expect("in range");
            assert_eq!(batch.value_bytes(index).as_deref(), Some(record.value));
            read.push((record.key.to_vec(), record.value.to_vec()));
        }
    }
    assert_eq!(read, expected);
}

/// An append of no records is acknowledged and takes no offset.
pub async fn an_empty_append_is_acknowledged(fixture: &Fixture) {
    let partition = fixture.partition("empty").await;
    let first = fixture.append(&partition, &["one"]).await;
    let empty = fixture.log.append(&partition, Records::new()).await.expect("acknowledged");
    assert_eq!(empty.base, empty.next);
    let second = fixture.append(&partition, &["two"]).await;
    assert!(second.base >= first.next);
    assert_eq!(fixture.values(&partition, 0).await, ["one", "two"]);
}

/// A record above the limit is refused, named with its size; nothing else suffers.
pub async fn a_record_too_large_is_refused_alone(fixture: &Fixture) {
    let partition = fixture.partition("too-large").await;
    let before = fixture.log.append(&partition, records(&["before"]));
    let mut large = Records::new();
    large.push(b"", &vec![0; RECORD_BYTES_MAX + 1]);
    let refused = fixture.log.append(&partition, large);
    let after = fixture.log.append(&partition, records(&["after"]));
    assert!(before.await.is_ok());
    let error = refused.await.expect_err("too large");
    assert!(matches!(error, LogError::RecordTooLarge { size, .. } if size == RECORD_BYTES_MAX + 1));
    assert!(after.await.is_ok());
    assert_eq!(fixture.values(&partition, 0).await, ["before", "after"]);
}

/// Append times are the log's clock and never go back within a partition.
pub async fn append_times_never_decrease(fixture: &Fixture) {
    let partition = fixture.partition("times").await;
    let start = Nanos::now();
    let mut last = Nanos(0);
    for _ in 0..50 {
        let ack = fixture.append(&partition, &["tick"]).await;
        assert!(ack.append_time >= last);
        last = ack.append_time;
    }
    // A broker's clock may differ somewhat from this one's.
    assert!((last.0 - start.0).abs() < 60_000_000_000, "{last:?} is not now");
}

/// Once an append of a chain has failed, later ones fail too; a new chain begins anew.
pub async fn a_broken_chain_takes_nothing(fixture: &Fixture) {
    let partition = fixture.partition("chained").await;
    let append =
        |text: &str, chain: &Chain| fixture.log.append(&partition, records(&[text]).chained(chain));
    let chain = Chain::new();
    append("first", &chain).await.expect("appended");
    let too_large = append(&"x".repeat(RECORD_BYTES_MAX + 1), &chain);
    let after = append("after", &chain);
    for refused in [too_large.await, after.await, append("later", &chain).await] {
        assert!(matches!(refused, Err(LogError::RecordTooLarge { .. })), "{refused:?}");
    }
    append("anew", &Chain::new()).await.expect("appended");
    assert_eq!(fixture.values(&partition, 0).await, ["first", "anew"]);
}

/// Nobody needs to wait for an append to happen.
pub async fn dropping_the_answer_keeps_the_append(fixture: &Fixture) {
    let partition = fixture.partition("dropped").await;
    for number in 0..10 {
        drop(fixture.log.append(&partition, records(&[&number.to_string()])));
    }
    fixture.append(&partition, &["last"]).await;
    assert_eq!(fixture.values(&partition, 0).await.len(), 11);
}

/// After `close`, appends are refused and waiting readers are told.
pub async fn closing_ends_appends_and_readers(fixture: &Fixture) {
    let partition = fixture.partition("closing").await;
    let queued = fixture.log.append(&partition, records(&["queued"]));
    let mut reader = fixture.log.reader(&partition, 1).await.expect("reader");
    let waiting = tokio::spawn(async move { reader.next(100).await.map(drop) });
    assert!(fixture.log.health().is_ok(), "open and unharmed");
    fixture.log.close().await.expect("closed");
    assert!(matches!(fixture.log.health(), Err(LogError::Closed)), "takes nothing more");
    assert!(queued.await.is_ok(), "what was queued before is written");
    let told = soon("the reader is told", waiting).await.expect("no panic");
    assert!(matches!(told, Err(LogError::Closed)), "{told:?}");
    let refused = fixture.log.append(&partition, records(&["late"])).await;
    assert!(matches!(refused, Err(LogError::Closed)), "{refused:?}");
    assert!(fixture.log.close().await.is_ok(), "closing twice is harmless");
}
