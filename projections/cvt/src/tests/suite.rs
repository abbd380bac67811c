//! The cases. `cases`: how many inputs are tried where they are drawn.

use std::time::Duration;

use groundlog_packet::Value;
use groundlog_proto::wire::ValueType;
use proptest::{collection, prelude::*, test_runner::TestRunner};

use super::{
    block_on,
    records::{Step, batch, records, step},
    stack::{Place, Stack},
};
use crate::test_server::unique;

/// P1 and P3: however the records are cut into batches, applied twice, or continued by another
/// writer, the table is the same bit for bit, and is what one record at a time gives.
pub(super) fn p1_p3_the_table_is_the_same_however_records_are_cut(place: &Place, cases: u32) {
    let drawn = (
        collection::vec(step(), 1..40),
        collection::vec(any::<prop::sample::Index>(), 0..5),
        any::<bool>(),
        any::<bool>(),
    );
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let ran = TestRunner::new(config).run(&drawn, |(steps, cuts, live, restart)| {
        block_on(async {
            let stack = Stack::new(place).await;
            let records = records(&steps, &stack);
            let singles: Vec<_> = (1..records.len()).collect();
            let (mut expected, mut found) = (stack.table().await, stack.table().await);
            let (one, other) = (expected.partition(live, 1), found.partition(live, 1));
            expected.fold(&one, &records, &singles, false).await;
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(records.len())).collect();
            cuts.sort_unstable();
            found.fold(&other, &records, &cuts, restart).await;
            let (expected, found) = (expected.image(&one).await, found.image(&other).await);
            let differences = expected.differences(&found);
            assert!(differences.is_empty(), "{differences:?}");
            assert_eq!(expected.to_bytes(), found.to_bytes());
        });
        Ok(())
    });
    if let Err(failed) = ran {
        panic!("{failed}");
    }
}

pub(super) fn order_is_the_position_and_never_the_time(place: &Place, _: u32) {
    block_on(async {
        let stack = Stack::new(place).await;
        let steps = [
            Step::Packet { name: "A", time: 8 },
            Step::Packet { name: "B", time: 5 },
            Step::Packet { name: "A", time: 1 },
        ];
        let mut table = stack.table().await;
        let partition = table.partition(true, 1);
        table.fold(&partition, &records(&steps, &stack), &[], false).await;
        let values = table.store.values();
        let a = values.packet("INST", "A").await.unwrap().unwrap();
        assert_eq!((a.packet_time_ns, a.received_count, a.position.offset), (1, 2, 2));
        assert_eq!(a.position.partition, partition);
        assert_eq!(values.counts(&[("INST", "A")]).await.unwrap(), [(2, 0)]);
        assert!(values.packet("INST", "C").await.unwrap().is_none());
        // A rebooted clock does not freeze the display of A, but LATEST goes by packet time.
        let definitions = stack.loaded.definitions();
        let latest = async |values: &crate::CurrentValues, item: &str| {
            let latest = values.latest(definitions, "INST", |it| it.item(item).is_some()).await;
            let latest = latest.unwrap();
            latest.map(|it| (it.packet, it.current.map(|it| it.packet_time_ns)))
        };
        assert_eq!(latest(&values, "X").await, Some(("B".to_owned(), Some(5))));
        assert_eq!(latest(&values, "Y").await, None);
        let empty = stack.table().await.store.values();
        assert_eq!(latest(&empty, "X").await, Some(("A".to_owned(), None)));
    });
}

pub(super) fn set_tlm_lasts_until_the_next_packet(place: &Place, _: u32) {
    let set = |value, form| Step::Set { name: "A", value, form };
    block_on(async {
        let stack = Stack::new(place).await;
        let steps = [set(1, ValueType::All), set(2, ValueType::Raw)];
        // In one batch, and in two: there the second reads what the first has left.
        for cuts in [&[][..], &[1]] {
            let mut table = stack.table().await;
            let partition = table.partition(true, 1);
            table.fold(&partition, &records(&steps, &stack), cuts, false).await;
            let a = table.store.values().packet("INST", "A").await.unwrap().unwrap();
            assert!(!a.is_received());
            let place = stack.loaded.plan(a.id).packet().item_index("X").unwrap();
            assert_eq!(a.value(place, ValueType::Raw), Value::Int(2));
            assert_eq!(a.value(place, ValueType::Converted), Value::Int(1));
            assert_eq!(a.value(place, ValueType::Formatted), Value::from("1"));
        }
        let steps = [set(1, ValueType::All), Step::Packet { name: "A", time: 3 }];
        for cuts in [&[][..], &[1]] {
            let mut table = stack.table().await;
            let partition = table.partition(true, 1);
            table.fold(&partition, &records(&steps, &stack), cuts, false).await;
            let a = table.store.values().packet("INST", "A").await.unwrap().unwrap();
            assert!(a.is_received() && a.overlaid_items().next().is_none());
        }
    });
}

