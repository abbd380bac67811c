//! The spacecraft's radio: telemetry to everyone who is connected, commands from anyone.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{broadcast, mpsc, watch},
    task::JoinSet,
    time::{MissedTickBehavior, interval, sleep},
};

use super::{
    ccsds::{Received, next_command},
    spacecraft::{STEP, Spacecraft},
    stopped,
};

/// Packets that a slow connection may lag behind before it loses some.
const LAG_PACKETS: usize = 1024;
const COMMANDS_WAITING: usize = 64;

/// Telemetry goes to all connections alike.
type Telemetry = broadcast::Sender<Arc<[u8]>>;

pub(super) async fn serve(
    listener: Arc<TcpListener>,
    mut stop: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let (telemetry, _) = broadcast::channel(LAG_PACKETS);
    let (commands, inbox) = mpsc::channel(COMMANDS_WAITING);
    // Dropping the set at the end closes every connection.
    let mut tasks = JoinSet::new();
    tasks.spawn(fly(telemetry.clone(), inbox));
    loop {
        tokio::select! {
            () = stopped(&mut stop) => return Ok(()),
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    tasks.spawn(connection(stream, telemetry.subscribe(), commands.clone()));
                }
                // Out of file descriptors, or the client has gone: others may still come.
                Err(_) => sleep(Duration::from_millis(100)).await,
            },
            Some(_) = tasks.join_next() => {}
        }
    }
}

/// Lets time pass on board.
async fn fly(telemetry: Telemetry, mut commands: mpsc::Receiver<Vec<u8>>) {
    let mut spacecraft = Spacecraft::default();
    let mut ticks = interval(STEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        let packets = tokio::select! {
            _ = ticks.tick() => spacecraft.step(SystemTime::now()),
            received = commands.recv() => match received {
                Some(packet) => match next_command(&packet) {
                    Received::Command(command, _) => spacecraft.obey(&command, SystemTime::now()),
                    _ => Vec::new(),
                },
                None => return,
            },
        };
        for packet in packets {
            // Nobody listens: the packet is lost in space.
            drop(telemetry.send(packet.into()));
        }
    }
}

async fn connection(
    stream: TcpStream,
    telemetry: broadcast::Receiver<Arc<[u8]>>,
    commands: mpsc::Sender<Vec<u8>>,
) {
    // Small packets are to arrive when they are made; where it cannot be set they arrive later.
    drop(stream.set_nodelay(true));
    let (read, write) = stream.into_split();
    tokio::select! {
        () = send(write, telemetry) => {}
        () = receive(read, commands) => {}
    }
}

async fn send(mut write: OwnedWriteHalf, mut telemetry: broadcast::Receiver<Arc<[u8]>>) {
    loop {
        match telemetry.recv().await {
            Ok(packet) => {
                if write.write_all(&packet).await.is_err() {
                    return;
                }
            }
            // As on a real link: what could not be sent in time is gone, its sequence count too.
            Err(broadcast::error::RecvError::Lagged(_)) => {}
            Err(broadcast::error::RecvError::Closed) => return,
        }
    }
}

async fn receive(mut read: OwnedReadHalf, commands: mpsc::Sender<Vec<u8>>) {
    let mut bytes = Vec::with_capacity(1024);
    loop {
        match read.read_buf(&mut bytes).await {
            Ok(1..) => {}
            _ => return,
        }
        loop {
            let taken = match next_command(&bytes) {
                Received::Incomplete => break,
                Received::Other(taken) => taken,
                Received::Command(_, taken) => {
                    if commands.send(bytes[..taken].to_vec()).await.is_err() {
                        return;
                    }
                    taken
                }
            };
            bytes.drain(..taken);
        }
    }
}
