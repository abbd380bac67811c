//! Offsets that retention has removed (X15): an error that says which, never another offset.

use std::time::Duration;

use groundlog_log::{GroupSpec, Log, LogError, Member, MemberEvent};
use tokio::time::timeout;

use super::server::{PATIENCE, append, connect, partition, unique};

async fn event(member: &mut Box<dyn Member>) -> Result<MemberEvent, LogError> {
    timeout(PATIENCE, member.next(1 << 20)).await.expect("an event in time")
}

/// A member whose checkpoint has expired is told, and may then choose where to go on.
#[tokio::test]
async fn a_member_with_an_expired_checkpoint_is_told() {
    let Some(log) = connect() else { return };
    let prefix = unique("expired");
    let partition = partition(&log, &format!("{prefix}raw")).await;
    for number in 0..20 {
        append(&log, &partition, number).await;
    }
    log.trim(&partition, 10).await.expect("trimmed");
    let spec = GroupSpec {
        group: format!("{prefix}group"),
        member: "m".to_owned(),
        topics: vec![partition.topic.clone()],
    };
    let mut member = log.join(&spec).await.expect("joined");
    assert!(matches!(event(&mut member).await, Ok(MemberEvent::Assigned(_))));
    member.seek(&partition, 3).await.expect("seek");
    let told = event(&mut member).await;
    assert!(
        matches!(&told, Err(LogError::Trimmed { offset: 3, trim: 10, partition: at }) if *at == partition),
        "{told:?}"
    );
    member.seek(&partition, 10).await.expect("seek");
    let Ok(MemberEvent::Records(batch)) = event(&mut member).await else {
        panic!("records were due")
    };
    assert_eq!(batch.get(0).map(|record| record.offset), Some(10));
    // Beyond the end: the topic is not what it was when that offset was noted.
    member.seek(&partition, 1000).await.expect("seek");
    let told = event(&mut member).await.expect_err("there is no such offset");
    assert!(told.to_string().contains("1000") && told.to_string().contains("ends at 20"), "{told}");
}

/// A reader that waits at the tail is not disturbed by a trim of everything before it.
#[tokio::test]
async fn a_trim_up_to_the_tail_disturbs_nobody_there() {
    let Some(log) = connect() else { return };
    let partition = partition(&log, &(unique("trimmed") + "raw")).await;
    for number in 0..5 {
        append(&log, &partition, number).await;
    }
    let mut reader = log.reader(&partition, 5).await.expect("reader");
    assert!(reader.poll(100).await.expect("poll").is_empty());
    log.trim(&partition, 100).await.expect("trimmed");
    let bounds = log.bounds(&partition).await.expect("bounds");
    assert_eq!((bounds.trim, bounds.tail), (5, 5));
    assert!(
        timeout(Duration::from_millis(300), reader.next(100)).await.is_err(),
        "nothing to read"
    );
    append(&log, &partition, 5).await;
    let batch = timeout(PATIENCE, reader.next(100)).await.expect("in time").expect("a record");
    assert_eq!(batch.get(0).map(|record| record.offset), Some(5));
    let late = log.reader(&partition, 0).await.expect("reader").next(100).await;
    assert!(matches!(late, Err(LogError::Trimmed { offset: 0, trim: 5, .. })), "{late:?}");
}
