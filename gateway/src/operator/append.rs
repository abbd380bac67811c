//! `POST append`: imports, each record of which is taken once.

use std::{collections::HashMap, convert::Infallible, sync::Arc};

use axum::{
    Json,
    body::{Body, Bytes},
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use groundlog_log::{LogError, Records, Transactor};
use groundlog_projection::{Settings, SettingsError, SettingsStore};
use groundlog_proto::{
    Nanos, TopicKind, TopicPartition,
    prost::{DecodeError, Message},
    wire::{
        ImportProgress, Origin, OriginKind, RawRecord, Setting, raw_record::Body as RawBody,
        setting,
    },
};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::{given::Given, imports::tails, refuse};
use crate::{
    auth,
    http::{BODY_BYTES_MAX, BodyError, Buffered},
    system::System,
};

/// Where a body belongs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    import_id: String,
    #[serde(default)]
    object: String,
    #[serde(default)]
    first_index: u64,
    #[serde(default)]
    complete: bool,
}

/// Why an import cannot go on.
#[derive(Debug, thiserror::Error)]
enum AppendError {
    #[error("import_id must not be empty")]
    NoImport,
    #[error(
        "record {index}: {source}; the body is a sequence of RawRecord messages, each behind its length"
    )]
    Record { index: u64, source: DecodeError },
    #[error("records {next} to {first} of the import are missing; go on at index {next}")]
    Gap { next: u64, first: u64 },
    #[error(
        "record {index} is in the log with other content: this file is another one than the import \
         '{id}'; find out anew where it belongs"
    )]
    Another { index: u64, id: String },
    #[error("record {index} names no definitions, and none are active: load a plug-in first")]
    NoDefinitions { index: u64 },
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Settings(#[from] SettingsError),
}

