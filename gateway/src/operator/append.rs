//! `POST append`: imports, each record of which is taken once.

use std::{convert::Infallible, sync::Arc};

use axum::{
    Json,
    body::Body,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use groundlog_log::{APPEND_BYTES_MAX, LogError, RECORD_BYTES_MAX, Transactor};
use groundlog_projection::{Settings, SettingsError, SettingsStore};
use groundlog_proto::{
    Nanos, TopicKind,
    prost::DecodeError,
    wire::{ImportProgress, Setting, setting},
};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::{batch::ImportBatch, given::Given, imports::tails, refuse};
use crate::{
    auth,
    http::{BODY_BYTES_MAX, BodyError, Buffered},
    system::System,
};

/// Where a body belongs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    pub(super) import_id: String,
    #[serde(default)]
    pub(super) object: String,
    #[serde(default)]
    pub(super) first_index: u64,
    #[serde(default)]
    complete: bool,
}

/// Why an import cannot go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum AppendError {
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
    #[error("record {index} has {size} bytes; the log takes records of up to {RECORD_BYTES_MAX}")]
    TooLarge { index: u64, size: usize },
    #[error(
        "with record {index} the body is more than the log takes at once ({APPEND_BYTES_MAX} bytes, \
         with what is kept beside each record); send the records before it first"
    )]
    TooMuch { index: u64 },
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
            Self::TooLarge { .. } | Self::TooMuch { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Log(error) if is_too_large(error) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Log(_) | Self::Settings(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// Writers of imports kept for the next body.
const WRITERS_MAX: usize = 4;

/// How often a body is offered again to a writer of its own after another gateway took over.
const TAKE_OVERS_MAX: u32 = 3;

/// Writes imports, one body at a time: a transactional writer has one open transaction.
pub(crate) struct Importer(Arc<Mutex<Writers>>);

/// The writers of the imports that bodies came for last, the newest at the end.
#[derive(Default)]
struct Writers(Vec<Writer>);

/// The transactional writer of one import: of all gateways that are sent it, one has it.
struct Writer {
    import_id: String,
    transactor: Box<dyn Transactor>,
    /// What was acknowledged and the fold may not show yet.
    acknowledged: Option<ImportProgress>,
}

impl Importer {
    pub(crate) fn new() -> Self {
        Self(Arc::default())
    }
}

impl Writers {
    /// Takes the writer of an import out, or opens one, which fences another gateway's.
    async fn take(&mut self, system: &System, import_id: &str) -> Result<Writer, AppendError> {
        let place = self.0.iter().position(|writer| writer.import_id == import_id);
        match place {
            Some(place) => Ok(self.0.remove(place)),
            None => open(system, import_id).await,
        }
    }

    /// Keeps a writer for the next body.
    fn keep(&mut self, writer: Writer) {
        self.0.push(writer);
        if self.0.len() > WRITERS_MAX {
            self.0.remove(0);
        }
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
    let writers = system.importer.0.clone().lock_owned().await;
    let written = tokio::spawn(async move { write(&system, &place, body, writers).await }).await;
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
    mut writers: OwnedMutexGuard<Writers>,
) -> Result<(u64, u64, u64), AppendError> {
    if place.import_id.is_empty() {
        return Err(AppendError::NoImport);
    }
    let mut take_overs = 0;
    loop {
        let mut writer = writers.take(system, &place.import_id).await?;
        let written = write_with(system, place, &body, &mut writer).await;
        match written {
            // Another gateway is sent the same import: on behind what it has written.
            Err(AppendError::Log(LogError::Fenced { .. })) if take_overs < TAKE_OVERS_MAX => {
                take_overs += 1;
            }
            // Whether this was written, or who writes now, is not known: the next body starts a
            // writer of its own, which fences this one and goes by what the log then holds.
            Err(AppendError::Log(error)) if !is_too_large(&error) => return Err(error.into()),
            other => {
                writers.keep(writer);
                return other;
            }
        }
    }
}

async fn write_with(
    system: &System,
    place: &Place,
    body: &Buffered,
    writer: &mut Writer,
) -> Result<(u64, u64, u64), AppendError> {
    let settings = system.settings.current();
    let known = writer.known(&settings);
    let next = known.map_or(0, |progress| progress.next_index);
    if place.first_index > next {
        return Err(AppendError::Gap { next, first: place.first_index });
    }
    let loaded = system.definitions().await.ok();
    let batch = ImportBatch::read(system, loaded.as_deref(), place, known, body.bytes.clone())?;
    let complete = place.complete || known.is_some_and(|progress| progress.complete);
    if batch.count == 0 && known.is_some_and(|progress| progress.complete == complete) {
        return Ok((0, batch.skipped, next));
    }
    let progress = ImportProgress {
        import_id: place.import_id.clone(),
        object: place.object.clone(),
        next_index: next + batch.count,
        complete,
        content: batch.content,
        from: match known {
            Some(progress) => progress.from.clone(),
            None => tails(system).await?,
        },
    };
    let (appended, skipped, next) = (batch.count, batch.skipped, progress.next_index);
    commit(system, writer, batch, progress).await?;
    Ok((appended, skipped, next))
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
    fn known<'a>(&'a self, settings: &'a Settings) -> Option<&'a ImportProgress> {
        let folded = settings.imports.get(&self.import_id);
        folded.into_iter().chain(&self.acknowledged).max_by_key(|progress| progress.next_index)
    }
}

/// Commits the records, on whichever partitions they belong, together with how far the import has
/// got by them.
async fn commit(
    system: &System,
    writer: &mut Writer,
    batch: ImportBatch,
    progress: ImportProgress,
) -> Result<(), AppendError> {
    let setting = Setting {
        time_ns: Nanos::now().0,
        user: auth::USER.to_owned(),
        kind: Some(setting::Kind::Import(progress.clone())),
    };
    let settings = system.settings.partition().clone();
    let mut transaction = writer.transactor.begin().await?;
    for (number, records) in batch.records {
        transaction.append(&system.partition(TopicKind::RawStored, number), records).await?;
    }
    transaction.append(&settings, SettingsStore::record(&setting)?).await?;
    let written = transaction.commit(Vec::new()).await?;
    writer.acknowledged = Some(progress);
    let ack = written.iter().find(|(partition, _)| *partition == settings);
    if let Some((_, ack)) = ack {
        system.settings.wait_for(ack.next).await?;
        writer.acknowledged = None;
    }
    Ok(())
}

/// Becomes the writer of an import and waits until the fold shows what earlier ones committed: none
/// of theirs can come after.
async fn open(system: &System, import_id: &str) -> Result<Writer, AppendError> {
    // Hashed, because an id may be any text of any length.
    let digest = auth::digest(import_id);
    let id: String = digest[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    let id = system.names.scoped(&format!("import.{id}"));
    let mut transactor = system.log.transactor(&id).await?;
    transactor.begin().await?.commit(Vec::new()).await?;
    let bounds = system.log.bounds(system.settings.partition()).await?;
    system.settings.wait_for(bounds.tail).await?;
    Ok(Writer { import_id: import_id.to_owned(), transactor, acknowledged: None })
}
