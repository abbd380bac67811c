//! The role on a log on disk: what was received and commanded is there after a restart.

use std::{path::Path, sync::Arc};

use groundlog_log::{EmbeddedOptions, Log};
use groundlog_proto::wire::CommandState::{Rejected, Released, Requested, Sent};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::stack::{Stack, accept, interface, listen, options, packet, request};

fn open(folder: &Path) -> Arc<dyn Log> {
    let url = format!("embedded:{}", folder.display());
    groundlog_log::open(&url, &EmbeddedOptions::default()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_goes_on_where_it_ended() {
    let folder = tempfile::tempdir().unwrap();
    let (listener, address) = listen().await;
    let mut sent = Vec::new();
    for start in 0..3_u8 {
        let log = open(folder.path());
        let stack = Stack::start(Arc::clone(&log), options(vec![interface(address)]));
        let mut craft = accept(&listener).await;
        stack.connected().await;
        for number in 0..200_u8 {
            let packet = packet(&[start, number]);
            craft.write_all(&packet).await.unwrap();
            sent.push(packet);
        }
        let mut event = request(&start.to_string(), &packet(b"command"));
        event.request.as_mut().unwrap().idempotency_key = "one key for all".to_owned();
        stack.event(&event).await;
        if start == 0 {
            craft.read_exact(&mut [0; 13]).await.unwrap();
            stack.ends("0", Sent).await;
        } else {
            // The key is known over restarts (X21).
            stack.ends(&start.to_string(), Rejected).await;
        }
        let raw = stack.packets(sent.len()).await;
        let found: Vec<Vec<u8>> = raw.iter().map(|(_, packet)| packet.data.to_vec()).collect();
        assert!(found == sent, "start {start}");
        assert_eq!(stack.states("0").await, [Requested, Released, Sent]);
        stack.stop().await;
        log.close().await.unwrap();
    }
}
