//! `cargo run --release -p groundlog-bench --bin bench-decom`: decommutation of 70-byte packets
//! with 16 items, records per second.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

use groundlog_bench::{
    decom::{Rate, Work, over_a_log, pure_fold},
    place::Place,
};

fn show(what: &str, rate: Rate) {
    println!("{what:<44} {:>10.0} records/s", rate.per_second());
}

fn main() {
    pure_fold(50);
    let fold = pure_fold(1000);
    show("pure fold, one core", fold);
    println!("{:<44} {:>10.1} bytes/record", "  decommutated", fold.bytes_out);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("runtime");
    for with_values in [false, true] {
        let work = Work { count: 2_000_000, partitions: 1, members: 1, with_values };
        let behind = if with_values { " → current values" } else { "" };
        let rate = runtime.block_on(over_a_log(&Place::new("memory:"), work));
        show(&format!("memory log → decom{behind}"), rate);
        let dir = tempfile::tempdir().expect("folder");
        let rate = runtime.block_on(over_a_log(&Place::embedded(dir.path()), work));
        show(&format!("embedded log → decom{behind}"), rate);
    }
}
