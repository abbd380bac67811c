//! How a release begins: what lies in the topic already is settled before anything new is decided.

use std::sync::Arc;

use groundlog_log::{Checkpoint, LogError, Reader, Transactor};
use groundlog_proto::wire::CommandState;
use tokio::time::Instant;

use super::{READ_BYTES, Release};
use crate::command::{book::CommandBook, decision::Waiting, transition::Uncertain};

impl Release {
    /// Becomes the writer, folds what is there already, without acting, and settles what an earlier
    /// owner left.
    pub(super) async fn begin(
        &mut self,
    ) -> Result<(Box<dyn Transactor>, Box<dyn Reader>), LogError> {
        let log = Arc::clone(&self.setup.log);
        let commands = self.setup.commands.clone();
        self.live = false;
        let mut writer = log.transactor(&self.setup.writer).await?;
        let checkpoint = log.checkpoint(&self.setup.writer, &commands).await?;
        let trim = log.bounds(&commands).await?.trim;
        let from = checkpoint.unwrap_or(trim).max(trim);
        // Behind this commit lies nothing that an earlier writer could add.
        let barrier = vec![Checkpoint { partition: commands.clone(), next: from }];
        writer.begin().await?.commit(barrier).await?;
        let tail = log.bounds(&commands).await?.tail;
        let mut reader = log.reader(&commands, from).await?;
        self.book = CommandBook::new(self.setup.limits.commands_remembered);
        while reader.position() < tail {
            let batch = reader.poll(READ_BYTES).await?;
            if batch.is_empty() {
                break;
            }
            self.fold(&batch);
        }
        self.settle_what_is_left();
        self.live = true;
        Ok((writer, reader))
    }

    fn settle_what_is_left(&mut self) {
        for id in self.book.in_state(CommandState::Released) {
            if self.released.contains_key(&id) || !self.setup.routes.owns(&self.book, &id) {
                continue;
            }
            if let Some(command) = self.book.released(&id) {
                let reason = "the process ended between release and sending; not sent again";
                self.end::<_, Uncertain>(command, reason);
            }
        }
        let patience = Some(Instant::now() + self.setup.limits.release_grace);
        let open = self.book.in_state(CommandState::Requested);
        self.waiting = open
            .into_iter()
            .filter(|id| self.setup.routes.owns(&self.book, id))
            .map(|id| Waiting { id, patience })
            .collect();
    }
}
