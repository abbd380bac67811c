//! What the whole spine sustains, and how long a packet takes through it.

use std::{
    fmt,
    io::Write,
    net::{SocketAddr, TcpListener, TcpStream},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use crate::{
    pipeline::{PACKET_BYTES, Pipeline, push_packet},
    place::Place,
};

const CHUNK_BYTES: usize = 1 << 18;

/// Times from a packet's send to the moment a reader of the table can see it, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Latency {
    /// Half of all packets took no longer.
    pub p50_ms: f64,
    /// 99 of 100 packets took no longer.
    pub p99_ms: f64,
    /// No packet took longer.
    pub max_ms: f64,
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { p50_ms, p99_ms, max_ms } = self;
        write!(f, "p50 {p50_ms:.1} ms, p99 {p99_ms:.1} ms, max {max_ms:.1} ms")
    }
}

impl Latency {
    pub(crate) fn of(times: impl Iterator<Item = Duration>) -> Self {
        let mut times: Vec<f64> = times.map(|time| time.as_secs_f64() * 1e3).collect();
        times.sort_by(f64::total_cmp);
        let at = |percent: usize| times[(times.len() - 1) * percent / 100];
        Self { p50_ms: at(50), p99_ms: at(99), max_ms: at(100) }
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("runtime")
}

/// Runs `send` against the first that connects, and keeps the connection.
fn sender<T: Send + 'static>(
    send: impl FnOnce(&mut TcpStream) -> T + Send + 'static,
) -> (SocketAddr, JoinHandle<(T, TcpStream)>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("port");
    let address = listener.local_addr().expect("address");
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("connection");
        (send(&mut stream), stream)
    });
    (address, thread)
}

/// Sends as fast as the link takes it; the clock stops when the last packet is a current value.
/// Returns packets per second.
pub fn throughput(place: &Place, packets: u32) -> f64 {
    let (address, sender) = sender(move |stream| {
        let start = Instant::now();
        let mut buffer = Vec::with_capacity(CHUNK_BYTES);
        let mut counter = 0;
        while counter < packets {
            buffer.clear();
            while counter < packets && buffer.len() + PACKET_BYTES <= CHUNK_BYTES {
                push_packet(&mut buffer, counter);
                counter += 1;
            }
            stream.write_all(&buffer).expect("sent");
        }
        start
    });
    let end = runtime().block_on(async {
        let pipeline = Pipeline::start(place, address).await;
        let mut end = Instant::now();
        let last_is_seen = |counter, now| {
            end = now;
            counter + 1 < packets
        };
        pipeline.follow(last_is_seen).await;
        pipeline.stop().await;
        end
    });
    let (start, _stream) = sender.join().expect("sender");
    f64::from(packets) / (end - start).as_secs_f64()
}

/// How long a system is driven before anything counts. A benchmark starts cold: consumer groups
/// assemble, producers are numbered, the broker's code is compiled, and what came meanwhile is
/// caught up with.
pub const WARM_UP: Duration = Duration::from_secs(4);

/// One packet at a time at a steady rate: for the warm-up, then for as long as is measured.
pub(crate) struct Pace {
    rate: u32,
    count: u32,
}

impl Pace {
    pub(crate) fn new(rate: u32, seconds: u32) -> Self {
        Self { rate, count: rate * (seconds + WARM_UP.as_secs() as u32) }
    }

    /// Returns how many packets there are in all.
    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// Calls `send` with the number of each packet when it is due.
    pub(crate) fn run(&self, mut send: impl FnMut(u32)) {
        let start = Instant::now();
        for number in 0..self.count {
            let due = start + Duration::from_secs(1) * number / self.rate;
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            send(number);
        }
    }
}

/// Sends packets one by one at a steady rate (packets per second) for so many seconds, after
/// [`WARM_UP`].
pub fn latency(place: &Place, rate: u32, seconds: u32) -> Latency {
    let pace = Pace::new(rate, seconds);
    let count = pace.count();
    let (address, sender) = sender(move |stream| {
        stream.set_nodelay(true).expect("nodelay");
        let mut sent = Vec::with_capacity(count as usize);
        let mut buffer = Vec::with_capacity(PACKET_BYTES);
        pace.run(|counter| {
            buffer.clear();
            push_packet(&mut buffer, counter);
            sent.push(Instant::now());
            stream.write_all(&buffer).expect("sent");
        });
        sent
    });
    let mut seen: Vec<Instant> = Vec::with_capacity(count as usize);
    runtime().block_on(async {
        let pipeline = Pipeline::start(place, address).await;
        let note = |counter: u32, now| {
            // Every packet up to the newest one has become visible by now.
            seen.resize(counter as usize + 1, now);
            counter + 1 < count
        };
        pipeline.follow(note).await;
        pipeline.stop().await;
    });
    let (sent, _stream) = sender.join().expect("sender");
    let times = sent.iter().zip(&seen).map(|(sent, seen)| *seen - *sent);
    Latency::of(times.skip((WARM_UP.as_secs() as u32 * rate) as usize))
}
