//! A backlog of decommutation over a kill -9: the start does not wait for it, and until it is
//! worked off nothing that shows values hides how far they are behind.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use groundlog_tests::{
    Spacecraft, Stack, StackOptions, bare_target, groundlog, packet, send, wait_for,
};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(20);
const LONG: Duration = Duration::from_secs(180);
/// The start waits 5 s for values; what else it does takes less than this, on a busy machine.
const START_MAX: Duration = Duration::from_secs(15);
/// Work for decommutation that a start cannot wait for.
const BACKLOG: Duration = Duration::from_secs(15);

/// A target whose packets take long to decode: one item has a polynomial of very many terms.
fn slow_target(folder: &std::path::Path) -> std::path::PathBuf {
    let target = bare_target(folder);
    let file = target.join("cmd_tlm/data.txt");
    let text = std::fs::read_to_string(&file).expect("definitions");
    let mut item = String::from("  ITEM SLOW 16 8 UINT \"Overlaps ID\"\n    POLY_READ_CONVERSION");
    for term in 0..50_000 {
        write!(item, " 0.{}", 1 + term % 9).expect("written");
    }
    let commands = text.find("COMMAND TEST").expect("a command");
    let text = format!("{}{item}\n{}", &text[..commands], &text[commands..]);
    std::fs::write(&file, text).expect("written");
    target
}

fn health(stack: &Stack) -> Value {
    stack.http.get("/health").expect("health").json()
}

fn counter(stack: &Stack) -> Option<u64> {
    stack.http.call("tlm", json!(["TEST", "DATA", "COUNTER"])).as_u64()
}

#[test]
fn a_backlog_after_a_kill_is_in_sight_until_it_is_worked_off() {
    let spacecraft = Spacecraft::new();
    let folder = tempfile::tempdir().expect("folder");
    let target = slow_target(folder.path());
    let options = StackOptions::with(&[
        "--plugin",
        &target.to_string_lossy(),
        "--connect",
        &format!("tcp://{}", spacecraft.address()),
        "--protocol",
        "LENGTH 0 16 2",
    ])
    .data(&folder.path().join("data"));
    let mut stack = Stack::start(&options);
    let mut stream = spacecraft.accept();
    // How fast is it here?
    let began = Instant::now();
    let mut sent = 0;
    let mut feed = |stream: &mut std::net::TcpStream, count: u32| {
        let packets: Vec<u8> = (sent..sent + count).flat_map(packet).collect();
        sent += count;
        assert!(send(stream, &packets));
        sent
    };
    let first = feed(&mut stream, 2_000);
    wait_for("the first packets are decoded", LONG, || {
        counter(&stack).filter(|last| *last == u64::from(first - 1))
    });
    let per_second = f64::from(first) / began.elapsed().as_secs_f64();
    let total = feed(&mut stream, (per_second * BACKLOG.as_secs_f64()) as u32);
    // Raw does not wait for decommutation.
    wait_for("all of it is received", SOON, || {
        (stack.interface()["rx_count"].as_u64() == Some(u64::from(total))).then_some(())
    });
    let behind = health(&stack)["lag_records"].as_u64().expect("a number");
    assert!(behind > u64::from(total) / 4, "{behind} of {total}");
    stack.kill();

    let began = Instant::now();
    let stack = Stack::start(&options);
    assert!(began.elapsed() < START_MAX, "{:?}", began.elapsed());
    let now = health(&stack);
    assert!(
        now["lag_records"].as_u64() > Some(0) && now["lag_seconds"].as_f64() > Some(0.0),
        "{now}"
    );
    let words = now["degraded"].to_string();
    assert!(words.contains("current values are") && words.contains("behind"), "{words}");
    assert!(stack.said().contains("current values are behind"), "{}", stack.said());
    let status = groundlog(&["status", "--url", stack.url()]);
    assert_eq!(status.code, 1, "{}", status.stdout);
    assert!(status.stderr.contains("degraded: current values are"), "{}", status.stderr);

    let mut stream = spacecraft.accept();
    let total = feed(&mut stream, 1);
    let last = u64::from(total - 1);
    wait_for("raw takes what comes in meanwhile", SOON, || {
        (stack.interface()["rx_count"] == 1).then_some(())
    });
    assert!(health(&stack)["lag_records"].as_u64() > Some(0), "while the backlog is still there");
    wait_for("the backlog is worked off", LONG, || {
        let lag = health(&stack);
        let shown = counter(&stack);
        // Whatever is shown that is not the newest was said to be behind.
        assert!(shown == Some(last) || lag["lag_records"].as_u64() > Some(0), "{shown:?}: {lag}");
        (shown == Some(last)).then_some(())
    });
    wait_for("nothing is behind", SOON, || {
        let now = health(&stack);
        (now["lag_records"] == 0 && now["degraded"] == json!([])).then_some(())
    });
    assert_eq!(stack.http.call("get_tlm_cnt", json!(["TEST", "DATA"])), total);
    assert_eq!(groundlog(&["status", "--url", stack.url()]).code, 0);
}
