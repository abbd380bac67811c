//! Where a current value table lies: in this process, or on a server.
//!
//! One contract for both ([`Store`]), one fold before them ([`fold`](crate::fold)), one suite of
//! tests (`src/tests`).

use std::sync::Arc;

use async_trait::async_trait;
use groundlog_log::Log;
use groundlog_projection::{ApplyError, Assignment, DefinitionStore, Input, Start, Target};
use groundlog_proto::{Namespace, Offset, TopicNames, TopicPartition};

use crate::{
    CurrentValues, CvtError, CvtUrl, Image,
    fold::Change,
    memory::MemoryStore,
    reader::Reads,
    table::Table,
    valkey::{Credentials, ValkeyServer, ValkeyStore},
};

/// The side of a table that is written to.
///
/// Contract:
/// * Order is the position in `decom`: what is not newer than what its partition has put under the
///   same name changes nothing, so anything may be written twice (P1).
/// * A partition's entries have one writer. Another one that was taken for dead may still write;
///   what it writes loses by its position.
/// * Everything `flush`ed is there for readers, and [`Store::image`] shows it: the same records
///   give the same image, bit for bit, in every store (P3).
/// * A read shows one packet as one record left it, never parts of two.
#[async_trait]
pub(crate) trait Store: Send + Sync {
    /// Returns when its checkpoint moves.
    fn target(&self) -> Target;

    /// Takes a partition over: puts in place what it needs and says where to go on. What was
    /// changed and not flushed is void.
    async fn assigned(&mut self, assignment: &Assignment) -> Result<Start, CvtError>;

    /// Takes in changes of one partition, in order.
    async fn change(
        &mut self,
        input: &Input<'_>,
        changes: Vec<Change<'_>>,
    ) -> Result<(), ApplyError>;

    /// Says that everything before `next` was taken in.
    fn advanced(&mut self, partition: &TopicPartition, next: Offset);

    /// Puts what was taken in before `upto` where readers see it, then the checkpoint.
    async fn flush(&mut self, partition: &TopicPartition, upto: Offset) -> Result<(), CvtError>;

    /// Returns what a partition has put into the table, with everything taken in.
    async fn image(&mut self, partition: &TopicPartition) -> Result<Image, CvtError>;

    /// Returns the bytes of a snapshot; `None` where the store needs none.
    fn snapshot(&mut self, partition: &TopicPartition) -> Option<Vec<u8>>;

    /// Lets a partition go; what is known stays readable.
    fn revoked(&mut self, partition: &TopicPartition);

    /// Waits until something was lost; for ever where nothing can be.
    ///
    /// # Cancel safety
    /// Called again whenever the runner waits.
    async fn lost(&mut self) -> CvtError;

    /// Removes what the partitions at hand have put into the table.
    async fn reset(&mut self) -> Result<(), CvtError>;
}

/// What a table on a server needs; ignored by the one in this process.
#[derive(Clone)]
pub struct StoreOptions {
    /// The log, whose topics exist: values of another log are not shown.
    pub log: Arc<dyn Log>,
    /// Names of the topics: their prefix is that of the keys.
    pub names: TopicNames,
    /// Namespace of the table.
    pub namespace: Namespace,
    /// COSMOS's scope: begins the names of its keys.
    pub scope: String,
    /// Where records' definitions come from.
    pub definitions: DefinitionStore,
    /// User to log in as; the server's default user where absent.
    pub user: Option<String>,
    /// Password to log in with.
    pub password: Option<String>,
}

impl StoreOptions {
    /// Takes the defaults: the live namespace, scope DEFAULT, nobody logged in.
    pub fn new(log: Arc<dyn Log>, names: TopicNames, definitions: DefinitionStore) -> Self {
        Self {
            log,
            names,
            namespace: Namespace::Live,
            scope: "DEFAULT".to_owned(),
            definitions,
            user: None,
            password: None,
        }
    }
}

/// A current value table. Cheap to clone; clones are the same table.
#[derive(Clone)]
pub struct CvtStore(Kind);

#[derive(Clone)]
enum Kind {
    Memory(Arc<Table>),
    Valkey(Arc<ValkeyServer>),
}

impl CvtStore {
    /// Makes an empty table in this process.
    pub fn memory() -> Self {
        Self(Kind::Memory(Arc::new(Table::new())))
    }

    /// Opens the table that a URL names; a server is asked whether it will do.
    ///
    /// # Errors
    /// [`ValkeyError`](crate::ValkeyError), within seconds: it names the server and the remedy.
    pub async fn open(url: &CvtUrl, options: StoreOptions) -> Result<Self, CvtError> {
        let CvtUrl::Valkey(address) = url else {
            return Ok(Self::memory());
        };
        let credentials =
            Credentials { user: options.user.clone(), password: options.password.clone() };
        let server = ValkeyServer::open(address, &credentials, options).await?;
        Ok(Self(Kind::Valkey(Arc::new(server))))
    }

    /// Returns the reader of the table.
    pub fn values(&self) -> CurrentValues {
        CurrentValues(match &self.0 {
            Kind::Memory(table) => Reads::Table(table.clone()),
            Kind::Valkey(server) => Reads::Valkey(server.clone()),
        })
    }

    /// Returns whether other processes write to the table, too, each what it owns.
    pub fn is_shared(&self) -> bool {
        matches!(self.0, Kind::Valkey(_))
    }

    /// Returns the side that is written to.
    pub(crate) fn writer(
        &self,
        names: &TopicNames,
        definitions: &DefinitionStore,
    ) -> Box<dyn Store> {
        match &self.0 {
            Kind::Memory(table) => {
                Box::new(MemoryStore::new(table.clone(), names.clone(), definitions.clone()))
            }
            Kind::Valkey(server) => Box::new(ValkeyStore::new(server.clone())),
        }
    }
}
