//! Real spacecraft data: every value of 7 200 NOAA-20 packets.

use std::{collections::BTreeMap, path::Path};

use groundlog_tests::{Stack, StackOptions, groundlog, shared, workspace};
use serde_json::{Value, json};

const PACKETS: usize = 7_200;
const FILE: &str = "data/jpss/J01_G011_LZ_2021-04-09T00-00-00Z_V01.DAT1";

/// Returns header and rows of the expected values.
fn expected(path: &Path) -> (Vec<String>, Vec<Vec<f64>>) {
    let text = std::fs::read_to_string(path).expect("expected values");
    let mut lines = text.lines();
    let header = lines.next().expect("header").split(',').map(str::to_owned).collect();
    let number = |cell: &str| cell.parse::<f64>().expect("a number");
    (header, lines.map(|line| line.split(',').map(number).collect()).collect())
}

/// Compares raw values by name; the expected columns are the XTCE parameter names.
fn compare(found: &[BTreeMap<String, Value>], header: &[String], rows: &[Vec<f64>]) {
    assert_eq!((found.len(), rows.len()), (PACKETS, PACKETS));
    for (index, (found, row)) in found.iter().zip(rows).enumerate() {
        for (name, expected) in header.iter().zip(row) {
            let value = found.get(name).and_then(Value::as_f64);
            assert_eq!(value, Some(*expected), "packet {index}, {name}");
        }
    }
}

fn members(value: &Value) -> BTreeMap<String, Value> {
    let object = value.as_object().expect("an object");
    object.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[test]
fn offline_decoding_equals_the_expected_values() {
    let (Some(file), Some(csv)) = (shared(FILE), shared("data/jpss/expected_raw.csv")) else {
        return;
    };
    let document = shared("data/jpss/jpss1_geolocation_xtce_v1.xml").expect("beside the others");
    let plugin = workspace().join("tests/plugins/JPSS");
    let file = file.to_string_lossy();
    let (header, rows) = expected(&csv);
    for (option, definitions) in [("--plugin", plugin), ("--xtce", document)] {
        let definitions = definitions.to_string_lossy();
        let arguments =
            ["decode", option, &definitions, "--time", "cds:6", "--raw", "--jsonl", &file];
        let lines = groundlog(&arguments).json_lines();
        let found: Vec<_> = lines.iter().map(|line| members(&line["values"])).collect();
        compare(&found, &header, &rows);
        assert_eq!((&lines[0]["offset"], &lines[1]["offset"]), (&json!(0), &json!(71)));
        assert_eq!(lines[0]["time"], "2021-04-09T00:00:00.007137000Z");
    }
}

#[test]
fn an_import_equals_the_expected_values_moves_nothing_live_and_adds_nothing_twice() {
    let (Some(file), Some(csv)) = (shared(FILE), shared("data/jpss/expected_raw.csv")) else {
        return;
    };
    let plugin = workspace().join("tests/plugins/JPSS");
    let stack = Stack::start(&StackOptions::with(&["--plugin", &plugin.to_string_lossy()]));
    let file = file.to_string_lossy();
    let import = || {
        let arguments = [
            "replay",
            &file,
            "--format",
            "ccsds",
            "--target",
            "JPSS",
            "--time",
            "cds:6",
            "--json",
            "--url",
            stack.url(),
        ];
        groundlog(&arguments).json_lines().remove(0)
    };
    let first = import();
    assert_eq!(first["appended"].as_u64(), Some(PACKETS as u64), "{first}");
    let second = import();
    assert_eq!(second["appended"].as_u64(), Some(0), "{second}");

    let count = || stack.http.call("get_tlm_cnt", json!(["JPSS", "JPSS_ATT_EPHEM"])).as_u64();
    let bound = std::time::Duration::from_secs(20);
    groundlog_tests::wait_for("every packet is decommutated", bound, || {
        count().filter(|count| *count >= PACKETS as u64)
    });
    let data = stack.data().to_string_lossy().into_owned();
    let records =
        groundlog(&["log", "cat", "decom.stored", "--json", "--data", &data]).json_lines();
    let (header, rows) = expected(&csv);
    let mut found: Vec<_> = records.iter().collect();
    found.sort_by_key(|record| record["source"]["offset"].as_u64());
    let values: Vec<_> = found.iter().map(|record| members(&record["raw"])).collect();
    compare(&values, &header, &rows);
    assert!(found.iter().all(|record| record["stored"] == true));
    assert_eq!(found[0]["packet_time"], "2021-04-09T00:00:00.007137000Z");
    assert_eq!(found[0]["received_time"], found[0]["packet_time"]);

    let live = groundlog(&["log", "cat", "decom", "--json", "--data", &data]).json_lines();
    assert!(live.iter().all(|record| record["target"] != "JPSS"), "{live:?}");
    let value = stack.http.call("tlm", json!(["JPSS", "JPSS_ATT_EPHEM", "ADGPSPOSX"]));
    assert_eq!(value, Value::Null, "a stored packet moved the live table");
}
