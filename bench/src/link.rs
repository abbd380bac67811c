//! One link against a loop that reads the socket and appends the same records.
//!
//! Both read one TCP connection on loopback, frame CCSDS packets, wrap each in the same raw
//! record and append it to the embedded log with its syncs; the clock runs from the first byte
//! offered to the last acknowledgement. The loop does nothing else: no protocol chain, no
//! counters, no commands, no retry.

use std::{
    collections::VecDeque,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use groundlog_ingest::{Ingest, IngestOptions, InterfaceOptions};
use groundlog_log::{Appending, Log, Records};
use groundlog_proto::{
    DefinitionHash, Nanos, TopicKind, TopicPartition,
    borrowed::{RawBodyRef, RawPacketRef, RawRecordRef},
};
use tokio::sync::watch;

use crate::place::Place;

/// Appends that the loop leaves on their way: fewer make it slower, more change nothing.
const ON_THEIR_WAY: usize = 64;
const BUFFER_BYTES: usize = 256 * 1024;
const HASH: [u8; 16] = [7; 16];

fn packet(size: usize) -> Vec<u8> {
    let mut packet = vec![0x08, 0x02, 0xc0, 0x00];
    packet.extend_from_slice(&(size as u16 - 7).to_be_bytes());
    packet.resize(size, 0x3f);
    packet
}

/// Returns the size of the raw record of a packet of so many bytes.
pub fn record_bytes(size: usize) -> usize {
    frame(&packet(size)).0.lengths().iter().map(|(_, value)| *value as usize).sum()
}

/// Sends `count` CCSDS packets of `size` bytes to the first that connects; returns when it began.
pub(crate) fn sender(size: usize, count: usize) -> (SocketAddr, JoinHandle<(Instant, TcpStream)>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("port");
    let address = listener.local_addr().expect("address");
    let packet = packet(size);
    let per_chunk = BUFFER_BYTES / size;
    let chunk = packet.repeat(per_chunk);
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("connection");
        let start = Instant::now();
        let mut left = count;
        while left > 0 {
            let now = left.min(per_chunk);
            stream.write_all(&chunk[..now * size]).expect("sent");
            left -= now;
        }
        (start, stream)
    });
    (address, thread)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("runtime")
}

/// Receives with a link; returns how long it took.
pub fn with_link(place: &Place, size: usize, count: usize) -> Duration {
    let (address, sender) = sender(size, count);
    let end = runtime().block_on(async {
        let (log, raw) = (place.open(1).await, place.partition(TopicKind::Raw, 0));
        let port = address.port().to_string();
        let params = ["127.0.0.1", &port, &port, "10.0", "nil", "LENGTH", "32", "16", "7"];
        let interface = InterfaceOptions::new("INST_INT", "tcpip_client_interface.rb", &params);
        let options = IngestOptions {
            names: place.names.clone(),
            interfaces: vec![interface],
            ..IngestOptions::new(DefinitionHash(HASH))
        };
        let ingest = Ingest::build(log.clone(), options).expect("ingest");
        let (stop, stopped) = watch::channel(false);
        let role = tokio::spawn(ingest.run(stopped));
        // One record more than packets: the marker that the link is owned.
        let end = follow(&*log, &raw, count as u64 + 1).await;
        stop.send_replace(true);
        role.await.expect("no panic").expect("stopped in order");
        log.close().await.expect("closed");
        end
    });
    let (start, _) = sender.join().expect("sender");
    end - start
}

/// Waits until the partition holds that many records; they are visible when acknowledged.
async fn follow(log: &dyn Log, partition: &TopicPartition, count: u64) -> Instant {
    loop {
        if log.bounds(partition).await.expect("bounds").tail >= count {
            return Instant::now();
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Receives with the bare loop; returns how long it took.
pub fn with_loop(place: &Place, size: usize, count: usize) -> Duration {
    let (address, sender) = sender(size, count);
    let runtime = runtime();
    let (log, raw) = (runtime.block_on(place.open(1)), place.partition(TopicKind::Raw, 0));
    let mut stream = TcpStream::connect(address).expect("connected");
    let mut buffer = vec![0; BUFFER_BYTES];
    let (mut filled, mut seen) = (0, 0);
    let mut on_their_way: VecDeque<Appending> = VecDeque::new();
    while seen < count {
        let read = stream.read(&mut buffer[filled..]).expect("read");
        assert!(read > 0, "the sender ended early");
        filled += read;
        let (records, used) = frame(&buffer[..filled]);
        seen += records.len();
        buffer.copy_within(used..filled, 0);
        filled -= used;
        on_their_way.push_back(log.append(&raw, records));
        if on_their_way.len() > ON_THEIR_WAY
            && let Some(oldest) = on_their_way.pop_front()
        {
            runtime.block_on(oldest).expect("acknowledged");
        }
    }
    for last in on_their_way {
        runtime.block_on(last).expect("acknowledged");
    }
    let end = Instant::now();
    runtime.block_on(log.close()).expect("closed");
    let (start, _) = sender.join().expect("sender");
    end - start
}

/// Frames by the CCSDS length field; returns the records and the bytes used.
fn frame(bytes: &[u8]) -> (Records, usize) {
    let received = Nanos::now().0;
    let mut records = Records::with_capacity(bytes.len() / 64, bytes.len() * 2);
    let mut at = 0;
    while let Some(header) = bytes.get(at..at + 6) {
        let length = usize::from(u16::from_be_bytes([header[4], header[5]])) + 7;
        let Some(data) = bytes.get(at..at + length) else {
            break;
        };
        let record = RawRecordRef {
            received_time_ns: received,
            scope: "DEFAULT",
            interface: "INST_INT",
            definitions: &HASH,
            epoch: 1,
            body: RawBodyRef::Packet(RawPacketRef { data, target: "", name: "" }),
            ..RawRecordRef::default()
        };
        records.push_with(b"INST_INT", |out| record.encode(out));
        at += length;
    }
    (records, at)
}
