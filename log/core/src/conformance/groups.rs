use std::collections::BTreeMap;

use groundlog_proto::{Offset, TopicName, TopicPartition};

use super::{Fixture, is_fenced, records, soon, texts};
use crate::{Checkpoint, Durability, GroupSpec, LogError, Member, MemberEvent};

type Assignment = BTreeMap<TopicPartition, Option<Offset>>;

async fn join(fixture: &Fixture, group: &str, member: &str, topic: &TopicName) -> Box<dyn Member> {
    let spec = GroupSpec {
        group: fixture.name(group),
        member: member.to_owned(),
        topics: vec![topic.clone()],
    };
    fixture.log.join(&spec).await.expect("joined")
}

async fn event(member: &mut Box<dyn Member>) -> MemberEvent {
    soon("member event", member.next(1 << 20)).await.expect("member event")
}

async fn assigned(member: &mut Box<dyn Member>) -> Assignment {
    match event(member).await {
        MemberEvent::Assigned(list) => list.into_iter().collect(),
        other => panic!("an assignment was due, not {other:?}"),
    }
}

/// Follows a member's changes until it owns so many partitions.
async fn until_owns(member: &mut Box<dyn Member>, owned: &mut Assignment, count: usize) {
    while owned.len() != count {
        match event(member).await {
            MemberEvent::Assigned(list) => owned.extend(list),
            MemberEvent::Revoked(list) => owned.retain(|partition, _| !list.contains(partition)),
            MemberEvent::Records(_) => {}
        }
    }
}

fn checkpoint(partition: &TopicPartition, next: Offset) -> Vec<Checkpoint> {
    vec![Checkpoint { partition: partition.clone(), next }]
}

/// Assigned, seek, records, commit; the next member of the group goes on from there.
pub async fn a_member_is_assigned_reads_and_commits(fixture: &Fixture) {
    let input = fixture.topic("reads", 1, Durability::Synced).await;
    let partition = TopicPartition::new(input.clone(), 0);
    let output = fixture.partition("reads-output").await;
    fixture.append(&partition, &["one", "two", "three"]).await;

    let mut member = join(fixture, "reads", "m", &input).await;
    assert_eq!(assigned(&mut member).await, BTreeMap::from([(partition.clone(), None)]));
    member.seek(&partition, 0).await.expect("seek");
    let MemberEvent::Records(batch) = event(&mut member).await else { panic!("records were due") };
    assert_eq!(texts(&batch)[0], "one");
    let second = batch.get(0).map_or(0, |record| record.offset + 1);
    let mut txn = member.begin().await.expect("begin");
    txn.append(&output, records(&["done one"])).await.expect("append");
    txn.commit(checkpoint(&partition, second)).await.expect("commit");
    assert_eq!(fixture.values(&output, 0).await, ["done one"]);
    member.leave().await.expect("left");

    let mut member = join(fixture, "reads", "m", &input).await;
    let next = assigned(&mut member).await[&partition];
    assert_eq!(next, Some(second));
    member.seek(&partition, second).await.expect("seek");
    let MemberEvent::Records(batch) = event(&mut member).await else { panic!("records were due") };
    assert_eq!(texts(&batch)[0], "two");
}

/// Checkpoints can be stored without records.
pub async fn checkpoints_alone_are_kept(fixture: &Fixture) {
    let input = fixture.topic("alone", 1, Durability::Synced).await;
    let partition = TopicPartition::new(input.clone(), 0);
    fixture.append(&partition, &["x"; 20]).await;
    let mut member = join(fixture, "alone", "m", &input).await;
    assigned(&mut member).await;
    for next in [3, 9, 12] {
        member.checkpoint(checkpoint(&partition, next)).await.expect("checkpoint");
        let group = fixture.name("alone");
        let stored = fixture.log.checkpoint(&group, &partition).await.expect("checkpoint");
        assert_eq!(stored, Some(next));
    }
}

/// `seek` goes back as well: the same records again, in order.
pub async fn a_member_rewinds(fixture: &Fixture) {
    let input = fixture.topic("rewind", 1, Durability::Synced).await;
    let partition = TopicPartition::new(input.clone(), 0);
    fixture.append(&partition, &["a", "b", "c"]).await;
    let mut member = join(fixture, "rewind", "m", &input).await;
    assigned(&mut member).await;
    for _ in 0..3 {
        member.seek(&partition, 0).await.expect("seek");
        let mut values = Vec::new();
        while values.len() < 3 {
            let MemberEvent::Records(batch) = event(&mut member).await else { panic!("records") };
            values.extend(texts(&batch));
        }
        assert_eq!(values, ["a", "b", "c"]);
    }
}

/// Members share partitions evenly; whoever leaves gives them to the others.
pub async fn members_share_partitions(fixture: &Fixture) {
    let input = fixture.topic("share", 4, Durability::Unsynced).await;
    let mut first = join(fixture, "share", "first", &input).await;
    let mut first_owns = assigned(&mut first).await;
    assert_eq!(first_owns.len(), 4);
    let mut second = join(fixture, "share", "second", &input).await;
    // A broker lets a member give up what it has before another one gets it: both have to poll.
    let mut second_owns = Assignment::new();
    tokio::join!(
        until_owns(&mut first, &mut first_owns, 2),
        until_owns(&mut second, &mut second_owns, 2)
    );
    assert!(first_owns.keys().all(|partition| !second_owns.contains_key(partition)));
    for partition in second_owns.keys() {
        second.seek(partition, 0).await.expect("seek");
        fixture.append(partition, &["for the second"]).await;
    }
    for _ in 0..2 {
        let MemberEvent::Records(batch) = event(&mut second).await else { panic!("records") };
        assert!(second_owns.contains_key(batch.partition()));
    }
    first.leave().await.expect("left");
    until_owns(&mut second, &mut second_owns, 4).await;
}