impl AppendError {
    fn status(&self) -> StatusCode {
        match self {
            Self::NoImport | Self::Record { .. } => StatusCode::BAD_REQUEST,
            Self::Gap { .. } | Self::NoDefinitions { .. } => StatusCode::CONFLICT,
            Self::Another { .. } => StatusCode::PRECONDITION_FAILED,
            Self::Log(error) if is_too_large(error) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Log(_) | Self::Settings(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// Writes imports, one body at a time: its transactional writer has one open transaction.
pub(crate) struct Importer(Arc<Mutex<Option<Writer>>>);

/// A transactional writer, and what it alone knows of the imports it wrote.
struct Writer {
    transactor: Box<dyn Transactor>,
    /// What was acknowledged and the fold may not show yet, by the import's id.
    acknowledged: HashMap<String, ImportProgress>,
}

impl Importer {
    pub(crate) fn new() -> Self {
        Self(Arc::default())
    }
}

/// `POST append?import_id=&object=&first_index=`.
pub(super) async fn append(
    State(system): State<Arc<System>>,
    Given(Query(place)): Given<Query<Place>>,
    body: Body,
) -> Response {
    // Who is not known does not get here.
    let body = match system.bodies.read(body, async || Ok::<_, Infallible>(())).await {
        Ok(body) => body,
        Err(BodyError::TooLarge) => {
            let why =
                format!("the body exceeds {BODY_BYTES_MAX} bytes; send fewer records at once");
            return refuse(StatusCode::PAYLOAD_TOO_LARGE, why);
        }
        Err(BodyError::Incomplete | BodyError::Refused(_)) => {
            return refuse(StatusCode::BAD_REQUEST, "the body is incomplete");
        }
    };
    // Held by a task of its own from here on: a client that goes away ends this handler at once,
    // and a commit whose end nobody sees would be made again by the client's next try.
    let writer = system.importer.0.clone().lock_owned().await;
    let written = tokio::spawn(async move { write(&system, &place, body, writer).await }).await;
    let written = written.unwrap_or_else(|error| match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_) => Err(LogError::Closed.into()),
    });
    match written {
        Ok((appended, skipped, next)) => Json(json!({
            "appended": appended, "skipped": skipped, "next_index": next,
        }))
        .into_response(),
        Err(error) => refuse(error.status(), error),
    }
}

/// Appends what is new and its progress in one transaction; returns appended, skipped, next.
async fn write(
    system: &System,
    place: &Place,
    body: Buffered,
    mut slot: OwnedMutexGuard<Option<Writer>>,
) -> Result<(u64, u64, u64), AppendError> {
    if place.import_id.is_empty() {
        return Err(AppendError::NoImport);
    }
    let writer = match &mut *slot {
        Some(writer) => writer,
        None => slot.insert(open(system).await?),
    };
    let settings = system.settings.current();
    let known = writer.known(&settings, &place.import_id);
    let next = known.map_or(0, |progress| progress.next_index);
    if place.first_index > next {
        return Err(AppendError::Gap { next, first: place.first_index });
    }
    let batch = read_records(system, place, known, body.bytes.clone())?;
    let complete = place.complete || known.is_some_and(|progress| progress.complete);
    if batch.records.is_empty() && known.is_some_and(|progress| progress.complete == complete) {
        return Ok((0, batch.skipped, next));
    }
    let progress = ImportProgress {
        import_id: place.import_id.clone(),
        object: place.object.clone(),
        next_index: next + batch.records.len() as u64,
        complete,
        content: batch.content,
        from: match known {
            Some(progress) => progress.from.clone(),
            None => tails(system).await?,
        },
    };
    let (appended, next) = (batch.records.len() as u64, progress.next_index);
    let committed = commit(system, writer, batch.partition, batch.records, progress).await;
    if matches!(&committed, Err(AppendError::Log(error)) if !is_too_large(error)) {
        // Whether this was written, or who writes now, is not known: the next body starts a
        // writer of its own, which fences this one and goes by what the log then holds.
        *slot = None;
    }
    committed?;
    Ok((appended, batch.skipped, next))
}

/// Returns whether it is the sizes that were refused, which leaves writer and log as they were.
fn is_too_large(error: &LogError) -> bool {
    matches!(
        error,
        LogError::RecordTooLarge { .. }
            | LogError::AppendTooLarge { .. }
            | LogError::TxnTooLarge { .. }
    )
}

impl Writer {
    /// Returns how far an import has got: what was acknowledged goes before an older fold.
    fn known<'a>(&'a self, settings: &'a Settings, id: &str) -> Option<&'a ImportProgress> {
        let folded = settings.imports.get(id);
        let acknowledged = self.acknowledged.get(id);
        folded.into_iter().chain(acknowledged).max_by_key(|progress| progress.next_index)
    }
}

struct ImportBatch {
    partition: u32,
    records: Records,
    skipped: u64,
    /// What the import says with these records.
    content: u64,
}

fn read_records(
    system: &System,
    place: &Place,
    known: Option<&ImportProgress>,
    mut body: Bytes,
) -> Result<ImportBatch, AppendError> {
    let (next, content) = known.map_or((0, 0), |progress| (progress.next_index, progress.content));
    let mut batch = ImportBatch { partition: 0, records: Records::new(), skipped: 0, content };
    let mut index = place.first_index;
    while !body.is_empty() {
        let mut record = RawRecord::decode_length_delimited(&mut body)
            .map_err(|source| AppendError::Record { index, source })?;
        let says = record.origin.as_ref().map_or(0, |origin| origin.content);
        if index + 1 == next && says != content && says != 0 && content != 0 {
            // Two files that begin alike, imported at the same time under one id.
            return Err(AppendError::Another { index, id: place.import_id.clone() });
        }
        if index < next {
            batch.skipped += 1;
        } else {
            batch.content = says;
            complete(system, place, index, &mut record)?;
            if batch.records.is_empty() {
                batch.partition = partition_of(system, &record);
            }
            let key = place.import_id.as_bytes();
            batch.records.push_with(key, |out| out.extend_from_slice(&record.encode_to_vec()));
        }
        index += 1;
    }
    Ok(batch)
}

/// Fills in what the server answers for: stored, scope, origin, definitions.
fn complete(
    system: &System,
    place: &Place,
    index: u64,
    record: &mut RawRecord,
) -> Result<(), AppendError> {
    record.stored = true;
    system.scope.clone_into(&mut record.scope);
    if record.definitions.is_empty() {
        let active = system.definition_store.active();
        let hash = active.ok_or(AppendError::NoDefinitions { index })?;
        record.definitions = Bytes::copy_from_slice(hash.as_bytes());
    }
    let kind = match record.origin.as_ref().map(Origin::kind) {
        Some(OriginKind::Dump) => OriginKind::Dump,
        _ => OriginKind::Import,
    };
    record.origin = Some(Origin {
        kind: kind as i32,
        object: place.object.clone(),
        index,
        import_id: place.import_id.clone(),
        content: record.origin.as_ref().map_or(0, |origin| origin.content),
    });
    Ok(())
}

/// Stored packets lie on the partition with the number of their live ones, so that one owner
/// holds a packet's state.
fn partition_of(system: &System, record: &RawRecord) -> u32 {
    if let Some(info) = system.interfaces.get(&record.interface) {
        return info.raw_partition;
    }
    match &record.body {
        Some(RawBody::Packet(packet)) => system.interfaces.raw_partition(&packet.target),
        Some(RawBody::Values(values)) => system.interfaces.raw_partition(&values.target),
        _ => 0,
    }
}

async fn commit(
    system: &System,
    writer: &mut Writer,
    partition: u32,
    records: Records,
    progress: ImportProgress,
) -> Result<(), AppendError> {
    let setting = Setting {
        time_ns: Nanos::now().0,
        user: auth::USER.to_owned(),
        kind: Some(setting::Kind::Import(progress.clone())),
    };
    let settings = system.settings.partition().clone();
    let mut transaction = writer.transactor.begin().await?;
    if !records.is_empty() {
        let stored = TopicPartition::new(system.names.topic(TopicKind::RawStored), partition);
        transaction.append(&stored, records).await?;
    }
    transaction.append(&settings, SettingsStore::record(&setting)?).await?;
    let written = transaction.commit(Vec::new()).await?;
    let id = progress.import_id.clone();
    writer.acknowledged.insert(id.clone(), progress);
    let ack = written.iter().find(|(partition, _)| *partition == settings);
    if let Some((_, ack)) = ack {
        system.settings.wait_for(ack.next).await?;
        writer.acknowledged.remove(&id);
    }
    Ok(())
}

/// Opens a writer and waits until the fold shows what earlier ones committed: none of theirs can
/// come after.
async fn open(system: &System) -> Result<Writer, AppendError> {
    let id = format!("{}-import", system.member);
    let transactor = system.log.transactor(&id).await?;
    let bounds = system.log.bounds(system.settings.partition()).await?;
    system.settings.wait_for(bounds.tail).await?;
    Ok(Writer { transactor, acknowledged: HashMap::new() })
}
