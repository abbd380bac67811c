//! Who may log in, on a broker that asks: an error that names the server and what to do.

use std::time::{Duration, Instant};

use groundlog_log::{KafkaLog, KafkaOptions, LogError, SecurityProtocol};
use groundlog_proto::{Fault, FaultClass};

use super::server::{Broker, LOGIN, append, numbers, partition};

/// The password's file is read for every client that the log makes: it lives as long as `folder`.
fn log_in(
    folder: &tempfile::TempDir,
    address: &str,
    user: &str,
    password: &str,
) -> Result<KafkaLog, LogError> {
    let file = folder.path().join(password);
    std::fs::write(&file, password).expect("written");
    let options = KafkaOptions {
        security_protocol: SecurityProtocol::SaslPlaintext,
        sasl_mechanism: Some("PLAIN".to_owned()),
        sasl_username: Some(user.to_owned()),
        sasl_password_file: Some(file),
        ..KafkaOptions::default()
    };
    KafkaLog::connect(address, &options)
}

#[tokio::test]
async fn credentials_are_checked_and_wrong_ones_named() {
    let Some(broker) = Broker::start() else { return };
    let (user, password) = LOGIN;
    let folder = tempfile::tempdir().expect("a folder");
    let address = broker.login_address();
    // The first one waits until the broker is up.
    let deadline = Instant::now() + super::server::PATIENCE;
    let log = loop {
        match log_in(&folder, &address, user, password) {
            Ok(log) => break log,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
    };
    let at = partition(&log, "private").await;
    append(&log, &at, 7).await;
    assert_eq!(numbers(&log, &at).await, [7]);
    for (user, password) in [(user, "wrong"), ("nobody", password)] {
        let start = Instant::now();
        let Err(error) = log_in(&folder, &address, user, password) else {
            panic!("{user} is let in")
        };
        let said = error.to_string();
        assert!(start.elapsed() < Duration::from_secs(5), "at once: {said}");
        assert_eq!(error.class(), FaultClass::Fatal, "{said}");
        assert!(said.contains(&address) && said.contains("[log.kafka]"), "{said}");
    }
    // A client that does not log in is not heard, and told where it knocked.
    let Err(error) = KafkaLog::connect(&address, &KafkaOptions::default()) else {
        panic!("it is let in without a password")
    };
    assert!(error.to_string().contains(&address), "{error}");
}
