//! `cargo run --release -p groundlog-bench --bin bench-rpc`: JSON-RPC `tlm` requests per second
//! against an empty axum handler.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use groundlog_bench::rpc::{Servers, load};

const CONNECTIONS: [usize; 3] = [1, 8, 32];
const ROUNDS: usize = 3;
const WARM_UP: Duration = Duration::from_millis(300);
const ROUND: Duration = Duration::from_secs(2);

fn main() {
    // One worker: the load has the other core, and both servers have the same one.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("runtime");
    let servers = runtime.block_on(Servers::start());
    println!("JSON-RPC tlm, session token, one server thread, against an empty axum handler");
    for connections in CONNECTIONS {
        let addresses = [servers.gateway, servers.empty];
        let mut best = [0.0_f64; 2];
        // Turn and turn about, so that both meet the same machine.
        for _ in 0..ROUNDS {
            for (rate, address) in best.iter_mut().zip(addresses) {
                load(address, &servers.session, connections, WARM_UP);
                *rate = rate.max(load(address, &servers.session, connections, ROUND));
            }
        }
        let [tlm, empty] = best;
        println!(
            "  {connections:>2} connections: tlm {tlm:>8.0} requests/s; empty handler {empty:>8.0} \
             requests/s; ratio {:.2} (to reach: 0.5)",
            tlm / empty
        );
    }
}
