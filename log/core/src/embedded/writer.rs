use std::{
    collections::{HashMap, HashSet, hash_map},
    sync::{Arc, atomic::Ordering},
};

use groundlog_proto::Nanos;

use super::{
    commit,
    folder::{Dirty, Folder},
    format::PartitionId,
    lane::Lane,
    request::{Placed, Request, Written},
    round::Round,
    sync::Job,
};
use crate::{LogError, session::lock};

/// The thread that writes: it alone touches the ends of the segment files.
///
/// It takes everything queued, writes it, and either commits at once (unsynced topics) or hands it
/// to the thread that syncs. It never waits for a disk sync itself, so what is recomputable is not
/// held up by what must be durable.
pub(super) struct Writer {
    folder: Arc<Folder>,
    lanes: HashMap<PartitionId, Lane>,
    /// The newest append times as recovered.
    times: HashMap<PartitionId, i64>,
    /// The last job handed over, and the last one that carries checkpoints or a transaction.
    ticket: u64,
    commit_ticket: u64,
}

impl Drop for Writer {
    /// Also after a panic: nobody may wait for an answer that never comes.
    fn drop(&mut self) {
        self.folder.fail_on_panic();
        self.folder.requests.close();
        while let Some(requests) = self.folder.requests.take() {
            requests.into_iter().for_each(|request| request.ack.reject(LogError::Closed));
        }
        self.folder.jobs.close();
    }
}

impl Writer {
    pub(super) fn new(folder: Arc<Folder>, times: HashMap<PartitionId, i64>) -> Self {
        Self { folder, lanes: HashMap::new(), times, ticket: 0, commit_ticket: 0 }
    }

    /// Runs until the queue is closed and empty.
    pub(super) fn run(mut self) {
        while let Some(requests) = self.folder.requests.take() {
            self.take(requests);
        }
    }

    fn take(&mut self, requests: Vec<Request>) {
        if let Err(error) = self.folder.check_failure() {
            requests.into_iter().for_each(|request| request.ack.reject(error.clone()));
            return;
        }
        let requests = unbroken(requests);
        if requests.is_empty() {
            return;
        }
        match self.write(&requests) {
            Ok((placed, reserved)) => self.finish(requests, placed, reserved),
            Err(_) if requests.len() > 1 => self.take_singly(requests),
            Err(error) => requests.into_iter().for_each(|one| one.ack.reject(error.clone())),
        }
    }

    /// Writes a batch of requests again one by one after it failed as a whole. Once one fails,
    /// later ones on the same partitions fail too: a partition's records are never reordered.
    fn take_singly(&mut self, requests: Vec<Request>) {
        let mut failed: HashSet<PartitionId> = HashSet::new();
        let mut failure = None;
        for request in requests {
            let ids: Vec<_> = request.parts.iter().map(|part| part.partition.id).collect();
            if let Some(error) =
                failure.clone().filter(|_| ids.iter().any(|id| failed.contains(id)))
            {
                request.ack.reject(error);
                failed.extend(ids);
                continue;
            }
            let requests = unbroken(vec![request]);
            if requests.is_empty() {
                continue;
            }
            match self.write(&requests) {
                Ok((placed, reserved)) => self.finish(requests, placed, reserved),
                Err(error) => {
                    requests.into_iter().for_each(|one| one.ack.reject(error.clone()));
                    failed.extend(ids);
                    failure = Some(error);
                }
            }
        }
    }

    /// Writes all of these requests or nothing.
    fn write(&mut self, requests: &[Request]) -> Result<(Vec<Vec<Placed>>, Vec<u64>), LogError> {
        // Of requests tried one by one, an earlier one may have ended all writing.
        self.folder.check_failure()?;
        let reserved: Vec<u64> = requests.iter().map(Request::journal_bytes).collect();
        let total = reserved.iter().sum();
        let folder = self.folder.clone();
        let journal = folder.journal()?;
        lock(journal).reserve(total)?;
        let mut round = Round::new(&folder, Nanos::now().0);
        let written = self.place(&mut round, requests).and_then(|placed| {
            round.write()?;
            Ok(placed)
        });
        match written {
            Ok(placed) => {
                folder.since_good.fetch_add(round.bytes(), Ordering::Relaxed);
                Ok((placed, reserved))
            }
            Err(error) => {
                lock(journal).release(total);
                for (id, before) in round.into_undo() {
                    if let Some(lane) = self.lanes.get_mut(&id)
                        && let Err(error) = lane.roll_back(before)
                    {
                        folder.fail(error);
                    }
                }
                // Undone: what was refused may be appended again. Half undone, nothing may.
                folder.check_failure().and(Err(error))
            }
        }
    }

