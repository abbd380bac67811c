use std::{
    collections::BTreeSet,
    io::Read,
    net::{Shutdown, SocketAddr, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use crate::{Spacecraft, packet, send};

/// Packets that go out in one write.
const BATCH: u32 = 20;
/// Between two writes.
const PACE: Duration = Duration::from_millis(10);

/// A spacecraft that sends counted packets to everyone who is connected, and never the same twice.
/// It keeps book of what it offered to each connection.
pub struct Load {
    /// Where it listens.
    pub address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    next: AtomicU32,
    quiet: AtomicBool,
    ended: AtomicBool,
    /// The first counters of the batches of each connection that has ended.
    book: Mutex<Vec<Vec<u32>>>,
}

impl Load {
    /// Starts to send: 2 000 packets a second to each connection, at the pace of who reads.
    pub fn start() -> Self {
        let spacecraft = Spacecraft::new();
        let (address, shared) = (spacecraft.address(), Arc::new(Shared::default()));
        let sender = shared.clone();
        let thread = std::thread::spawn(move || {
            let mut connections = Vec::new();
            while !sender.ended.load(Ordering::Relaxed) {
                let (stream, sender) = (spacecraft.accept(), sender.clone());
                connections.push(std::thread::spawn(move || sender.transmit(stream)));
            }
            for connection in connections {
                connection.join().expect("a connection");
            }
        });
        Self { address, shared, thread: Some(thread) }
    }

    /// Returns the counter of the next packet: how many were offered so far.
    pub fn sent(&self) -> u32 {
        self.shared.next.load(Ordering::Relaxed)
    }

    /// Stops sending. Connections stay open until the other end closes them.
    pub fn quiet(&self) {
        self.shared.quiet.store(true, Ordering::Relaxed);
    }

    /// Ends the spacecraft, after everybody else has closed.
    pub fn finish(&mut self) {
        self.quiet();
        self.shared.ended.store(true, Ordering::Relaxed);
        // The sender waits in accept: one last connection lets it see the end.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            thread.join().expect("load");
        }
    }

    /// Checks that of every connection the log has what TCP delivered: a beginning of what was
    /// offered, without gaps.
    ///
    /// # Panics
    /// If a packet is missing before one that is there.
    #[track_caller]
    pub fn check_connections(&self, logged: &BTreeSet<u32>) {
        for batches in self.shared.book.lock().expect("book").iter() {
            let offered = batches.iter().flat_map(|first| *first..first + BATCH);
            let mut missing = offered.map(|counter| !logged.contains(&counter));
            let from = missing.by_ref().position(|is_missing| is_missing);
            let later = missing.position(|is_missing| !is_missing);
            assert!(later.is_none(), "of a connection packet {from:?} is missing, later ones not");
        }
    }
}

impl Shared {
    /// Sends until told to stop, or the other end is gone.
    fn transmit(&self, mut stream: TcpStream) {
        let mut batches = Vec::new();
        let is_open = loop {
            if self.quiet.load(Ordering::Relaxed) {
                break true;
            }
            let first = self.next.fetch_add(BATCH, Ordering::Relaxed);
            batches.push(first);
            let batch: Vec<u8> = (first..first + BATCH).flat_map(packet).collect();
            if !send(&mut stream, &batch) {
                break false;
            }
            std::thread::park_timeout(PACE);
        };
        self.book.lock().expect("book").push(batches);
        if is_open && !self.ended.load(Ordering::Relaxed) {
            // What lies in the socket shall be read: the other end closes first.
            let _ = stream.read(&mut [0]);
        }
        let _ = stream.shutdown(Shutdown::Both);
    }
}
