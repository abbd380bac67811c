//! Records of `raw`: the ones that the gateway appends itself (`set_tlm`, `inject_tlm`), and the
//! bytes behind a current value.

use std::time::Duration;

use bytes::Bytes;
use groundlog_cvt::CurrentPacket;

use groundlog_log::{AppendAck, LogError, Records};
use groundlog_projection::LoadedDefinitions;
use groundlog_proto::{
    Nanos, Offset, TopicKind, TopicName, TopicPartition,
    borrowed::DecomRecordRef,
    prost::Message,
    wire::{Origin, OriginKind, RawRecord, raw_record::Body},
};

use crate::system::System;

/// How long a caller waits until what it set can be read.
const VISIBLE_WITHIN: Duration = Duration::from_secs(5);
/// Name of the consumer that decommutates.
const DECOM: &str = "decom";

/// Makes a record that came from no interface.
pub(crate) fn record(
    system: &System,
    definitions: &LoadedDefinitions,
    target: &str,
    body: Body,
) -> RawRecord {
    let interface = system.interfaces.for_telemetry(target);
    RawRecord {
        received_time_ns: Nanos::now().0,
        scope: system.scope.clone(),
        interface: interface.map(|info| info.name.clone()).unwrap_or_default(),
        definitions: definitions.hash().as_bytes().to_vec().into(),
        origin: Some(Origin { kind: OriginKind::Inject as i32, ..Origin::default() }),
        body: Some(body),
        ..RawRecord::default()
    }
}

/// Appends a record to the partition of its target and waits until current values show it.
pub(crate) async fn append_live(
    system: &System,
    target: &str,
    record: RawRecord,
) -> Result<(), LogError> {
    let number = system.interfaces.raw_partition(target);
    let partition = system.partition(TopicKind::Raw, number);
    let ack = append(system, &partition, &record).await?;
    let visible = visible(system, &partition, number, ack.next);
    match tokio::time::timeout(VISIBLE_WITHIN, visible).await {
        Ok(done) => done,
        Err(_) => {
            tracing::warn!(%partition, offset = ack.base, "what was set is not decommutated yet");
            Ok(())
        }
    }
}

/// Appends a record of recorded data; it moves no current value.
pub(crate) async fn append_stored(
    system: &System,
    target: &str,
    record: RawRecord,
) -> Result<(), LogError> {
    let number = system.interfaces.raw_partition(target);
    let partition = system.partition(TopicKind::RawStored, number);
    append(system, &partition, &record).await.map(drop)
}

async fn append(
    system: &System,
    partition: &TopicPartition,
    record: &RawRecord,
) -> Result<AppendAck, LogError> {
    let mut records = Records::new();
    records.push(record.interface.as_bytes(), &record.encode_to_vec());
    system.log.append(partition, records).await
}

/// Waits until everything before `next` of a `raw` partition is in the current value table.
async fn visible(
    system: &System,
    raw: &TopicPartition,
    number: u32,
    next: Offset,
) -> Result<(), LogError> {
    const STEP: Duration = Duration::from_millis(1);
    // The checkpoint is committed with the output, so it tells when the output can be read.
    while system.log.checkpoint(DECOM, raw).await?.is_none_or(|done| done < next) {
        tokio::time::sleep(STEP).await;
    }
    let decom = system.partition(TopicKind::Decom, number);
    let tail = system.log.bounds(&decom).await?.tail;
    if let Err(error) = system.current.reached(&decom, tail).await {
        // It is in the log all the same.
        tracing::warn!(%error, "whether what was set can be read is not known");
    }
    Ok(())
}

/// The record of `raw` that a current packet was decommutated from.
pub(crate) struct Source {
    /// Its bytes.
    pub(crate) data: Bytes,
    /// What came with it.
    pub(crate) extra: Vec<(String, String)>,
}

/// Reads the record that a current packet was decommutated from; `None` when there is none, or
/// retention has trimmed it.
pub(crate) async fn source_of(
    system: &System,
    current: &CurrentPacket,
) -> Result<Option<Source>, LogError> {
    let record = current.record.as_deref().and_then(|bytes| DecomRecordRef::parse(bytes).ok());
    let Some(position) = record.and_then(|record| record.source) else {
        return Ok(None);
    };
    if position.sub_index > 0 {
        return Ok(None);
    }
    let partition = TopicPartition::new(TopicName::new(position.topic), position.partition);
    let read = async {
        let mut reader = system.log.reader(&partition, position.offset).await?;
        reader.poll(1).await
    };
    let batch = match read.await {
        Ok(batch) => batch,
        Err(LogError::Trimmed { .. } | LogError::UnknownTopic { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let found = batch.get(0).filter(|record| record.offset == position.offset);
    let raw = found.and_then(|record| RawRecord::decode(record.value).ok());
    Ok(raw.and_then(|raw| match raw.body {
        Some(Body::Packet(packet)) => {
            Some(Source { data: packet.data, extra: raw.extra.into_iter().collect() })
        }
        _ => None,
    }))
}
