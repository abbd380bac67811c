//! What a writer sends to the server.

use std::collections::BTreeMap;

use groundlog_proto::Offset;
use redis::Value;

use super::{
    ValkeyError,
    keys::Pair,
    link::{Commands, Run},
    part::Part,
    reads::{ValkeyServer, array, bytes, text},
    render::Renderer,
    scripts::{self, LAYOUT},
};
use crate::{CurrentPacket, CvtError, Image, table::name_of};

/// Packets that one run of a script puts: a few milliseconds of the server's time.
const PACKETS_PER_RUN: usize = 512;

/// Packets rendered between two chances for other tasks of the thread to run.
const PACKETS_PER_SLICE: usize = 64;

/// Bytes that a packet of usual size takes: a guess, so that memory is asked for once.
const PUT_BYTES: usize = 2048;

impl ValkeyServer {
    /// Puts what is pending where readers see it.
    pub(super) async fn put(
        &self,
        part: &mut Part,
        renderer: &mut Renderer,
    ) -> Result<(), CvtError> {
        if part.pending.is_empty() {
            return Ok(());
        }
        self.open_targets(part).await?;
        let mut commands = Commands::new();
        for (target, packets) in &part.pending {
            let pair = self.keys.pair(target);
            let mut packets = packets.iter();
            while packets.len() > 0 {
                let count = packets.len().min(PACKETS_PER_RUN);
                let keys = [pair.cosmos.as_str(), &pair.own];
                let mut run = Run::new(scripts::put(), &keys, 2 + 3 * count, count * PUT_BYTES);
                run.arg(part.field.as_bytes()).arg(part.epoch.as_bytes());
                for (place, (packet, pending)) in packets.by_ref().take(count).enumerate() {
                    renderer.render(part, target, packet, pending);
                    run.arg(packet.as_bytes()).arg(&renderer.block).arg(&renderer.json);
                    if place % PACKETS_PER_SLICE == PACKETS_PER_SLICE - 1 {
                        tokio::task::yield_now().await;
                    }
                }
                commands.run(run);
            }
        }
        if self.writes.send(&commands).await?.contains(&Value::Int(-1)) {
            return Err(self.lost(part).into());
        }
        part.pending.clear();
        Ok(())
    }

    /// Opens the targets that a partition has not written to yet: first each of them, so that
    /// nothing is noted that may not be written; then they are noted at the checkpoint, so that
    /// nothing is written whose loss would go unnoticed.
    async fn open_targets(&self, part: &mut Part) -> Result<(), CvtError> {
        let targets = part.pending.keys();
        let new: Vec<_> = targets.filter(|it| !part.targets.contains(*it)).cloned().collect();
        if new.is_empty() {
            return Ok(());
        }
        let mut commands = Commands::new();
        for target in &new {
            let pair = self.keys.pair(target);
            let mut run = Run::new(scripts::open(), &[&pair.cosmos, &pair.own], 3, 0);
            run.arg(LAYOUT.as_bytes()).arg(part.field.as_bytes()).arg(part.epoch.as_bytes());
            commands.run(run);
        }
        let answers = self.writes.send(&commands).await?;
        for (target, answer) in new.iter().zip(answers) {
            self.accepted(&self.keys.pair(target), answer)?;
        }
        self.advance(part, None, &new).await?;
        part.targets.extend(new);
        Ok(())
    }

    /// Reads the answer of a script that looks what a target's keys are.
    pub(super) fn accepted(&self, pair: &Pair, answer: Value) -> Result<(), ValkeyError> {
        let mut answer = array(answer).into_iter();
        let (which, what) = (answer.next(), answer.next().and_then(text));
        let key = match which {
            Some(Value::Int(0)) => return Ok(()),
            Some(Value::Int(1)) => pair.cosmos.clone(),
            _ => pair.own.clone(),
        };
        let server = self.writes.server().to_owned();
        Err(ValkeyError::Foreign { server, key, what: what.unwrap_or_default() })
    }

    /// Moves a partition's checkpoint forward, and notes targets at it.
    pub(super) async fn advance(
        &self,
        part: &Part,
        next: Option<Offset>,
        targets: &[String],
    ) -> Result<(), CvtError> {
        let next = next.map_or(String::new(), |next| next.to_string());
        let mut run = Run::new(scripts::advance(), &[&part.checkpoint], 2 + targets.len(), 0);
        run.arg(part.epoch.as_bytes()).arg(next.as_bytes());
        targets.iter().for_each(|target| {
            run.arg(target.as_bytes());
        });
        let mut commands = Commands::new();
        commands.run(run);
        match self.writes.send(&commands).await?.first() {
            Some(Value::Int(1)) => Ok(()),
            _ => Err(self.lost(part).into()),
        }
    }

    /// Returns what a partition has put under a name.
    pub(super) async fn known(
        &self,
        part: &Part,
        target: &str,
        packet: &str,
    ) -> Result<Option<CurrentPacket>, CvtError> {
        let mut commands = Commands::new();
        commands.add("HGET", &self.keys.pair(target).own, &[packet]);
        let answer = self.writes.send(&commands).await?.pop();
        let Some(found) = answer.and_then(bytes) else {
            return Ok(None);
        };
        match part.own(self.read(target, packet, found)?) {
            Some(block) => Ok(Some(self.packet(block).await?)),
            None => Ok(None),
        }
    }

    /// Returns everything that a partition has put into the table.
    pub(super) async fn image(&self, part: &Part) -> Result<Image, CvtError> {
        let mut commands = Commands::new();
        for target in &part.targets {
            commands.add("HGETALL", &self.keys.pair(target).own, &[]);
        }
        let mut entries = BTreeMap::new();
        let answers = self.writes.send(&commands).await?;
        for (target, answer) in part.targets.iter().zip(answers) {
            let mut epoch = None;
            let mut fields = array(answer).into_iter();
            while let (Some(field), Some(value)) = (fields.next(), fields.next()) {
                let field = text(field).unwrap_or_default();
                if field == part.field {
                    epoch = text(value);
                } else if !field.starts_with('#') {
                    let blocks = self.read(target, &field, bytes(value).unwrap_or_default())?;
                    if let Some(block) = part.own(blocks) {
                        entries.insert(name_of(target, &field), block.entry);
                    }
                }
            }
            if epoch.as_deref() != Some(&part.epoch) {
                return Err(self.lost(part).into());
            }
        }
        Ok(Image::of(entries))
    }

    /// Looks whether everything that was put is still there, in one round trip.
    pub(super) async fn look<'a>(
        &self,
        parts: impl Iterator<Item = &'a Part>,
    ) -> Result<(), CvtError> {
        let mut commands = Commands::new();
        let mut expected = Vec::new();
        for part in parts {
            commands.add("HGET", &part.checkpoint, &["epoch"]);
            expected.push(part);
            for target in &part.targets {
                commands.add("HGET", &self.keys.pair(target).own, &[&part.field]);
                expected.push(part);
            }
        }
        let answers = self.writes.send(&commands).await?;
        for (part, answer) in expected.into_iter().zip(answers) {
            if text(answer).as_deref() != Some(&part.epoch) {
                return Err(self.lost(part).into());
            }
        }
        Ok(())
    }

    fn lost(&self, part: &Part) -> ValkeyError {
        let server = self.writes.server().to_owned();
        ValkeyError::Lost { server, partition: part.partition.clone() }
    }
}