/// A member whose partition has moved cannot commit for it any more.
pub async fn a_commit_after_a_move_is_fenced(fixture: &Fixture) {
    let input = fixture.topic("move", 2, Durability::Unsynced).await;
    let output = fixture.partition("move-output").await;
    for number in 0..2 {
        fixture.append(&TopicPartition::new(input.clone(), number), &["x"; 5]).await;
    }
    let mut first = join(fixture, "move", "first", &input).await;
    let mut first_owns = assigned(&mut first).await;
    let before: Vec<TopicPartition> = first_owns.keys().cloned().collect();
    let mut txn = first.begin().await.expect("begin");
    txn.append(&output, records(&["late"])).await.expect("append");
    let mut second = join(fixture, "move", "second", &input).await;
    let mut second_owns = Assignment::new();
    tokio::join!(
        until_owns(&mut first, &mut first_owns, 1),
        until_owns(&mut second, &mut second_owns, 1)
    );
    let moved = before.iter().find(|partition| second_owns.contains_key(*partition));
    let moved = moved.expect("one of the two has moved").clone();
    assert!(is_fenced(&txn.commit(checkpoint(&moved, 4)).await));
    assert!(fixture.values(&output, 0).await.is_empty());
    assert!(is_fenced(&first.checkpoint(checkpoint(&moved, 4)).await));
    let kept = first_owns.keys().next().expect("one is left").clone();
    first.checkpoint(checkpoint(&kept, 5)).await.expect("what is left can be committed");
    second.checkpoint(checkpoint(&moved, 2)).await.expect("the new owner commits");
}

/// A member that comes back under its name fences what is left of its former self.
pub async fn a_member_of_the_same_name_fences_the_older(fixture: &Fixture) {
    let input = fixture.topic("zombie", 1, Durability::Unsynced).await;
    let partition = TopicPartition::new(input.clone(), 0);
    let output = fixture.partition("zombie-output").await;
    fixture.append(&partition, &["x"; 9]).await;
    let mut zombie = join(fixture, "zombie", "m", &input).await;
    assigned(&mut zombie).await;
    let mut txn = zombie.begin().await.expect("begin");
    txn.append(&output, records(&["zombie"])).await.expect("append");
    let mut heir = join(fixture, "zombie", "m", &input).await;
    assert_eq!(assigned(&mut heir).await.len(), 1);
    assert!(is_fenced(&txn.commit(checkpoint(&partition, 9)).await));
    let told = soon("the zombie is told", zombie.next(100)).await;
    assert!(is_fenced(&told), "{told:?}");
    drop(zombie);
    heir.checkpoint(checkpoint(&partition, 1)).await.expect("the heir is not disturbed");
    assert!(fixture.values(&output, 0).await.is_empty());
}

/// The checkpoint handed to a new owner is the last one its predecessor could commit.
pub async fn a_new_owner_sees_the_last_checkpoint(fixture: &Fixture) {
    let input = fixture.topic("handover", 1, Durability::Unsynced).await;
    let partition = TopicPartition::new(input.clone(), 0);
    let output = fixture.partition("handover-output").await;
    fixture.append(&partition, &["x"; 60]).await;
    let mut committed = 0;
    let mut member = join(fixture, "handover", "m", &input).await;
    assert_eq!(assigned(&mut member).await[&partition], None);
    for round in 1..=50 {
        let mut txn = member.begin().await.expect("begin");
        // Written to a synced topic: the commit takes its time, and the hand-over comes between.
        txn.append(&output, records(&["x"])).await.expect("append");
        let mut commit = tokio::spawn(txn.commit(checkpoint(&partition, round)));
        let mut result = None;
        if round % 2 == 0 {
            result = Some((&mut commit).await.expect("no panic"));
        }
        let mut heir = join(fixture, "handover", "m", &input).await;
        let found = assigned(&mut heir).await[&partition];
        let result = match result {
            Some(result) => result,
            // It was in time or it was fenced: either way the checkpoint tells the truth.
            None => commit.await.expect("no panic"),
        };
        if result.is_ok() {
            committed = round;
        }
        assert_eq!(found.unwrap_or(0), committed);
        member = heir;
    }
    let outputs = fixture.values(&output, 0).await.len() as u64;
    assert!((25..=50).contains(&outputs), "{outputs} commits were in time");
}

/// Groups have checkpoints and members of their own.
pub async fn groups_do_not_disturb_each_other(fixture: &Fixture) {
    let input = fixture.topic("apart", 1, Durability::Unsynced).await;
    let partition = TopicPartition::new(input.clone(), 0);
    fixture.append(&partition, &["x"; 9]).await;
    let mut one = join(fixture, "apart-one", "m", &input).await;
    let mut two = join(fixture, "apart-two", "m", &input).await;
    assigned(&mut one).await;
    assigned(&mut two).await;
    one.checkpoint(checkpoint(&partition, 3)).await.expect("checkpoint");
    two.checkpoint(checkpoint(&partition, 8)).await.expect("checkpoint");
    for (group, next) in [("apart-one", 3), ("apart-two", 8)] {
        let stored = fixture.log.checkpoint(&fixture.name(group), &partition).await;
        assert_eq!(stored.expect("checkpoint"), Some(next));
    }
    let spec = GroupSpec {
        group: fixture.name("apart-three"),
        member: "m".to_owned(),
        topics: vec![TopicName::new(&fixture.name("missing"))],
    };
    let missing = fixture.log.join(&spec).await.map(drop);
    assert!(matches!(missing, Err(LogError::UnknownTopic { .. })), "{missing:?}");
}
