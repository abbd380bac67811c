//! A table under test, fed by hand as the runner feeds it.

use std::sync::Arc;

use groundlog_log::{Batch, Log, MemoryLog, TopicSpec};
use groundlog_packet::{Definitions, definition::TargetSource};
use groundlog_projection::{
    Assignment, DefinitionStore, Input, LoadedDefinitions, Outputs, Projection, SettingsStore,
    Snapshot, Start, definition_set,
};
use groundlog_proto::{
    Fault, FaultClass, Generation, Namespace, Offset, TopicKind, TopicNames, TopicPartition,
};

use super::records::batch;
use crate::{
    CvtError, CvtStore, CvtUrl, Image, StoreOptions,
    projection::{Barriers, CvtProjection},
    test_server::{AnyServer, Reply, TestServer, unique},
};

const TELEMETRY: &str = r#"
TELEMETRY INST A BIG_ENDIAN ""
  APPEND_ID_ITEM ID 8 UINT 1 ""
  APPEND_ITEM X 8 UINT ""
TELEMETRY INST B BIG_ENDIAN ""
  APPEND_ID_ITEM ID 8 UINT 2 ""
  APPEND_ITEM X 8 UINT ""
"#;

/// Where tables lie.
pub(super) enum Place {
    Memory,
    Any(AnyServer),
    Own(TestServer),
}

impl Place {
    pub(super) fn memory() -> Self {
        Self::Memory
    }

    pub(super) fn valkey() -> Option<Self> {
        AnyServer::get().map(Self::Any)
    }

    pub(super) fn of(server: TestServer) -> Self {
        Self::Own(server)
    }

    pub(super) fn cluster() -> Option<Self> {
        TestServer::start_cluster().map(Self::Own)
    }

    /// Asks the server as another client would.
    pub(super) fn ask(&self, command: &[&str]) -> Reply {
        match self {
            Self::Memory => Reply::Nil,
            Self::Any(server) => server.ask(command),
            Self::Own(server) => server.ask(command),
        }
    }

    pub(super) fn url(&self) -> CvtUrl {
        let url = match self {
            Self::Memory => "memory:".to_owned(),
            Self::Any(server) => server.url(),
            Self::Own(server) => server.url(),
        };
        url.parse().expect("a URL")
    }
}

/// A log with definitions; every table made on it is a new one, with names of its own.
pub(super) struct Stack<'a> {
    place: &'a Place,
    log: Arc<dyn Log>,
    pub(super) loaded: Arc<LoadedDefinitions>,
    definitions: DefinitionStore,
}

/// One table, and its writer.
pub(super) struct Filled {
    pub(super) store: CvtStore,
    pub(super) projection: CvtProjection,
    names: TopicNames,
    definitions: DefinitionStore,
    /// Of `decom`, and of `decom.stored`.
    generations: Vec<Generation>,
}

impl<'a> Stack<'a> {
    pub(super) async fn new(place: &'a Place) -> Self {
        let log: Arc<dyn Log> = Arc::new(MemoryLog::new());
        let names = TopicNames::default();
        for kind in TopicKind::ALL {
            log.ensure(&TopicSpec::standard(&names, kind, 2)).await.unwrap();
        }
        let settings = SettingsStore::open(log.clone(), &names).await.unwrap();
        let definitions = DefinitionStore::new(log.clone(), &names, settings);
        let source = TargetSource {
            name: "INST".into(),
            target_txt: String::new(),
            files: vec![("cmd_tlm/tlm.txt".into(), TELEMETRY.into())],
            binary_files: vec![],
        };
        let parsed = Definitions::builder().add_target(source).build().unwrap();
        let loaded = definitions.publish(&definition_set("test", &parsed, &[])).await.unwrap();
        Self { place, log, loaded, definitions }
    }

    pub(super) async fn table(&self) -> Filled {
        self.open(&unique()).await.expect("opens")
    }

    /// Opens the table whose keys begin with a word: `WORD.cvt…`, `WORD__tlm__…`.
    pub(super) async fn open(&self, word: &str) -> Result<Filled, CvtError> {
        let names = TopicNames::new(&format!("{word}."), &Namespace::Live);
        let mut generations = Vec::new();
        for kind in [TopicKind::Decom, TopicKind::DecomStored] {
            let spec = TopicSpec::standard(&names, kind, 2);
            generations.push(self.log.ensure(&spec).await.unwrap().generation);
        }
        let (log, definitions) = (self.log.clone(), self.definitions.clone());
        let options = StoreOptions {
            scope: word.to_owned(),
            ..StoreOptions::new(log, names.clone(), definitions.clone())
        };
        let store = CvtStore::open(&self.place.url(), options).await?;
        let projection = projection(&store, &names, &definitions);
        Ok(Filled { store, projection, names, definitions, generations })
    }

