//! Taking a partition over: from where it is, or anew.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use groundlog_projection::{Assignment, Start};
use groundlog_proto::{Offset, TopicKind};
use redis::Value;

use super::{
    ValkeyError,
    block::Kind,
    keys::Pair,
    link::{Commands, Run},
    part::Part,
    reads::{ValkeyServer, array, text},
    scripts::{self, LAYOUT},
};
use crate::CvtError;

/// Keys that one step of a search looks at.
const SCAN_COUNT: &str = "1000";

/// What the fields of a checkpoint that name its targets begin with.
const TARGET: &str = "target:";

impl ValkeyServer {
    /// Goes on from a partition's checkpoint, or begins it anew where that is missing, of another
    /// log, or beyond what the log has, or where a target has lost what it held.
    pub(super) async fn take_over(
        &self,
        assignment: &Assignment,
    ) -> Result<(Part, Start), CvtError> {
        let mut part = self.part(assignment);
        let found = self.checkpoint(&part).await?;
        let why = match &found {
            None => "there is no checkpoint",
            Some(found) if found.generation != part.generation.0.to_string() => {
                "it is of another log"
            }
            Some(found) if found.next > assignment.tail => "the log ends before it",
            Some(found) => {
                part.epoch.clone_from(&found.epoch);
                part.targets.clone_from(&found.targets);
                match self.look([&part].into_iter()).await {
                    Ok(()) => return Ok((part, Start::At(found.next))),
                    Err(CvtError::Valkey(ValkeyError::Lost { .. })) => "a target is not complete",
                    Err(error) => return Err(error),
                }
            }
        };
        let (server, partition) = (self.writes.server(), &part.partition);
        tracing::info!(server, %partition, why, "current values of a partition are folded anew");
        self.begin(&mut part, assignment.trim).await?;
        Ok((part, Start::Earliest))
    }

    /// Removes what a partition has put into the table, and gives it a new epoch.
    pub(super) async fn begin(&self, part: &mut Part, next: Offset) -> Result<(), CvtError> {
        // First: whoever is interrupted from here on begins anew.
        let mut commands = Commands::new();
        commands.add("DEL", &part.checkpoint, &[]);
        self.writes.send(&commands).await?;
        let found = self.targets().await?;
        let (kind, number) = ((part.kind as u8).to_string(), part.partition.partition.to_string());
        let mut commands = Commands::new();
        for pair in &found {
            let mut run = Run::new(scripts::clear(), &[&pair.cosmos, &pair.own], 4, 0);
            run.arg(LAYOUT.as_bytes()).arg(part.field.as_bytes());
            run.arg(kind.as_bytes()).arg(number.as_bytes());
            commands.run(run);
        }
        for (pair, answer) in found.iter().zip(self.writes.send(&commands).await?) {
            self.accepted(pair, answer)?;
        }
        part.epoch = new_epoch()?;
        part.targets.clear();
        let mut commands = Commands::new();
        let (generation, next) = (part.generation.0.to_string(), next.to_string());
        commands.add(
            "HSET",
            &part.checkpoint,
            &["layout", LAYOUT, "generation", &generation, "epoch", &part.epoch, "next", &next],
        );
        self.writes.send(&commands).await?;
        Ok(())
    }

    fn part(&self, assignment: &Assignment) -> Part {
        let partition = &assignment.partition;
        let live = self.options.names.kind(&partition.topic) == Some(TopicKind::Decom);
        Part {
            partition: partition.clone(),
            generation: assignment.generation,
            kind: if live { Kind::Live } else { Kind::Stored },
            checkpoint: self.keys.checkpoint(partition),
            field: format!("#{}", self.keys.part(partition)),
            epoch: String::new(),
            targets: BTreeSet::new(),
            pending: BTreeMap::new(),
        }
    }

    async fn checkpoint(&self, part: &Part) -> Result<Option<Checkpoint>, ValkeyError> {
        let mut commands = Commands::new();
        commands.add("HGETALL", &part.checkpoint, &[]);
        let answer = self.writes.send(&commands).await?.pop().unwrap_or_default();
        let mut values = array(answer).into_iter().map(|value| text(value).unwrap_or_default());
        let mut fields = HashMap::new();
        while let (Some(field), Some(value)) = (values.next(), values.next()) {
            fields.insert(field, value);
        }
        if fields.is_empty() {
            return Ok(None);
        }
        let foreign = |what: String| ValkeyError::Foreign {
            server: self.writes.server().to_owned(),
            key: part.checkpoint.clone(),
            what,
        };
        match fields.get("layout") {
            Some(layout) if layout == LAYOUT => {}
            Some(layout) => {
                return Err(foreign(format!(
                    "has layout {layout}, this groundlog writes layout {LAYOUT}"
                )));
            }
            None => return Err(foreign("holds fields that groundlog did not write".to_owned())),
        }
        let targets = fields.keys().filter_map(|field| field.strip_prefix(TARGET));
        let targets = targets.map(str::to_owned).collect();
        let mut take = |field| fields.remove(field).unwrap_or_default();
        Ok(Some(Checkpoint {
            generation: take("generation"),
            epoch: take("epoch"),
            next: take("next").parse().map_err(|_| foreign("has no offset".to_owned()))?,
            targets,
        }))
    }

    /// Finds every target that the table has, whoever wrote it.
    async fn targets(&self) -> Result<Vec<Pair>, ValkeyError> {
        let (pattern, mut cursor) = (self.keys.pattern(), "0".to_owned());
        let mut found = BTreeSet::new();
        loop {
            let mut scan = redis::cmd("SCAN");
            scan.arg(&cursor).arg("MATCH").arg(&pattern).arg("COUNT").arg(SCAN_COUNT);
            let mut answer = array(self.writes.ask(&scan).await?).into_iter();
            cursor = answer.next().and_then(text).unwrap_or_default();
            found.extend(array(answer.next().unwrap_or(Value::Nil)).into_iter().filter_map(text));
            if cursor.is_empty() || cursor == "0" {
                return Ok(found.iter().filter_map(|own| self.keys.pair_of(own)).collect());
            }
        }
    }
}

/// What a partition's checkpoint says.
struct Checkpoint {
    generation: String,
    epoch: String,
    next: Offset,
    targets: BTreeSet<String>,
}

/// Draws an epoch: no two beginnings have the same.
fn new_epoch() -> Result<String, CvtError> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|error| CvtError::Random { what: error.to_string() })?;
    Ok(format!("{:016x}", u64::from_be_bytes(bytes)))
}
