//! How long a record takes through a producer, a transform loop and a reader of committed records.

use std::{
    thread,
    time::{Duration, Instant},
};

use rdkafka::{Message, consumer::Consumer as _, producer::BaseProducer};

use super::{Delivered, Loop, PATIENCE, Transform, consumer, drain, producer_settings, send};
use crate::{
    load::{Latency, Pace, WARM_UP},
    place::Place,
};
use groundlog_proto::TopicKind;

/// Sends records of `size` bytes one by one at a steady rate through the loop.
pub fn latency(brokers: &str, rate: u32, seconds: u32, size: usize, out: usize) -> Latency {
    let place = Place::kafka(brokers);
    let runtime = tokio::runtime::Runtime::new().expect("runtime");
    let log = runtime.block_on(place.open(1));
    let pace = Pace::new(rate, seconds);
    let work = Transform {
        brokers,
        from: place.partition(TopicKind::Raw, 0),
        to: place.partition(TopicKind::Decom, 0),
        count: u64::from(pace.count()),
        batch_bytes: 512 * 1024,
        out_bytes: out,
    };
    let transform = Loop::new(&work);
    let reader = consumer(brokers, "bare-reader", &work.to);
    let producer: BaseProducer<Delivered> =
        producer_settings(brokers).create_with_context(Delivered).expect("producer");
    let zero = Instant::now();
    let times = thread::scope(|scope| {
        scope.spawn(|| {
            let mut value = vec![0x3f; size];
            pace.run(|_| {
                value[..8].copy_from_slice(&(zero.elapsed().as_nanos() as u64).to_le_bytes());
                send(&producer, &work.from, b"BENCH_INT", &value);
                producer.poll(Duration::ZERO);
            });
            drain(&producer);
        });
        scope.spawn(|| transform.run());
        let mut times = Vec::with_capacity(pace.count() as usize);
        while times.len() < pace.count() as usize {
            let message = reader.poll(PATIENCE).expect("a record in time").expect("readable");
            let sent = message.payload().expect("a value")[..8].try_into().expect("eight bytes");
            times.push(zero.elapsed() - Duration::from_nanos(u64::from_le_bytes(sent)));
        }
        times
    });
    reader.unassign().expect("unassigned");
    runtime.block_on(log.close()).expect("closed");
    Latency::of(times.into_iter().skip((WARM_UP.as_secs() as u32 * rate) as usize))
}
