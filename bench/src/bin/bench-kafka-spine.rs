//! The spine on a real Apache Kafka, against bare rdkafka loops of the same run.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

use groundlog_bench::{
    bare::{self, Produce, Transform},
    decom::{self, Work, over_a_log, pure_fold},
    disk::sync_latency_us,
    link::{record_bytes, with_link},
    load,
    place::Place,
};
use groundlog_proto::TopicKind;

const PACKETS: u32 = 1_000_000;
/// Records that lie in the log for decommutation. The second half is measured: a second member is
/// given its share a heartbeat after the first one has had all.
const BACKLOG: u32 = 2 * PACKETS;
const PACKET_BYTES: usize = 70;
const ROUNDS: usize = 3;
/// Bytes of input in one transaction of decommutation (RunnerOptions::batch_bytes_max).
const BATCH_BYTES: usize = 512 * 1024;
const LATENCY_SECONDS: u32 = 10;

fn main() {
    let Ok(brokers) = std::env::var("GROUNDLOG_TEST_KAFKA") else {
        eprintln!(
            "bench-kafka-spine needs a broker: `cargo xtask bench kafka-spine` starts one, or name one in \
             GROUNDLOG_TEST_KAFKA"
        );
        std::process::exit(2);
    };
    println!("the spine on Kafka, broker and clients on the same cores, best of {ROUNDS} rounds");
    let (p50, p99) = sync_latency_us(500);
    println!("  disk: sync of 4 KiB p50 {p50:.0} µs, p99 {p99:.0} µs");
    ingest(&brokers);
    decommutation(&brokers);
    for rate in [1_000, 10_000] {
        latency(&brokers, rate);
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("runtime")
}

/// A link of ingest against a producer that sends the same records.
fn ingest(brokers: &str) {
    let (mut link, mut bare) = (0.0_f64, 0.0_f64);
    for _ in 0..ROUNDS {
        let seconds = with_link(&Place::kafka(brokers), PACKET_BYTES, PACKETS as usize);
        link = link.max(f64::from(PACKETS) / seconds.as_secs_f64());
        let place = Place::kafka(brokers);
        let log = runtime().block_on(place.open(1));
        let raw = place.partition(TopicKind::Raw, 0);
        let took = bare::produce(Produce {
            brokers,
            to: &raw,
            key: b"INST_INT",
            size: record_bytes(PACKET_BYTES),
            count: u64::from(PACKETS),
            in_flight: usize::MAX,
        });
        bare = bare.max(f64::from(PACKETS) / took.as_secs_f64());
        runtime().block_on(log.close()).expect("closed");
    }
    println!(
        "  ingest: link {link:.0} packets/s, bare producer {bare:.0} records/s, ratio {:.2} (to \
         reach: 0.6)",
        link / bare
    );
}

/// Decommutation against a loop that reads, writes as much and commits, without decoding.
fn decommutation(brokers: &str) {
    let out_bytes = pure_fold(1).bytes_out as usize;
    let one = Work { count: BACKLOG, partitions: 1, members: 1, with_values: false };
    let (mut decom, mut bare) = (0.0_f64, 0.0_f64);
    for _ in 0..ROUNDS {
        let place = Place::kafka(brokers);
        decom = decom.max(runtime().block_on(over_a_log(&place, one)).per_second());
        let place = Place::kafka(brokers);
        let half = Work { count: PACKETS, ..one };
        let log = runtime().block_on(decom::fill(&place, half));
        let took = bare::transform(&Transform {
            brokers,
            from: place.partition(TopicKind::Raw, 0),
            to: place.partition(TopicKind::Decom, 0),
            count: u64::from(PACKETS),
            batch_bytes: BATCH_BYTES,
            out_bytes,
        });
        bare = bare.max(f64::from(PACKETS) / took.as_secs_f64());
        runtime().block_on(log.close()).expect("closed");
    }
    println!(
        "  decommutation: {decom:.0} records/s, bare consume-transform-produce {bare:.0} \
         records/s, ratio {:.2} (to reach: 0.7)",
        decom / bare
    );
    let mut rates = [0.0_f64; 2];
    for _ in 0..ROUNDS {
        for (rate, members) in rates.iter_mut().zip([1, 2]) {
            let work = Work { partitions: 4, members, ..one };
            let place = Place::kafka(brokers);
            *rate = rate.max(runtime().block_on(over_a_log(&place, work)).per_second());
        }
    }
    println!(
        "  four partitions: one decom {:.0} records/s, two {:.0} records/s, ratio {:.2}",
        rates[0],
        rates[1],
        rates[1] / rates[0]
    );
}

/// The spine from its socket to the table, and a bare loop from its producer to its reader.
fn latency(brokers: &str, rate: u32) {
    let out_bytes = pure_fold(1).bytes_out as usize;
    let spine = load::latency(&Place::kafka(brokers), rate, LATENCY_SECONDS);
    let size = record_bytes(PACKET_BYTES);
    let bare = bare::latency(brokers, rate, LATENCY_SECONDS, size, out_bytes);
    println!("  latency at {rate} packets/s, exactly once: socket → current value {spine}");
    println!("    bare: producer → transform loop → reader {bare}");
}
