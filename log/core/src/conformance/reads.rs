use std::time::Duration;

use groundlog_proto::Nanos;
use tokio::time::timeout;

use super::{Fixture, next, records, soon, texts};
use crate::{Batch, LogError, Records};

/// Reading starts exactly at the offset asked for, also inside an append.
pub async fn reading_starts_at_any_offset(fixture: &Fixture) {
    let partition = fixture.partition("any-offset").await;
    let mut all = Vec::new();
    for round in 0..40 {
        let values: Vec<String> = (0..7).map(|sub| format!("{round}/{sub}")).collect();
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        let ack = fixture.append(&partition, &values).await;
        all.extend((ack.base..).zip(values.iter().map(|value| (*value).to_owned())));
    }
    for (index, (offset, _)) in all.iter().enumerate() {
        let mut reader = fixture.log.reader(&partition, *offset).await.expect("reader");
        assert_eq!(reader.position(), *offset);
        let batch = next(&mut reader).await;
        for ((offset, value), record) in all[index..].iter().zip(batch.iter()) {
            assert_eq!(record.offset, *offset);
            assert_eq!(record.value, value.as_bytes());
        }
        assert_eq!(batch.get(0).map(|record| record.offset), Some(*offset));
        assert_eq!(reader.position(), batch.next());
    }
}

/// A batch holds at least one record and, beyond that, about as many bytes as asked for.
pub async fn reading_keeps_to_max_bytes(fixture: &Fixture) {
    let partition = fixture.partition("max-bytes").await;
    let value = "x".repeat(1000);
    for _ in 0..10 {
        fixture.append(&partition, &[value.as_str(); 20]).await;
    }
    for max_bytes in [0, 1, 999, 1500, 5000, 50_000] {
        let mut reader = fixture.log.reader(&partition, 0).await.expect("reader");
        let mut count = 0;
        while count < 200 {
            let batch = soon("records", reader.next(max_bytes)).await.expect("records");
            let bytes: usize = batch.iter().map(|record| record.value.len()).sum();
            assert!(!batch.is_empty() && (bytes <= max_bytes || batch.len() == 1));
            count += batch.len();
        }
        assert_eq!(count, 200);
        assert!(reader.poll(max_bytes).await.expect("poll").is_empty());
    }
}

/// At the tail, `poll` returns nothing and `next` waits for the next append.
pub async fn a_reader_waits_at_the_tail(fixture: &Fixture) {
    let partition = fixture.partition("waits").await;
    let mut reader = fixture.log.reader(&partition, 0).await.expect("reader");
    assert!(reader.poll(100).await.expect("poll").is_empty());
    for round in 0..20 {
        let (sender, started) = tokio::sync::oneshot::channel();
        let waiting = tokio::spawn(async move {
            sender.send(()).expect("the test waits");
            let batch = reader.next(100).await;
            (reader, batch)
        });
        started.await.expect("the reader runs");
        let value = format!("round {round}");
        fixture.append(&partition, &[&value]).await;
        let (back, batch) = soon("the reader wakes", waiting).await.expect("no panic");
        assert_eq!(texts(&batch.expect("batch")), [value]);
        reader = back;
    }
}

/// A reader may start beyond the tail: it sees nothing before its offset.
pub async fn a_reader_beyond_the_tail_waits_for_it(fixture: &Fixture) {
    let partition = fixture.partition("beyond").await;
    let ack = fixture.append(&partition, &["0"]).await;
    let from = ack.next + 3;
    let mut reader = fixture.log.reader(&partition, from).await.expect("reader");
    assert!(reader.poll(100).await.expect("poll").is_empty());
    assert_eq!(reader.position(), from);
    while fixture.tail(&partition).await <= from {
        let tail = fixture.tail(&partition).await.to_string();
        fixture.append(&partition, &[&tail]).await;
    }
    let batch = next(&mut reader).await;
    assert!(batch.get(0).is_some_and(|record| record.offset >= from));
}

/// Readers do not share anything.
pub async fn several_readers_see_the_same(fixture: &Fixture) {
    let partition = fixture.partition("several").await;
    let count = 300;
    let readers: Vec<_> = (0..4)
        .map(|number| {
            let (log, partition) = (fixture.log.clone(), partition.clone());
            tokio::spawn(async move {
                let mut reader = log.reader(&partition, 0).await.expect("reader");
                let mut values = Vec::new();
                while values.len() < count {
                    values.extend(texts(&reader.next(10 + number * 100).await.expect("records")));
                }
                values
            })
        })
        .collect();
    let wanted: Vec<String> = (0..count).map(|number| number.to_string()).collect();
    for value in &wanted {
        fixture.append(&partition, &[value]).await;
    }
    for reader in readers {
        assert_eq!(soon("reader", reader).await.expect("no panic"), wanted);
    }
}

