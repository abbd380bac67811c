//! Who owns an interface, and what operators want of it: the `control` topic.
//!
//! Interfaces are spread over the partitions of `control`; the member of the group that is
//! assigned a partition owns its interfaces. It claims them with an epoch of its own, by a
//! transaction that a zombie cannot commit.

use groundlog_log::{Batch, Checkpoint, Log, LogError, Member, Records};
use groundlog_proto::{
    Nanos, TopicPartition,
    prost::Message,
    wire::{Directive, OwnerClaim, directive},
};

use crate::{events, link::Wish};

/// Claims interfaces for this process and returns the epoch: higher than any before, because it
/// is the place of the claim in the topic.
pub(crate) async fn claim(
    log: &dyn Log,
    member: &mut dyn Member,
    partition: &TopicPartition,
    interfaces: &[String],
    process: &str,
    checkpoint: u64,
) -> Result<u64, LogError> {
    let epoch = log.bounds(partition).await?.tail + 1;
    let mut records = Records::new();
    for interface in interfaces {
        let claim = OwnerClaim { interface: interface.clone(), epoch, process: process.to_owned() };
        let directive = Directive {
            id: format!("owner/{interface}/{epoch}"),
            time_ns: Nanos::now().0,
            expires_ns: 0,
            kind: Some(directive::Kind::Owner(claim)),
        };
        records.push(interface.as_bytes(), &directive.encode_to_vec());
        events::OwnershipClaimed { interface, epoch }.emit();
    }
    let mut txn = member.begin().await?;
    txn.append(partition, records).await?;
    // The checkpoint is where it was; naming it makes the commit one that only the owner can do.
    txn.commit(vec![Checkpoint { partition: partition.clone(), next: checkpoint }]).await?;
    Ok(epoch)
}

/// Returns what a batch of directives wants of interfaces, in order; what has expired is ignored.
pub(crate) fn wishes(batch: &Batch) -> Vec<(String, Wish)> {
    let now = Nanos::now().0;
    let mut found = Vec::new();
    for record in batch.iter() {
        let directive = match Directive::decode(record.value) {
            Ok(directive) => directive,
            Err(error) => {
                tracing::warn!(offset = record.offset, %error, "directive ignored");
                continue;
            }
        };
        if directive.expires_ns != 0 && directive.expires_ns <= now {
            continue;
        }
        match directive.kind {
            Some(directive::Kind::Connect(wish)) => {
                found.push((wish.interface, Wish::Connect(wish.parameters)));
            }
            Some(directive::Kind::Disconnect(wish)) => {
                found.push((wish.interface, Wish::Disconnect));
            }
            _ => {}
        }
    }
    found
}

/// Returns whether another owner has claimed interfaces of a partition under a higher epoch.
pub(crate) async fn claimed_since(
    log: &dyn Log,
    partition: &TopicPartition,
    epoch: u64,
) -> Result<bool, LogError> {
    let bounds = log.bounds(partition).await?;
    // An epoch is the place of its claim, counted from one.
    let mut reader = log.reader(partition, epoch.saturating_sub(1).max(bounds.trim)).await?;
    while reader.position() < bounds.tail {
        let batch = reader.poll(1 << 20).await?;
        if batch.is_empty() {
            break;
        }
        for record in batch.iter() {
            if let Ok(Directive { kind: Some(directive::Kind::Owner(claim)), .. }) =
                Directive::decode(record.value)
                && claim.epoch > epoch
            {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
