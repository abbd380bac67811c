use std::collections::BTreeSet;

use super::{
    disk,
    folder::Folder,
    journal::{Entry, Kind, Mirror},
    request::Written,
};
use crate::{LogError, session::lock};

/// Commits what is written: one journal entry, then tails and checkpoints move together, then
/// everyone is answered. With `synced`, the entry is on stable storage before anyone sees it.
pub(super) fn commit(folder: &Folder, written: Vec<Written>, synced: bool) {
    match note(folder, &written, synced) {
        Ok(()) => {
            publish(folder, &written);
            written.into_iter().for_each(Written::accept);
        }
        Err(error) => {
            // The space was reserved: this is no full disk. What the journal holds is unknown.
            let failure = folder.fail(error);
            written.into_iter().for_each(|one| one.ack.reject(failure.clone()));
        }
    }
}

fn note(folder: &Folder, written: &[Written], synced: bool) -> Result<(), LogError> {
    let mut state = Mirror::default();
    let mut reserved = 0;
    for one in written {
        reserved += one.reserved;
        for placed in one.placed.iter().filter(|placed| placed.ack.next > placed.ack.base) {
            state.ends.insert(placed.partition.id, placed.end);
        }
        for (key, next) in &one.checkpoints {
            state.checkpoints.insert(key.clone(), *next);
        }
    }
    let (file, path, upto) = {
        let mut journal = lock(folder.journal()?);
        for (id, end) in &mut state.ends {
            // Upkeep may have trimmed since the batch was placed.
            end.trim = end.trim.max(journal.trim_of(*id));
        }
        if !state.is_empty() {
            let kind = if synced { Kind::Durable } else { Kind::Commit };
            journal.append(&mut Entry::new(kind, state))?;
        }
        journal.release(reserved);
        if journal.is_long(folder.options.journal_bytes) {
            folder.upkeep.kick();
        }
        if !synced {
            return Ok(());
        }
        journal.to_sync()
    };
    disk::sync(&file, &path, &folder.surroundings.before_sync)?;
    lock(folder.journal()?).synced(&file, upto);
    Ok(())
}

fn publish(folder: &Folder, written: &[Written]) {
    let placed = || written.iter().flat_map(|one| &one.placed);
    folder.publish(|| {
        for placed in placed().filter(|placed| placed.ack.next > placed.ack.base) {
            for touched in &placed.files {
                touched.segment.set_committed(touched.bytes);
            }
            placed.partition.set_tail(placed.end.next);
        }
        let mut checkpoints = lock(&folder.checkpoints);
        for (key, next) in written.iter().flat_map(|one| &one.checkpoints) {
            match checkpoints.get_mut(key) {
                Some(known) => *known = *next,
                None => drop(checkpoints.insert(key.clone(), *next)),
            }
        }
    });
    let mut woken = BTreeSet::new();
    for placed in placed() {
        if woken.insert(placed.partition.id) {
            placed.partition.watchers.wake();
        }
    }
}
