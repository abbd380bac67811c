//! What a writer sends to the server.

use std::collections::BTreeMap;

use groundlog_proto::Offset;
use redis::Value;

use super::{
    ValkeyError,
    keys::Pair,
    link::Commands,
    part::{Part, Put},
    reads::{ValkeyServer, array, bytes, text},
    scripts::{self, LAYOUT},
};
use crate::{CurrentPacket, CvtError, Image, table::name_of};

/// Packets that one run of a script puts: a few milliseconds of the server's time.
const PACKETS_PER_RUN: usize = 512;

impl ValkeyServer {
    /// Puts what is pending where readers see it.
    pub(super) async fn put(&self, part: &mut Part) -> Result<(), CvtError> {
        if part.pending.is_empty() {
            return Ok(());
        }
        let puts = part.puts().await;
        self.open_targets(part, &puts).await?;
        let mut commands = Commands::new();
        for (target, puts) in &puts {
            let pair = self.keys.pair(target);
            for puts in puts.chunks(PACKETS_PER_RUN) {
                commands.run(scripts::put(), &[&pair.cosmos, &pair.own], |command| {
                    command.arg(&part.field).arg(&part.epoch);
                    for Put { packet, block, json } in puts {
                        command.arg(packet).arg(&block[..]).arg(json);
                    }
                });
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
    async fn open_targets(
        &self,
        part: &mut Part,
        puts: &BTreeMap<String, Vec<Put>>,
    ) -> Result<(), CvtError> {
        let new: Vec<_> = puts.keys().filter(|target| !part.targets.contains(*target)).collect();
        if new.is_empty() {
            return Ok(());
        }
        let mut commands = Commands::new();
        for target in &new {
            let pair = self.keys.pair(target);
            commands.run(scripts::open(), &[&pair.cosmos, &pair.own], |command| {
                command.arg(LAYOUT).arg(&part.field).arg(&part.epoch);
            });
        }
        let answers = self.writes.send(&commands).await?;
        for (target, answer) in new.iter().zip(answers) {
            self.accepted(&self.keys.pair(target), answer)?;
        }
        self.advance(part, None, &new).await?;
        part.targets.extend(new.into_iter().cloned());
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
        targets: &[&String],
    ) -> Result<(), CvtError> {
        let mut commands = Commands::new();
        commands.run(scripts::advance(), &[&part.checkpoint], |command| {
            command.arg(&part.epoch).arg(next.map_or(String::new(), |next| next.to_string()));
            targets.iter().for_each(|target| {
                command.arg(*target);
            });
        });
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
