use std::{io, sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::sync::Notify;

use super::*;
use crate::InterfaceOptions;

/// Takes nothing before it is let go, as a socket does whose other side does not read.
struct Blocked {
    release: Arc<Notify>,
    written: mpsc::UnboundedSender<Vec<u8>>,
}

#[async_trait]
impl ConnectionWriter for Blocked {
    async fn write(&mut self, data: &[u8]) -> io::Result<()> {
        self.release.notified().await;
        let _ = self.written.send(data.to_vec());
        Ok(())
    }

    async fn closed(&mut self) {
        std::future::pending().await
    }
}

/// A command whose time runs out behind another one that the link is still writing.
#[tokio::test]
async fn what_expires_in_the_queue_is_not_sent() {
    let options = InterfaceOptions::new("INST_INT", "tcpip_client_interface.rb", &[]);
    let (changed, _) = watch::channel(0);
    let shared = Shared::new(&options, true, changed);
    let (to_link, mut inbox) = mpsc::channel(8);
    let (report, mut outcomes) = mpsc::unbounded_channel();
    let (stop, stopped) = watch::channel(false);
    let (written, mut sent) = mpsc::unbounded_channel();
    let release = Arc::new(Notify::new());
    let expires_ns = Nanos::now().0 + 20_000_000;
    for (id, expires_ns) in [("1", 0), ("2", expires_ns), ("3", i64::MAX)] {
        let completion = Completion::new(id.to_owned(), report.clone());
        let outgoing = Outgoing { packet: id.as_bytes().to_vec(), expires_ns, completion };
        to_link.send(outgoing).await.unwrap();
    }
    let writer = Blocked { release: release.clone(), written };
    let writing = tokio::spawn(async move {
        let mut chain = WriteChain::default();
        run(Some(Box::new(writer)), &mut chain, &mut inbox, &shared, stopped).await
    });
    while Nanos::now().0 <= expires_ns {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    release.notify_one();
    assert_eq!(outcomes.recv().await.unwrap(), ("1".to_owned(), Outcome::Sent));
    let (id, outcome) = outcomes.recv().await.unwrap();
    let Outcome::Failed(reason) = outcome else { panic!("{id}: {outcome:?}") };
    assert!(id == "2" && reason.starts_with("not sent: expired "), "{id}: {reason}");
    release.notify_one();
    assert_eq!(outcomes.recv().await.unwrap(), ("3".to_owned(), Outcome::Sent));
    assert_eq!(
        (sent.recv().await.unwrap(), sent.recv().await.unwrap()),
        (b"1".into(), b"3".into())
    );
    stop.send_replace(true);
    writing.await.unwrap();
    assert!(sent.recv().await.is_none());
}