pub(super) fn stored_packets_move_their_count_and_nothing_else(place: &Place, _: u32) {
    block_on(async {
        let stack = Stack::new(place).await;
        let steps = vec![Step::Packet { name: "A", time: 8 }; 3];
        let mut table = stack.table().await;
        let (stored, live) = (table.partition(false, 1), table.partition(true, 1));
        table.fold(&stored, &records(&steps, &stack), &[1], true).await;
        let values = table.store.values();
        assert!(values.packet("INST", "A").await.unwrap().is_none());
        assert_eq!(values.counts(&[("INST", "A")]).await.unwrap(), [(0, 3)]);
        table.fold(&live, &records(&steps[..2], &stack), &[1], false).await;
        let values = table.store.values();
        let a = values.packet("INST", "A").await.unwrap().unwrap();
        assert_eq!((a.received_count, a.flags), (2, 0));
        assert_eq!(values.counts(&[("INST", "A")]).await.unwrap(), [(2, 3)]);
    });
}

pub(super) fn of_several_partitions_the_latest_received_is_shown(place: &Place, _: u32) {
    block_on(async {
        let stack = Stack::new(place).await;
        let mut table = stack.table().await;
        let parts = [table.partition(true, 0), table.partition(true, 1)];
        let packet = |time| records(&[Step::Packet { name: "A", time }], &stack);
        table.fold(&parts[0], &packet(7), &[], false).await;
        table.fold(&parts[1], &packet(4), &[], false).await;
        let values = table.store.values();
        let shown = async || values.packet("INST", "A").await.unwrap().unwrap().received_time_ns;
        assert_eq!(shown().await, 7);
        assert_eq!(values.counts(&[("INST", "A")]).await.unwrap(), [(2, 0)]);
        let later = records(&[Step::Packet { name: "A", time: 9 }], &stack);
        table.apply(&batch(parts[1].clone(), 1, &later)).await;
        assert_eq!(shown().await, 9);
        for partition in &parts {
            assert_eq!(table.image(partition).await.len(), 1, "each has its own");
        }
    });
}

pub(super) fn many_packets_are_read_at_once(place: &Place, _: u32) {
    block_on(async {
        let stack = Stack::new(place).await;
        let mut table = stack.table().await;
        let partition = table.partition(true, 0);
        let steps = [Step::Packet { name: "B", time: 3 }, Step::Unknown];
        table.fold(&partition, &records(&steps, &stack), &[], false).await;
        let values = table.store.values();
        let names =
            [("INST", "A"), ("UNKNOWN", "UNKNOWN"), ("INST", "B"), ("NONE", "X"), ("INST", "B")];
        let found = values.packets(&names).await.unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|it| it.as_ref().map(|it| (&*it.packet, it.packet_time_ns, it.view().is_some())))
            .collect();
        let b = Some(("B", 3, false));
        assert_eq!(found, [None, Some(("UNKNOWN", 0, true)), b, None, b]);
        let counts = values.counts(&names).await.unwrap();
        assert_eq!(counts, [(0, 0), (1, 0), (1, 0), (0, 0), (1, 0)]);
        assert!(values.packets(&[]).await.unwrap().is_empty());
        values.health().await.unwrap();
    });
}

