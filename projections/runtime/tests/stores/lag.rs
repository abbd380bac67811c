use groundlog_log::Records;
use groundlog_projection::LagRegistry;
use groundlog_proto::{TopicKind, TopicPartition};

use crate::log;

#[tokio::test]
async fn lag_is_what_lies_between_a_consumer_and_the_tail() {
    let (log, names) = log().await;
    let raw = TopicPartition::new(names.topic(TopicKind::Raw), 0);
    let lags = LagRegistry::default();
    let progress = lags.progress("decom", &raw);
    let measured = lags.measure(&*log).await.expect("measures");
    assert_eq!((measured[0].records, measured[0].seconds), (0, 0.0));
    let mut records = Records::new();
    (0..5).for_each(|_| records.push(b"", b"value"));
    log.append(&raw, records).await.expect("append");
    progress.advance(2);
    let measured = lags.measure(&*log).await.expect("measures");
    assert_eq!((measured[0].records, measured[0].next, measured[0].bounds.tail), (3, 2, 5));
    assert!(measured[0].seconds >= 0.0);
    lags.remove("decom", &raw);
    assert!(lags.measure(&*log).await.expect("measures").is_empty());
}
