//! Seeded fault simulation over the production runner: crashes, transient faults, duplicate
//! deliveries and commits that land late, at every step between reading a record and committing
//! its effect. The result must be the one of a run in which nothing went wrong.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

mod faulty;
mod folds;
mod random;
mod world;

use groundlog_projection::Target;
use random::Random;
use world::{Result, World};

/// Runs until everything is processed, whatever happens in between; a bound catches a runner that
/// never gets there.
async fn survives(seed: u64, target: Target, crash: bool) {
    let mut random = Random::new(seed);
    let world = World::new(&mut random).await;
    let expected = world.run_without_faults(target).await;
    let found = world.run_with_faults(target, seed, crash).await;
    same(&found, &expected, &format!("seed {seed}"));
}

/// Says in one line what differs; the records themselves would fill pages.
fn same(found: &Result, expected: &Result, run: &str) {
    let counts = |result: &Result| result.outputs.iter().map(Vec::len).collect::<Vec<_>>();
    assert_eq!(counts(found), counts(expected), "{run}: number of outputs");
    assert!(found.outputs == expected.outputs, "{run}: outputs differ");
    assert_eq!(found.dead_letters, expected.dead_letters, "{run}: dead letters");
    assert!(found.state == expected.state, "{run}: state differs");
}

macro_rules! simulations {
    ($($name:ident: $target:expr, $crash:expr;)+) => {
        $(#[tokio::test]
        async fn $name() {
            for seed in 1..=80 {
                survives(seed, $target, $crash).await;
            }
        })+
    };
}

simulations! {
    log_target_survives_crashes: Target::Log, true;
    log_target_survives_transient_faults: Target::Log, false;
    store_target_survives_crashes: Target::Store, true;
    store_target_survives_transient_faults: Target::Store, false;
    memory_target_survives_crashes: Target::Memory, true;
    memory_target_survives_transient_faults: Target::Memory, false;
}

/// Every step once: the run is cut at step 1, at step 2, … until one gets through uncut.
#[tokio::test]
async fn a_crash_at_every_single_step_changes_nothing() {
    for target in [Target::Log, Target::Store, Target::Memory] {
        let mut random = Random::new(7);
        let world = World::new(&mut random).await;
        let expected = world.run_without_faults(target).await;
        let mut step = 1;
        loop {
            let (found, reached) = world.run_with_one_crash(target, step).await;
            same(&found, &expected, &format!("{target:?}, crash at step {step}"));
            if !reached {
                break;
            }
            step += 1;
        }
        assert!(step > 20, "{target:?}: only {step} steps were tried");
    }
}