/// `next` may be dropped while it waits or just before it would answer.
pub async fn dropping_a_read_loses_nothing(fixture: &Fixture) {
    let partition = fixture.partition("cancel").await;
    let (log, writing) = (fixture.log.clone(), partition.clone());
    let writer = tokio::spawn(async move {
        for number in 0..200 {
            log.append(&writing, records(&[&number.to_string()])).await.expect("acknowledged");
        }
    });
    let mut reader = fixture.log.reader(&partition, 0).await.expect("reader");
    let mut values = Vec::new();
    while values.len() < 200 {
        if let Ok(batch) = timeout(Duration::from_micros(50), reader.next(100)).await {
            values.extend(texts(&batch.expect("records")));
        }
    }
    soon("writer", writer).await.expect("no panic");
    assert_eq!(values, (0..200).map(|number| number.to_string()).collect::<Vec<_>>());
}

/// What was trimmed is refused by name, never skipped; what is left reads on.
pub async fn trimmed_offsets_are_refused(fixture: &Fixture) {
    let partition = fixture.partition("trim").await;
    let value = "y".repeat(10_000);
    let mut middle = 0;
    for round in 0..100 {
        let ack = fixture.append(&partition, &[&value]).await;
        if round == 50 {
            middle = ack.base;
        }
    }
    let mut behind = fixture.log.reader(&partition, 0).await.expect("reader");
    behind.next(1).await.expect("the first record");
    fixture.log.trim(&partition, middle).await.expect("trimmed");
    let bounds = fixture.log.bounds(&partition).await.expect("bounds");
    assert!(bounds.trim <= middle, "nothing from {middle} on may go: {bounds:?}");
    if fixture.trims {
        assert!(bounds.trim > 1, "a trim at {middle} removes something: {bounds:?}");
        let is_trimmed = |read: &Result<Batch, LogError>| matches!(read, Err(LogError::Trimmed { trim, .. }) if *trim == bounds.trim);
        let mut reader = fixture.log.reader(&partition, 0).await.expect("reader");
        let read = reader.next(100).await;
        assert!(is_trimmed(&read), "{read:?}");
        loop {
            let position = behind.position();
            let read = behind.next(100).await;
            if is_trimmed(&read) {
                break;
            }
            // What was fetched before the trim: the very next record, until none is left.
            assert!(fixture.reads_ahead, "{read:?}");
            let batch = read.expect("a record, or trimmed");
            assert_eq!(batch.get(0).map(|record| record.offset), Some(position));
            if batch.next() >= bounds.tail {
                break;
            }
        }
    }
    let left = fixture.values(&partition, bounds.trim).await.len() as u64;
    assert_eq!(left, bounds.tail - bounds.trim);
    fixture.log.trim(&partition, 0).await.expect("trimming less is no error");
    fixture.append(&partition, &["on"]).await;
    assert_eq!(fixture.values(&partition, bounds.tail).await, ["on"]);
}

/// `find` returns the first record appended at or after a time, the tail when there is none.
pub async fn find_goes_by_append_time(fixture: &Fixture) {
    let partition = fixture.partition("find").await;
    let log = &fixture.log;
    assert_eq!(log.find(&partition, Nanos(0)).await.expect("find"), 0);
    let mut acks = Vec::new();
    for _ in 0..60 {
        let mut batch = Records::new();
        (0..5).for_each(|_| batch.push(b"", &[0; 3000]));
        acks.push(log.append(&partition, batch).await.expect("acknowledged"));
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(log.find(&partition, Nanos(0)).await.expect("find"), acks[0].base);
    let mut reader = log.reader(&partition, 0).await.expect("reader");
    let mut times = Vec::new();
    while times.len() < 300 {
        let batch = next(&mut reader).await;
        times.extend(batch.iter().map(|record| (record.append_time, record.offset)));
    }
    let first_since = |at: Nanos| times.iter().find(|(time, _)| *time >= at).map(|(_, at)| *at);
    for ack in &acks {
        let found = log.find(&partition, ack.append_time).await.expect("find");
        assert_eq!(Some(found), first_since(ack.append_time));
        assert!(found <= ack.base);
        let after = Nanos(ack.append_time.0 + 1);
        let tail = fixture.tail(&partition).await;
        let later = first_since(after).unwrap_or(tail);
        assert_eq!(log.find(&partition, after).await.expect("find"), later);
    }
}
