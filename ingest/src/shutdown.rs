//! Waiting to be told to stop.

use tokio::sync::watch;

/// Waits until the signal is set, or nobody can set it any more. Cancel safe.
pub(crate) async fn stopped(signal: &mut watch::Receiver<bool>) {
    // An error says that the sender is gone, which ends the role too.
    drop(signal.wait_for(|stop| *stop).await);
}