/// A log that was made anew starts at 0 again: what the old one has left must not win by its
/// offsets, nor be shown, nor stay.
pub(super) fn nothing_of_another_log_stays(place: &Place, _: u32) {
    block_on(async {
        let (stack, word) = (Stack::new(place).await, unique());
        let mut table = stack.open(&word).await.unwrap();
        let (live, stored) = (table.partition(true, 0), table.partition(false, 0));
        let old = [
            Step::Packet { name: "B", time: 1 },
            Step::Packet { name: "A", time: 2 },
            Step::Packet { name: "A", time: 3 },
        ];
        table.fold(&live, &records(&old, &stack), &[], false).await;
        table.fold(&stored, &records(&old, &stack), &[], false).await;
        let stack = Stack::new(place).await;
        let mut table = stack.open(&word).await.unwrap();
        let values = table.store.values();
        let names = [("INST", "A"), ("INST", "B")];
        let times = async || {
            let found = values.packets(&names).await.unwrap();
            found.iter().map(|it| it.as_ref().map(|it| it.packet_time_ns)).collect::<Vec<_>>()
        };
        assert_eq!(times().await, [None, None]);
        assert_eq!(values.counts(&names).await.unwrap(), [(0, 0), (0, 0)]);
        assert_eq!(values.applied(&live).await.unwrap(), 0);
        let new = records(&[Step::Packet { name: "A", time: 9 }], &stack);
        table.fold(&live, &new, &[], false).await;
        assert_eq!(times().await, [Some(9), None]);
        assert_eq!(table.image(&live).await.len(), 1);
        table.assign(&stored, 0, None).await;
        assert!(table.image(&stored).await.is_empty());
        let left = place.ask(&["HKEYS", &format!("{word}__tlm__INST")]);
        assert!(matches!(left.text().as_str(), "" | "A"), "{left:?}");
    });
}

pub(super) fn progress_can_be_waited_for(place: &Place, _: u32) {
    block_on(async {
        let stack = Stack::new(place).await;
        let mut table = stack.table().await;
        let partition = table.partition(true, 1);
        let values = table.store.values();
        assert_eq!(values.applied(&partition).await.unwrap(), 0);
        let steps = vec![Step::Packet { name: "A", time: 1 }; 4];
        let records = records(&steps, &stack);
        let waiting = async {
            let reached = values.reached(&partition, 4);
            tokio::time::timeout(Duration::from_secs(20), reached).await.expect("in time").unwrap();
            assert_eq!(values.applied(&partition).await.unwrap(), 4);
            let a = values.packet("INST", "A").await.unwrap().unwrap();
            assert_eq!(a.received_count, 4, "what is reached can be read");
        };
        tokio::join!(waiting, async {
            tokio::task::yield_now().await;
            table.fold(&partition, &records, &[2], false).await;
        });
    });
}

pub(super) fn differences_are_named(place: &Place, _: u32) {
    block_on(async {
        let stack = Stack::new(place).await;
        let a = Step::Packet { name: "A", time: 1 };
        let b = Step::Packet { name: "B", time: 1 };
        let all = records(&[a.clone(), b, a], &stack);
        let image = async |records: &[_]| {
            let mut table = stack.table().await;
            let partition = table.partition(true, 1);
            table.fold(&partition, records, &[], false).await;
            table.image(&partition).await
        };
        let (whole, short) = (image(&all).await, image(&all[..1]).await);
        let found: Vec<_> =
            whole.differences(&short).into_iter().map(|it| (it.name, it.what)).collect();
        assert_eq!(
            found,
            [
                ("INST A".to_owned(), "other position"),
                ("INST B".to_owned(), "missing in the second")
            ]
        );
    });
}

/// Offsets have gaps where a broker keeps marks of its own; what waits for the end of the log waits
/// for what lies behind them.
pub(super) fn gaps_and_bad_records_are_passed(place: &Place, _: u32) {
    block_on(async {
        let stack = Stack::new(place).await;
        let mut table = stack.table().await;
        let partition = table.partition(true, 1);
        table.assign(&partition, 20, None).await;
        let values = table.store.values();
        let steps = [Step::Packet { name: "A", time: 1 }, Step::Garbage];
        let records = records(&steps, &stack);
        table.apply(&batch(partition.clone(), 0, &records)).await;
        assert_eq!(values.applied(&partition).await.unwrap(), 2);
        let mut gap = batch(partition.clone(), 2, &records[..1]);
        gap.set_next(9);
        table.apply(&gap).await;
        assert_eq!(values.applied(&partition).await.unwrap(), 9);
        table.apply(&batch(partition.clone(), 12, &[])).await;
        assert_eq!(values.applied(&partition).await.unwrap(), 12);
    });
}
