//! What a current value table must do, wherever it lies: one suite, run on every store.
//!
//! `memory` is the table in this process, `valkey` a real server, `cluster` one that refuses
//! commands and scripts whose keys lie in different slots.

mod records;
mod server;
mod stack;
mod suite;

use stack::{Place, block_on};

/// Runs cases on a kind of store; without a server they are skipped, and said to be.
macro_rules! run {
    ($name:ident: $place:expr, $cases:expr; $($case:ident)+) => {
        mod $name {
            use super::*;

            $(#[test]
            fn $case() {
                if let Some(place) = $place {
                    suite::$case(&place, $cases);
                }
            })+
        }
    };
}

macro_rules! suite {
    ($($name:ident: $place:expr, $cases:expr;)+) => {
        $(run! {
            $name: $place, $cases;
            p1_p3_the_table_is_the_same_however_records_are_cut
            order_is_the_position_and_never_the_time
            set_tlm_lasts_until_the_next_packet
            stored_packets_move_their_count_and_nothing_else
            of_several_partitions_the_latest_received_is_shown
            many_packets_are_read_at_once
            nothing_of_another_log_stays
            progress_can_be_waited_for
            differences_are_named
            gaps_and_bad_records_are_passed
        })+
    };
}

suite! {
    memory: Some(Place::memory()), 150;
    valkey: Place::valkey(), 60;
    cluster: Place::cluster(), 20;
}
