use std::collections::BTreeMap;

use super::options::setting;
use crate::LogError;

/// Properties of librdkafka that are not the user's to set, with the reason.
const REFUSED: &[(&str, &[&str])] = &[
    (
        "acknowledged records would not be safe, or be there twice or out of order",
        &[
            "acks",
            "request.required.acks",
            "enable.idempotence",
            "enable.gapless.guarantee",
            "max.in.flight",
            "max.in.flight.requests.per.connection",
            "retries",
            "message.send.max.retries",
            "message.timeout.ms",
            "delivery.timeout.ms",
            "queuing.strategy",
            "message.max.bytes",
        ],
    ),
    (
        "readers would see what is not committed, or skip what they have not seen",
        &[
            "isolation.level",
            "auto.offset.reset",
            "topic.auto.offset.reset",
            "enable.auto.commit",
            "auto.commit.enable",
            "auto.commit.interval.ms",
            "enable.auto.offset.store",
            "offset.store.method",
            "enable.partition.eof",
            "check.crcs",
        ],
    ),
    (
        "a process that was replaced could go on writing",
        &[
            "transactional.id",
            "transaction.timeout.ms",
            "group.id",
            "group.instance.id",
            "group.protocol",
            "group.remote.assignor",
            "partition.assignment.strategy",
        ],
    ),
    ("topics are created with the settings they need", &["allow.auto.create.topics"]),
    (
        "it has a setting of its own: log.url, or one in [log.kafka]",
        &[
            "bootstrap.servers",
            "metadata.broker.list",
            "security.protocol",
            "sasl.mechanism",
            "sasl.mechanisms",
            "sasl.username",
            "sasl.password",
            "ssl.ca.location",
            "ssl.certificate.location",
            "ssl.key.location",
            "ssl.key.password",
            "linger.ms",
            "queue.buffering.max.ms",
            "queue.buffering.max.kbytes",
            "queue.buffering.max.messages",
        ],
    ),
    ("the log reads them itself", &["log.queue", "log_level", "statistics.interval.ms"]),
];

/// Refuses properties that would break the log's contracts.
pub(super) fn check(properties: &BTreeMap<String, String>) -> Result<(), LogError> {
    for name in properties.keys() {
        let refused = REFUSED.iter().find(|(_, names)| names.contains(&name.as_str()));
        if let Some((reason, _)) = refused {
            let name = format!("kafka.properties.\"{name}\"");
            return Err(setting(&name, &format!("cannot be set: {reason}")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_breaks_a_contract_is_refused_by_name() {
        for (_, names) in REFUSED {
            for name in *names {
                let properties = BTreeMap::from([((*name).to_owned(), "1".to_owned())]);
                let error = check(&properties).expect_err("refused").to_string();
                assert!(error.contains(name), "{error}");
            }
        }
        let harmless = BTreeMap::from([("compression.type".to_owned(), "lz4".to_owned())]);
        check(&harmless).expect("harmless");
    }
}
