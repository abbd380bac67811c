//! What the client library says, as errors of the log.

use std::sync::Arc;

use groundlog_proto::FaultClass;
use rdkafka::{error::KafkaError, types::RDKafkaErrorCode as Code};

use crate::LogError;

const RIGHTS: &str = "grant the user the right, or correct user and password in [log.kafka]";
const WAIT: &str = "it is tried again; check the broker if this goes on";
const STOP: &str = "remove the cause, then start again";

/// Returns the library's code where there is one.
pub(super) fn code(error: &KafkaError) -> Option<Code> {
    match error {
        KafkaError::AdminOp(code) => Some(*code),
        other => other.rdkafka_error_code(),
    }
}

/// Says what went wrong at a broker while something was being done.
pub(super) fn kafka(server: &Arc<str>, what: impl Into<Box<str>>, error: &KafkaError) -> LogError {
    let (class, remedy) = code(error).map_or((FaultClass::Fatal, STOP), judge);
    let reason = match error {
        // The library says more than the code's name.
        KafkaError::Transaction(error) => error.string(),
        other => other.to_string(),
    };
    let (server, what, reason) = (server.clone(), what.into(), reason.into());
    LogError::Kafka { server, what, reason, remedy, class }
}

/// Says what a broker refused.
pub(super) fn refused(server: &Arc<str>, what: impl Into<Box<str>>, code: Code) -> LogError {
    let (class, remedy) = judge(code);
    let reason = code.to_string().into();
    LogError::Kafka { server: server.clone(), what: what.into(), reason, remedy, class }
}

/// Says that something may be tried again.
pub(super) fn transient(server: &Arc<str>, what: impl Into<Box<str>>, reason: &str) -> LogError {
    LogError::Kafka {
        server: server.clone(),
        what: what.into(),
        reason: reason.into(),
        remedy: WAIT,
        class: FaultClass::Transient,
    }
}

/// Says that this cannot go on.
pub(super) fn fatal(server: &Arc<str>, what: impl Into<Box<str>>, reason: &str) -> LogError {
    LogError::Kafka {
        server: server.clone(),
        what: what.into(),
        reason: reason.into(),
        remedy: STOP,
        class: FaultClass::Fatal,
    }
}

/// Sorts a code by what the caller should do.
fn judge(code: Code) -> (FaultClass, &'static str) {
    match code {
        code if is_denied(code) => (FaultClass::Fatal, RIGHTS),
        code if is_transient(code) => (FaultClass::Transient, WAIT),
        _ => (FaultClass::Fatal, STOP),
    }
}

/// Says whether the broker does not let this user in, or not do this.
pub(super) fn is_denied(code: Code) -> bool {
    matches!(
        code,
        Code::TopicAuthorizationFailed
            | Code::GroupAuthorizationFailed
            | Code::ClusterAuthorizationFailed
            | Code::TransactionalIdAuthorizationFailed
            | Code::SaslAuthenticationFailed
            | Code::UnsupportedSASLMechanism
            | Code::Authentication
            | Code::SSL
    )
}

/// Says whether a broker, its network or an election is in the way for now.
pub(super) fn is_transient(code: Code) -> bool {
    matches!(
        code,
        Code::BrokerTransportFailure
            | Code::AllBrokersDown
            | Code::Resolve
            | Code::OperationTimedOut
            | Code::TimedOutQueue
            | Code::MessageTimedOut
            | Code::RequestTimedOut
            | Code::QueueFull
            | Code::WaitingForCoordinator
            | Code::WaitCache
            | Code::InProgress
            | Code::PreviousInProgress
            | Code::Retry
            | Code::UnknownBroker
            | Code::BrokerDestroy
            | Code::DestroyBroker
            | Code::LeaderNotAvailable
            | Code::NotLeaderForPartition
            | Code::BrokerNotAvailable
            | Code::ReplicaNotAvailable
            | Code::NetworkException
            | Code::CoordinatorLoadInProgress
            | Code::CoordinatorNotAvailable
            | Code::NotCoordinator
            | Code::NotController
            | Code::NotEnoughReplicas
            | Code::NotEnoughReplicasAfterAppend
            | Code::IllegalGeneration
            | Code::RebalanceInProgress
            | Code::ConcurrentTransactions
            | Code::UnstableOffsetCommit
            | Code::KafkaStorageError
            | Code::FencedLeaderEpoch
            | Code::UnknownLeaderEpoch
            | Code::ThrottlingQuotaExceeded
    )
}

/// Says whether the broker has given this writer's or member's place to another one.
pub(super) fn is_fence(code: Code) -> bool {
    matches!(
        code,
        Code::Fenced
            | Code::ProducerFenced
            | Code::InvalidProducerEpoch
            | Code::FencedInstanceId
            | Code::UnknownMemberId
            | Code::AssignmentLost
    )
}
