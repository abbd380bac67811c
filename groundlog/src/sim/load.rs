//! The load generator: packets made beforehand, numbered on the way out.
//!
//! Every connection gets its own sequence: CCSDS sequence counts from 0 and a 64-bit count in the
//! last eight bytes, so that a receiver sees every packet lost or doubled.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};

use super::{ccsds, packets, stopped};

/// Bytes handed to the socket at once, about.
const CHUNK_BYTES: usize = 64 * 1024;
/// A paced stream is sent in chunks of this much time.
const PACE: Duration = Duration::from_millis(1);

/// What to generate for each connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    /// Packets per second; 0: as fast as they go.
    pub(super) rate: u64,
    /// Bytes per packet, at least 24.
    pub(super) size: usize,
    /// Packets after which the connection is closed.
    pub(super) count: Option<u64>,
}

pub(super) async fn serve(
    listener: Arc<TcpListener>,
    load: Load,
    mut stop: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            () = stopped(&mut stop) => return Ok(()),
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => _ = tasks.spawn(generate(stream, load)),
                Err(_) => sleep(Duration::from_millis(100)).await,
            },
            Some(_) = tasks.join_next() => {}
        }
    }
}

async fn generate(mut stream: TcpStream, load: Load) {
    drop(stream.set_nodelay(true));
    let mut chunk = Chunk::new(&load);
    let started = Instant::now();
    let mut sent = 0_u64;
    loop {
        let left = load.count.map_or(u64::MAX, |count| count - sent);
        if left == 0 {
            break;
        }
        let due = match load.rate {
            0 => u64::MAX,
            rate => {
                let due = (started.elapsed().as_secs_f64() * rate as f64) as u64;
                if due <= sent {
                    sleep_until(Instant::now() + PACE).await;
                    continue;
                }
                due - sent
            }
        };
        let bytes = chunk.number(sent, left.min(due));
        if stream.write_all(bytes).await.is_err() {
            return;
        }
        sent += (bytes.len() / load.size) as u64;
    }
    // The receiver is to see the end of the stream, not a reset.
    drop(stream.shutdown().await);
}

/// Packets side by side, sent over and over with new numbers.
struct Chunk {
    bytes: Vec<u8>,
    size: usize,
}

impl Chunk {
    fn new(load: &Load) -> Self {
        let packet = packet(load.size);
        let packets = (CHUNK_BYTES / load.size).max(1);
        Self { bytes: packet.repeat(packets), size: load.size }
    }

    /// Numbers at most `limit` packets from `first` on and returns their bytes.
    fn number(&mut self, first: u64, limit: u64) -> &[u8] {
        let packets =
            (self.bytes.len() / self.size).min(usize::try_from(limit).unwrap_or(usize::MAX));
        let bytes = &mut self.bytes[..packets * self.size];
        for (packet, number) in bytes.chunks_exact_mut(self.size).zip(first..) {
            let count = 0xc000 | (number % u64::from(ccsds::SEQUENCE_COUNTS)) as u16;
            packet[2..4].copy_from_slice(&count.to_be_bytes());
            packet[self.size - 8..].copy_from_slice(&number.to_be_bytes());
        }
        bytes
    }
}

/// Makes a packet of any size with the header of ADCS; at 70 bytes it is one.
fn packet(size: usize) -> Vec<u8> {
    let mut packet = ccsds::begin(packets::ADCS, 0, SystemTime::now());
    // Ones as floats: position, velocity, quaternion and pointing error decode to something.
    let ones = 1.0_f32.to_be_bytes();
    packet.extend((0..size - ccsds::HEADER_BYTES).map(|index| ones[index % 4]));
    if size == 70 {
        packet[56..62].copy_from_slice(&[2, 9, 0, 0, 0, 0]);
    }
    ccsds::finish(packet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_numbered_through() {
        for size in [24, 70, 1400, 65_542] {
            let mut chunk = Chunk::new(&Load { rate: 0, size, count: None });
            let mut next = 16_380_u64;
            for _ in 0..3 {
                let bytes = chunk.number(next, 5);
                for packet in bytes.chunks(size) {
                    let length = u16::from_be_bytes([packet[4], packet[5]]);
                    assert_eq!(usize::from(length) + 7, size);
                    let sequence = u16::from_be_bytes([packet[2], packet[3]]) & 0x3fff;
                    assert_eq!(u64::from(sequence), next % 16_384);
                    assert_eq!(packet[size - 8..], next.to_be_bytes());
                    next += 1;
                }
            }
        }
    }

    #[tokio::test]
    async fn a_counted_stream_ends_after_its_last_packet() {
        let listener = Arc::new(TcpListener::bind("127.0.0.1:0").await.unwrap());
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let load = Load { rate: 0, size: 70, count: Some(2500) };
        let server = tokio::spawn(serve(listener, load, stopped));
        let mut received = Vec::new();
        let mut stream = TcpStream::connect(address).await.unwrap();
        tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut received).await.unwrap();
        assert_eq!(received.len(), 2500 * 70);
        assert_eq!(received[received.len() - 8..], 2499_u64.to_be_bytes());
        stop.send_replace(true);
        server.await.unwrap().unwrap();
    }
}
