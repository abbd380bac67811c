//! Topics that are not as they must be, and those that were made anew.

use std::time::Duration;

use groundlog_log::{KafkaLog, KafkaOptions, Log, LogError, Retention};
use groundlog_proto::{Fault, FaultClass};
use rdkafka::admin::{AdminOptions, NewTopic, TopicReplication};

use super::server::{
    address, admin, append, connect_to, free_port, numbers, partition, spec, unique,
};

/// A retention limit as groundlog gives it: 2^62 and more, which is the generation.
const GENERATION: &str = "5000000000000000000";

/// Makes a topic as something else than groundlog would.
async fn make(address: &str, name: &str, settings: &[(&'static str, &'static str)]) {
    let mut topic = NewTopic::new(name, 1, TopicReplication::Fixed(1));
    for (name, value) in settings {
        topic = topic.set(name, value);
    }
    let made = admin(address).create_topics([&topic], &AdminOptions::new()).await;
    assert!(made.expect("asked").iter().all(Result::is_ok));
}

/// Each wrong setting is refused by name, with what it is, what it must be and how to set it.
#[tokio::test]
async fn a_topic_with_wrong_settings_is_refused() {
    let Some(address) = address() else { return };
    let log = connect_to(&address);
    let prefix = unique("wrong");
    let right = [
        ("message.timestamp.type", "LogAppendTime"),
        ("max.message.bytes", "2097152"),
        ("retention.ms", "-1"),
        ("retention.bytes", GENERATION),
    ];
    let wrong = [
        ("message.timestamp.type", "CreateTime", "LogAppendTime"),
        ("max.message.bytes", "1000000", "2097152"),
        ("retention.ms", "604800000", "-1"),
        ("cleanup.policy", "compact", "delete"),
    ];
    for (setting, found, wanted) in wrong {
        let name = format!("{prefix}{setting}");
        let mut settings: Vec<_> =
            right.iter().copied().filter(|(name, _)| *name != setting).collect();
        settings.push((setting, found));
        make(&address, &name, &settings).await;
        let refused = log.ensure(&spec(&name, 1)).await.expect_err("refused");
        assert_eq!(refused.class(), FaultClass::Fatal);
        let text = refused.to_string();
        let remedy = format!("--topic {name} --add-config {setting}={wanted}");
        let parts = [name.as_str(), address.as_str(), setting, found, remedy.as_str()];
        for part in parts {
            assert!(text.contains(part), "{part} is missing: {text}");
        }
    }
    let name = format!("{prefix}right");
    make(&address, &name, &right).await;
    let info = log.ensure(&spec(&name, 1)).await.expect("as it must be");
    assert_eq!(info.generation.0.to_string(), GENERATION);
    let compacted = groundlog_log::TopicSpec { retention: Retention::Compact, ..spec(&name, 1) };
    let refused = log.ensure(&compacted).await;
    assert!(matches!(refused, Err(LogError::TopicSetting { setting: "cleanup.policy", .. })));
}

/// A topic that something else has made holds no generation: refused, and not listed.
#[tokio::test]
async fn a_foreign_topic_is_refused() {
    let Some(address) = address() else { return };
    let log = connect_to(&address);
    let name = unique("foreign") + "topic";
    make(&address, &name, &[]).await;
    let spec = spec(&name, 1);
    for refused in [log.ensure(&spec).await.map(drop), log.topic(&spec.name).await.map(drop)] {
        let named = matches!(&refused, Err(LogError::ForeignTopic { topic, found, .. })
            if *topic == spec.name && **found == *"-1");
        assert!(named, "{refused:?}");
    }
    assert!(log.topics().await.expect("listed").iter().all(|topic| topic.name != spec.name));
    let other = groundlog_log::TopicSpec { partitions: 3, ..spec };
    let refused = log.ensure(&other).await;
    assert!(matches!(refused, Err(LogError::TopicMismatch { found: 1, wanted: 3, .. })));
}

/// A topic that was deleted and made again is another one, with offsets that mean something else.
#[tokio::test]
async fn a_topic_made_again_has_another_generation() {
    let Some(address) = address() else { return };
    let log = connect_to(&address);
    let name = unique("again") + "topic";
    let partition = partition(&log, &name).await;
    let first = log.topic(&partition.topic).await.expect("described");
    append(&log, &partition, 1).await;
    let deleted = admin(&address).delete_topics(&[&name], &AdminOptions::new()).await;
    assert!(deleted.expect("asked").iter().all(Result::is_ok));
    let gone = || async { log.topic(&partition.topic).await.map(drop) };
    while !matches!(gone().await, Err(LogError::UnknownTopic { .. })) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // By another process: this one's producer still knows the old topic.
    let other = connect_to(&address);
    let second = other.ensure(&spec(&name, 1)).await.expect("made again");
    assert_ne!(first.generation, second.generation);
    assert_eq!(log.topic(&partition.topic).await.expect("described"), second);
    append(&other, &partition, 2).await;
    assert_eq!(numbers(&log, &partition).await, [2]);
}

/// Every retention has its own settings, and a generation beside them.
#[tokio::test]
async fn retention_is_kept_and_checked() {
    let Some(address) = address() else { return };
    let log = connect_to(&address);
    let prefix = unique("retention");
    let day = Duration::from_secs(24 * 3600);
    let retentions =
        [Retention::Forever, Retention::Age(day), Retention::Bytes(1 << 30), Retention::Compact];
    for (number, retention) in retentions.into_iter().enumerate() {
        let spec = groundlog_log::TopicSpec { retention, ..spec(&format!("{prefix}{number}"), 2) };
        let made = log.ensure(&spec).await.expect("made");
        assert!(made.generation.0 >= 1 << 62);
        assert_eq!(log.ensure(&spec).await.expect("found"), made);
        for other in retentions.into_iter().filter(|other| *other != retention) {
            let spec = groundlog_log::TopicSpec { retention: other, ..spec.clone() };
            let refused = log.ensure(&spec).await;
            let named = matches!(&refused, Err(LogError::TopicSetting { topic, .. }
                | LogError::ForeignTopic { topic, .. }) if *topic == spec.name);
            assert!(named, "{retention:?} as {other:?}: {refused:?}");
        }
    }
}

/// Where nobody listens: an error that names the server, in bounded time.
#[tokio::test]
async fn an_unreachable_broker_is_named() {
    if address().is_none() {
        return;
    }
    let server = format!("127.0.0.1:{}", free_port());
    let start = std::time::Instant::now();
    let refused = KafkaLog::connect(&server, &KafkaOptions::default()).map(drop);
    let error = refused.expect_err("nobody listens");
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    assert!(matches!(&error, LogError::Unreachable { server: named, .. } if **named == *server));
    assert!(error.to_string().contains("refused"), "{error}");
    assert_eq!(error.class(), FaultClass::Transient);
}
