//! Wishes: connect, disconnect, rebuild. They go to `control` and expire.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    body::Body,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use groundlog_log::Records;
use groundlog_projection::SettingsError;
use groundlog_proto::{
    Nanos, TopicKind, TopicPartition, partition_of,
    prost::Message,
    wire::{
        ConnectInterface, Directive, DisconnectInterface, InterfaceWanted, RebuildProjection,
        RebuildStatus, StatusRecord, directive::Kind, setting, status_record,
    },
};
use serde::Deserialize;
use serde_json::json;

use super::{given::Given, refuse};
use crate::{auth, http, system::System};

/// A wish that nobody takes up within this time is void.
const LIFETIME: Duration = Duration::from_secs(60);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rebuild {
    projection: String,
    #[serde(default = "earliest")]
    from: String,
    #[serde(default)]
    verify: bool,
}

fn earliest() -> String {
    "earliest".to_owned()
}

/// `POST rebuild`: answers the id under which its progress can be asked for.
pub(super) async fn rebuild(State(system): State<Arc<System>>, body: Body) -> Response {
    let body = match http::read_small(body).await {
        Ok(body) => body,
        Err(refusal) => return refuse(refusal.status(), "the body is too large or incomplete"),
    };
    let wish: Rebuild = match serde_json::from_slice(&body) {
        Ok(wish) => wish,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, error),
    };
    let (id, key) = (new_id(), wish.projection.clone());
    let kind = Kind::Rebuild(RebuildProjection {
        projection: wish.projection,
        from: wish.from,
        verify: wish.verify,
    });
    // Every gateway is to know the id, whichever is asked how far it has got.
    // What is not announced is not begun: its caller is refused, and nobody would ask for it.
    let begun = async {
        announce(&system, &id, &key).await?;
        append(&system, &id, &key, kind).await
    };
    match begun.await {
        Ok(()) => (StatusCode::ACCEPTED, Json(json!({ "id": id }))).into_response(),
        Err(error) => refuse(StatusCode::SERVICE_UNAVAILABLE, error),
    }
}

async fn announce(system: &System, id: &str, projection: &str) -> Result<(), SettingsError> {
    let (id, projection) = (id.to_owned(), projection.to_owned());
    let status = RebuildStatus { id, projection, ..RebuildStatus::default() };
    let key = format!("rebuild/{}", status.id);
    let kind = Some(status_record::Kind::Rebuild(status.clone()));
    let mut records = Records::new();
    let record = StatusRecord { time_ns: Nanos::now().0, kind };
    records.push(key.as_bytes(), &record.encode_to_vec());
    system.log.append(&system.partition(TopicKind::Status, 0), records).await?;
    // Known here at once; there is no news of it before the directive is there.
    system.interfaces.rebuilt(status);
    Ok(())
}

/// `GET rebuild/{id}`.
pub(super) async fn rebuild_status(
    State(system): State<Arc<System>>,
    Given(Path(id)): Given<Path<String>>,
) -> Response {
    let Some(status) = system.interfaces.rebuild(&id) else {
        return refuse(StatusCode::NOT_FOUND, format!("no rebuild '{id}' is known"));
    };
    Json(json!({
        "id": status.id,
        "projection": status.projection,
        "done": status.done,
        "total": status.total,
        "finished": status.finished,
        "equal": status.equal,
        "detail": status.detail,
    }))
    .into_response()
}

/// `POST interfaces/{name}/connect|disconnect`.
pub(super) async fn interface(
    State(system): State<Arc<System>>,
    Given(Path((name, action))): Given<Path<(String, String)>>,
) -> Response {
    let name = name.to_uppercase();
    if system.interfaces.get(&name).is_none() {
        return refuse(StatusCode::NOT_FOUND, format!("Interface '{name}' does not exist"));
    }
    let done = match action.as_str() {
        "connect" => connect(&system, &name, Vec::new()).await,
        "disconnect" => disconnect(&system, &name).await,
        _ => return refuse(StatusCode::NOT_FOUND, "the action is connect or disconnect"),
    };
    match done {
        Ok(()) => Json(json!({ "interface": name, "action": action })).into_response(),
        Err(WishError::Parameters(error)) => refuse(StatusCode::BAD_REQUEST, error),
        Err(WishError::Log(error)) => refuse(StatusCode::SERVICE_UNAVAILABLE, error),
    }
}

/// Why a wish is not passed on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WishError {
    #[error("{0}")]
    Parameters(String),
    #[error(transparent)]
    Log(#[from] SettingsError),
}

/// Asks the owner of an interface to connect it, and remembers that this is wanted. Wrong
/// parameters change nothing.
pub(crate) async fn connect(
    system: &System,
    name: &str,
    parameters: Vec<String>,
) -> Result<(), WishError> {
    system.parameter_check.check(name, &parameters).map_err(WishError::Parameters)?;
    wanted(system, name, true).await?;
    let interface = name.to_owned();
    let kind = Kind::Connect(ConnectInterface { interface, parameters });
    Ok(append(system, &new_id(), name, kind).await?)
}

/// Asks the owner of an interface to disconnect it, and remembers that this is wanted.
pub(crate) async fn disconnect(system: &System, name: &str) -> Result<(), WishError> {
    wanted(system, name, false).await?;
    let kind = Kind::Disconnect(DisconnectInterface { interface: name.to_owned() });
    Ok(append(system, &new_id(), name, kind).await?)
}

async fn wanted(system: &System, name: &str, connected: bool) -> Result<(), SettingsError> {
    let wanted = InterfaceWanted { interface: name.to_owned(), connected };
    system.set(setting::Kind::Interface(wanted)).await
}

/// Makes an id for a directive.
fn new_id() -> String {
    match auth::random_bytes() {
        Ok(bytes) => bytes[..8].iter().map(|byte| format!("{byte:02x}")).collect(),
        // Time tells wishes apart as well.
        Err(_) => format!("{:016x}", Nanos::now().0),
    }
}

/// Appends a directive where whoever owns the key looks for it.
async fn append(system: &System, id: &str, key: &str, kind: Kind) -> Result<(), SettingsError> {
    let now = Nanos::now().0;
    let directive = Directive {
        id: id.to_owned(),
        time_ns: now,
        expires_ns: now.saturating_add(LIFETIME.as_nanos() as i64),
        kind: Some(kind),
    };
    let topic = system.log.topic(&system.names.topic(TopicKind::Control)).await?;
    let partition = TopicPartition::new(topic.name, partition_of(key, topic.partitions));
    let mut records = Records::new();
    records.push(key.as_bytes(), &directive.encode_to_vec());
    system.log.append(&partition, records).await?;
    Ok(())
}