    fn place<'a>(
        &mut self,
        round: &mut Round<'a>,
        requests: &'a [Request],
    ) -> Result<Vec<Vec<Placed>>, LogError> {
        let mut all = Vec::with_capacity(requests.len());
        for request in requests {
            let mut placed = Vec::with_capacity(request.parts.len());
            for part in &request.parts {
                let id = part.partition.id;
                let lane = match self.lanes.entry(id) {
                    hash_map::Entry::Occupied(lane) => lane.into_mut(),
                    hash_map::Entry::Vacant(vacant) => {
                        let time = self.times.get(&id).copied().unwrap_or(i64::MIN);
                        vacant.insert(Lane::open(&part.partition, time)?)
                    }
                };
                placed.push(round.place(lane, &part.bodies, request.is_transaction)?);
            }
            all.push(placed);
        }
        Ok(all)
    }

    /// Commits what needs no sync and hands over the rest.
    fn finish(&mut self, requests: Vec<Request>, placed: Vec<Vec<Placed>>, reserved: Vec<u64>) {
        let done = self.folder.jobs_done();
        let mut now = Vec::new();
        let mut later = Job { ticket: self.ticket + 1, ..Job::default() };
        for ((request, placed), reserved) in requests.into_iter().zip(placed).zip(reserved) {
            let synced = request.is_synced();
            self.note_unsynced(&placed, synced);
            let commits = request.is_transaction;
            // What follows something that waits for its sync waits too: partitions and checkpoints
            // move forward in order.
            let waits = synced
                || placed.iter().any(|one| self.ticket_of(one.partition.id) > done)
                || (commits && self.commit_ticket > done);
            let written =
                Written { placed, checkpoints: request.checkpoints, reserved, ack: request.ack };
            if !waits {
                now.push(written);
                continue;
            }
            later.syncs_journal |= commits && synced;
            if commits {
                self.commit_ticket = later.ticket;
            }
            for one in &written.placed {
                if let Some(lane) = self.lanes.get_mut(&one.partition.id) {
                    lane.ticket = later.ticket;
                }
            }
            later.written.push(written);
        }
        if !now.is_empty() {
            commit::commit(&self.folder, now, false);
        }
        if !later.written.is_empty() {
            self.ticket = later.ticket;
            if let Err(job) = self.folder.jobs.push(later) {
                job.reject(LogError::Closed);
            }
        }
        let limit = self.folder.options.known_good_bytes;
        if self.folder.since_good.load(Ordering::Relaxed) > limit {
            self.folder.upkeep.kick();
        }
    }

    fn ticket_of(&self, id: PartitionId) -> u64 {
        self.lanes.get(&id).map_or(0, |lane| lane.ticket)
    }

    /// Notes files of unsynced topics, for whoever syncs them some time.
    fn note_unsynced(&self, placed: &[Placed], is_synced: bool) {
        // Asked once for the request: a topic may change between two questions.
        let is_noted = |one: &Placed| {
            let rides_along = is_synced && one.partition.topic.is_synced();
            !one.files.is_empty() && !rides_along
        };
        for one in placed.iter().filter(|one| is_noted(one)) {
            let mut unsynced = lock(&self.folder.unsynced);
            one.partition.set_behind(true);
            let files = unsynced.entry(one.partition.id).or_default();
            for touched in &one.files {
                if files.last().is_none_or(|last| !Arc::ptr_eq(&last.file, &touched.file)) {
                    files.push(Dirty {
                        partition: one.partition.clone(),
                        segment: touched.segment.clone(),
                        file: touched.file.clone(),
                    });
                }
            }
        }
    }
}

/// Answers the requests whose chain is broken, and returns the others.
fn unbroken(requests: Vec<Request>) -> Vec<Request> {
    // Nearly always all of them.
    if requests.iter().all(|request| request.ack.broken_by().is_none()) {
        return requests;
    }
    let mut whole = Vec::with_capacity(requests.len());
    for request in requests {
        match request.ack.broken_by() {
            Some(error) => request.ack.reject(error),
            None => whole.push(request),
        }
    }
    whole
}
