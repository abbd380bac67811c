use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    time::Duration,
};

/// The test's own end of a link: a TCP server that the interface under test connects to.
pub struct Spacecraft {
    listener: TcpListener,
}

impl Spacecraft {
    /// Listens on a free loopback port.
    pub fn new() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").expect("a free port") }
    }

    /// Returns where it listens.
    pub fn address(&self) -> SocketAddr {
        self.listener.local_addr().expect("its address")
    }

    /// Waits for the interface to connect.
    pub fn accept(&self) -> TcpStream {
        let (stream, _) = self.listener.accept().expect("a connection");
        stream.set_nodelay(true).expect("nodelay");
        stream
    }
}

impl Default for Spacecraft {
    fn default() -> Self {
        Self::new()
    }
}

/// Builds a packet of the test target: id 1, a counter, and a payload that depends on it, with a
/// 16-bit length field at byte 0 that counts the bytes after it.
pub fn packet(counter: u32) -> Vec<u8> {
    packet_sized(counter, 24)
}

/// Like [`packet`] with a chosen size of the whole packet, at least 7 bytes.
pub fn packet_sized(counter: u32, size: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(size);
    bytes.extend_from_slice(&(size as u16 - 2).to_be_bytes());
    bytes.push(1);
    bytes.extend_from_slice(&counter.to_be_bytes());
    let mut state = counter.wrapping_mul(2_654_435_761) | 1;
    while bytes.len() < size {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        bytes.push(state as u8);
    }
    bytes
}

/// Writes, or says that the other end is gone.
pub fn send(stream: &mut TcpStream, bytes: &[u8]) -> bool {
    stream.write_all(bytes).is_ok()
}

/// Reads exactly `count` bytes within 10 s.
pub fn receive(stream: &mut TcpStream, count: usize) -> Vec<u8> {
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("timeout");
    let mut bytes = vec![0; count];
    stream.read_exact(&mut bytes).expect("bytes from the interface");
    bytes
}
