//! More clients than there are places.

use std::{
    net::TcpStream,
    time::{Duration, Instant},
};

use groundlog_tests::{Http, Stack, StackOptions};

/// Far below the time after which an idle connection is closed anyway.
const SOON: Duration = Duration::from_secs(10);

/// Clients that connect and say nothing: more than the process may have files open.
#[test]
fn silent_clients_shut_nobody_out() {
    let stack = Stack::start(&StackOptions::default().files_max(256));
    let address = stack.url().trim_start_matches("http://");
    let silent: Vec<_> = (0..400).map(|_| TcpStream::connect(address).expect("heard")).collect();
    let started = Instant::now();
    let answer = Http::new(stack.url()).get("/health").expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
    let said = stack.said();
    assert!(said.contains("as many connections as there may be"), "{said}");
    drop(silent);
}
