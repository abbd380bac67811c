use std::{
    collections::BTreeSet,
    net::SocketAddr,
    ops::Range,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use crate::{Spacecraft, packet, send};

/// Packets that go out in one write.
const BATCH: u32 = 20;
/// Between two writes.
const PACE: Duration = Duration::from_millis(10);

/// A spacecraft that sends counted packets to whoever is connected, and never the same twice. It
/// keeps book of what it offered to each connection.
pub struct Load {
    /// Where it listens.
    pub address: SocketAddr,
    next: Arc<AtomicU32>,
    connections: Arc<Mutex<Vec<Range<u32>>>>,
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Load {
    /// Starts to send, 2 000 packets a second, and waits as long as the other end takes.
    pub fn start() -> Self {
        Self::start_with(None)
    }

    /// Starts to send, and gives a connection up that takes nothing for so long: the next one that
    /// connects is served.
    pub fn impatient(patience: Duration) -> Self {
        Self::start_with(Some(patience))
    }

    fn start_with(patience: Option<Duration>) -> Self {
        let spacecraft = Spacecraft::new();
        let address = spacecraft.address();
        let (next, stop) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicBool::new(false)));
        let connections = Arc::new(Mutex::new(Vec::new()));
        let (counter, stopped, book) = (next.clone(), stop.clone(), connections.clone());
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                let mut stream = spacecraft.accept();
                stream.set_write_timeout(patience).expect("timeout");
                let start = counter.load(Ordering::Relaxed);
                while !stopped.load(Ordering::Relaxed) {
                    let first = counter.fetch_add(BATCH, Ordering::Relaxed);
                    let batch: Vec<u8> = (first..first + BATCH).flat_map(packet).collect();
                    if !send(&mut stream, &batch) {
                        break;
                    }
                    std::thread::park_timeout(PACE);
                }
                let end = counter.load(Ordering::Relaxed);
                book.lock().expect("book").push(start..end);
                if stopped.load(Ordering::Relaxed) {
                    // What lies in the socket shall be read: the other end closes first.
                    let _ = stream.shutdown(std::net::Shutdown::Write);
                    let _ = std::io::Read::read(&mut stream, &mut [0]);
                }
            }
        });
        Self { address, next, connections, stop, thread: Some(thread) }
    }

    /// Returns the counter of the next packet: how many were offered so far.
    pub fn sent(&self) -> u32 {
        self.next.load(Ordering::Relaxed)
    }

    /// Stops sending. The last connection stays open until the other end closes it.
    pub fn quiet(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Ends the spacecraft.
    pub fn finish(&mut self) {
        self.quiet();
        // The sender may wait in accept: one last connection lets it see the stop.
        let _ = std::net::TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            thread.join().expect("load");
        }
    }

    /// Checks that of every connection the log has what TCP delivered: a beginning of what was
    /// offered, without gaps. Returns how many packets are in the log of how many offered.
    ///
    /// # Panics
    /// If a packet is missing before one that is there.
    #[track_caller]
    pub fn check_connections(&self, logged: &BTreeSet<u32>) -> (usize, u32) {
        for offered in self.connections.lock().expect("book").iter() {
            let there = logged.range(offered.clone()).count() as u32;
            let last = logged.range(offered.clone()).next_back();
            let expected = last.map_or(0, |last| last + 1 - offered.start);
            assert_eq!(there, expected, "gaps in the connection that was offered {offered:?}");
        }
        (logged.len(), self.sent())
    }
}