    /// Returns options for a table of this log.
    pub(super) fn options(&self) -> StoreOptions {
        StoreOptions::new(self.log.clone(), TopicNames::default(), self.definitions.clone())
    }
}

fn projection(
    store: &CvtStore,
    names: &TopicNames,
    definitions: &DefinitionStore,
) -> CvtProjection {
    CvtProjection {
        store: store.writer(names, definitions),
        definitions: definitions.clone(),
        names: names.clone(),
        // These tests hand it the records of either topic.
        input: TopicKind::Decom,
        barriers: Barriers::default(),
    }
}

impl Filled {
    pub(super) fn names(&self) -> &TopicNames {
        &self.names
    }

    pub(super) fn partition(&self, live: bool, number: u32) -> TopicPartition {
        let kind = if live { TopicKind::Decom } else { TopicKind::DecomStored };
        TopicPartition::new(self.names.topic(kind), number)
    }

    /// Assigns a partition of a log that has `tail` records.
    pub(super) async fn assign(
        &mut self,
        partition: &TopicPartition,
        tail: Offset,
        snapshot: Option<Snapshot>,
    ) -> Start {
        let assignment = Assignment {
            partition: partition.clone(),
            generation: self.generation(partition),
            checkpoint: None,
            trim: 0,
            tail,
            snapshot,
        };
        self.projection.assigned(&assignment).await.expect("assigned")
    }

    /// Takes a partition over, which may be refused.
    pub(super) async fn try_assign(
        &mut self,
        partition: &TopicPartition,
        tail: Offset,
    ) -> Result<Start, Box<dyn Fault>> {
        let assignment = Assignment {
            partition: partition.clone(),
            generation: self.generation(partition),
            checkpoint: None,
            trim: 0,
            tail,
            snapshot: None,
        };
        self.projection.assigned(&assignment).await
    }

    /// Applies a batch as the runner does: what is poisonous is passed over.
    pub(super) async fn apply(&mut self, batch: &Batch) {
        self.try_apply(batch).await.expect("flushes");
    }

    pub(super) async fn try_apply(&mut self, batch: &Batch) -> Result<(), Box<dyn Fault>> {
        let mut start = 0;
        let input = Input::new(batch, self.generation(batch.partition()));
        loop {
            let rest = input.within(start..input.len());
            match self.projection.apply(&rest, &mut Outputs::new()).await {
                Ok(()) => break,
                Err(error) if error.class() == FaultClass::Poison => {
                    start += rest.iter().take_while(|it| it.offset <= error.offset).count();
                }
                Err(error) => return Err(error.source),
            }
        }
        self.projection.flush(batch.partition(), batch.next()).await
    }

    /// Folds records from the start, cut at places; every batch twice, as is once (P1). `restart`:
    /// with a new writer after each, as after a crash.
    pub(super) async fn fold(
        &mut self,
        partition: &TopicPartition,
        records: &[(Vec<u8>, Vec<u8>)],
        cuts: &[usize],
        restart: bool,
    ) {
        let tail = records.len() as u64;
        self.assign(partition, tail, None).await;
        let mut from = 0;
        for &cut in cuts.iter().chain([&records.len()]) {
            let batch = batch(partition.clone(), from as u64, &records[from..cut]);
            self.apply(&batch).await;
            self.apply(&batch).await;
            if restart {
                self.restart(partition, cut as u64, tail).await;
            }
            from = cut;
        }
    }

    async fn restart(&mut self, partition: &TopicPartition, next: Offset, tail: Offset) {
        let snapshot = self.projection.snapshot(partition).map(|(version, data)| Snapshot {
            next_offset: next,
            version,
            data: data.into(),
        });
        if snapshot.is_some() {
            // What lies in the process is gone with it.
            self.store = CvtStore::memory();
        }
        self.projection = projection(&self.store, &self.names, &self.definitions);
        let start = self.assign(partition, tail, snapshot).await;
        assert!(matches!(start, Start::Snapshot) || start == Start::At(next), "{start:?}");
    }

    fn generation(&self, partition: &TopicPartition) -> Generation {
        self.generations[usize::from(*partition != self.partition(true, partition.partition))]
    }

    pub(super) async fn image(&mut self, partition: &TopicPartition) -> Image {
        self.projection.store.image(partition).await.expect("an image")
    }
}

pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(future)
}
