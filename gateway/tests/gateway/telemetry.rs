//! Reading telemetry (cosmos-api §2.3, §2.4).

use serde_json::{Value, json};

use crate::stack::{Stack, health_status};

pub(crate) async fn values_in_all_forms(stack: Stack) {
    let client = &stack.client;
    let item = "INST HEALTH_STATUS TEMP1";
    assert_eq!(client.call("tlm", json!([item])).await, Value::Null);
    assert_eq!(client.call("tlm", json!(["INST HEALTH_STATUS RECEIVED_COUNT"])).await, 0);
    stack.receive(&health_status(19494, 3, 1)).await;

    let cases = [
        ("tlm", json!([item]), json!(94.94)),
        ("tlm", json!(["inst", "health_status", "temp1"]), json!(94.94)),
        ("tlm", json!(["INST LATEST TEMP1"]), json!(94.94)),
        ("tlm_raw", json!([item]), json!(19494)),
        ("tlm_formatted", json!([item]), json!("94.940 C")),
        ("tlm_with_units", json!([item]), json!("94.940 C")),
        ("tlm", json!(["INST HEALTH_STATUS COLLECT_TYPE"]), json!("SPECIAL")),
        ("tlm_raw", json!(["INST HEALTH_STATUS COLLECT_TYPE"]), json!(1)),
        ("tlm_formatted", json!(["INST HEALTH_STATUS COLLECTS"]), json!("3")),
        ("tlm", json!(["INST HEALTH_STATUS DURATION"]), json!(2.5)),
        ("tlm", json!(["INST HEALTH_STATUS ARY"]), json!([1, 2, 3])),
        ("tlm", json!(["INST HEALTH_STATUS ARY[1]"]), json!(2)),
        ("tlm", json!(["INST LATEST ARY[1]"]), json!(2)),
        ("get_tlm_values", json!([["INST__LATEST__ARY[2]__RAW"]]), json!([[3, null]])),
        (
            "tlm",
            json!(["INST HEALTH_STATUS BLK"]),
            json!({ "json_class": "String", "raw": [0xDE, 0xAD] }),
        ),
        ("tlm", json!(["INST HEALTH_STATUS RECEIVED_COUNT"]), json!(1)),
        ("get_tlm_cnt", json!(["INST HEALTH_STATUS"]), json!(1)),
        (
            "get_tlm_cnts",
            json!([[["INST", "HEALTH_STATUS"], ["INST", "ADCS"], ["X", "Y"]]]),
            json!([1, 0, 0]),
        ),
        ("get_all_tlm_names", json!(["INST"]), json!(["ADCS", "HEALTH_STATUS"])),
        ("get_all_tlm_names", json!(["NOPE"]), json!([])),
        ("get_all_cmd_names", json!(["INST"]), json!(["CLEAR", "COLLECT"])),
    ];
    for (method, params, expected) in cases {
        let found = client.call(method, params.clone()).await;
        let close = match (found.as_f64(), expected.as_f64()) {
            (Some(found), Some(expected)) => (found - expected).abs() < 1e-9,
            _ => found == expected,
        };
        assert!(close, "{method} {params}: {found}, expected {expected}");
    }
    // What nothing identifies has no values of its own, but was received.
    stack.append_raw(&[99, 1, 2]).await;
    let count = json!(["UNKNOWN UNKNOWN RECEIVED_COUNT"]);
    stack.until("it counts", async || client.call("tlm", count.clone()).await == 1).await;
    let seconds = json!(["UNKNOWN UNKNOWN RECEIVED_TIMESECONDS"]);
    assert!(client.call("tlm", seconds).await.as_f64() > Some(1e9));
    let hidden = json!({ "hidden": true });
    let names = client.rpc("get_all_cmd_names", json!(["INST"]), hidden).await;
    assert_eq!(names.result(), json!(["CLEAR", "COLLECT", "OFF"]));
    let typed = client.rpc("tlm", json!([item]), json!({ "type": "WITH_UNITS" })).await;
    assert_eq!(typed.result(), "94.940 C");
    let whole =
        client.rpc("tlm", json!(["INST HEALTH_STATUS DURATION"]), json!({ "type": null })).await;
    assert!(whole.body.contains("\"result\":2.5"), "{}", whole.body);
    // Bytes that are no text stay bytes in every form.
    let mut bytes = health_status(19494, 4, 1);
    let block = bytes.len() - 3;
    bytes[block..block + 2].copy_from_slice(&[0xDE, 0xFF]);
    stack.receive(&bytes).await;
    let block = client.call("tlm_formatted", json!(["INST HEALTH_STATUS BLK"])).await;
    assert_eq!(block, json!({ "json_class": "String", "raw": [0xDE, 0xFF] }));
    stack.stop().await;
}

pub(crate) async fn packets_and_lists_of_values(stack: Stack) {
    let client = &stack.client;
    let packet = json!(["INST HEALTH_STATUS"]);
    let before = client.call("get_tlm_packet", packet.clone()).await;
    assert!(before.as_array().unwrap().iter().all(|row| row[2].is_null()), "{before}");
    stack.receive(&health_status(19494, 3, 0)).await;

    let rows = client.call("get_tlm_packet", packet.clone()).await;
    let names: Vec<&str> =
        rows.as_array().unwrap().iter().map(|row| row[0].as_str().unwrap()).collect();
    let own = ["PKTID", "TEMP1", "COLLECTS", "COLLECT_TYPE", "DURATION", "ARY", "BLK"];
    assert_eq!(names[..7], own, "hidden items are left out, derived ones come last");
    assert!(names[7..].contains(&"RECEIVED_COUNT"));
    assert_eq!(rows[1][2], "RED_HIGH");
    assert_eq!(rows[2], json!(["COLLECTS", 3, null]));
    let formatted =
        client.rpc("get_tlm_packet", packet.clone(), json!({ "type": "FORMATTED" })).await;
    assert_eq!(formatted.result()[1][1], "94.940 C");
    let stale = client.rpc("get_tlm_packet", packet, json!({ "stale_time": -1 })).await;
    assert_eq!(stale.result()[1][2], "STALE");

    let asked = json!([[
        "INST__HEALTH_STATUS__TEMP1__FORMATTED",
        "inst__health_status__collect_type__converted",
        null,
        "INST__HEALTH_STATUS__NOPE__RAW",
        "INST__LATEST__TEMP1__RAW__LIMITS",
    ]]);
    let values = client.call("get_tlm_values", asked).await;
    let expected = json!([
        ["94.940 C", "RED_HIGH"],
        ["NORMAL", null],
        [null, null],
        [null, null],
        [19494, "RED_HIGH"],
    ]);
    assert_eq!(values, expected);
    assert_eq!(client.call("get_tlm_values", json!([[]])).await, json!([]));
    let available = json!([[
        "INST__HEALTH_STATUS__TEMP1__FORMATTED",
        "INST__HEALTH_STATUS__COLLECT_TYPE__FORMATTED",
        "INST__HEALTH_STATUS__RECEIVED_COUNT__FORMATTED",
        "INST__HEALTH_STATUS__NOPE__RAW",
    ]]);
    let expected = json!([
        "INST__HEALTH_STATUS__TEMP1__FORMATTED__LIMITS",
        "INST__HEALTH_STATUS__COLLECT_TYPE__CONVERTED",
        "INST__HEALTH_STATUS__RECEIVED_COUNT__RAW",
        null,
    ]);
    assert_eq!(client.call("get_tlm_available", available).await, expected);
    let buffer = client.call("get_tlm_buffer", json!(["INST", "HEALTH_STATUS"])).await;
    assert_eq!(buffer["buffer"]["raw"], json!(health_status(19494, 3, 0)));
    assert_eq!((&buffer["received_count"], &buffer["stored"]), (&json!("1"), &json!("false")));
    stack.stop().await;
}

pub(crate) async fn definitions_as_objects(stack: Stack) {
    let client = &stack.client;
    let packet = client.call("get_tlm", json!(["INST HEALTH_STATUS"])).await;
    assert_eq!(packet["packet_name"], "HEALTH_STATUS");
    let item = client.call("get_item", json!(["INST", "HEALTH_STATUS", "TEMP1"])).await;
    assert_eq!((&item["units"], &item["bit_size"]), (&json!("C"), &json!(16)));
    assert_eq!(item["limits"]["DEFAULT"]["red_high"], 80.0);
    let command = client.call("get_cmd", json!(["INST CLEAR"])).await;
    assert_eq!(command["hazardous_description"], "Clearing counters");
    let parameter = client.call("get_param", json!(["INST COLLECT TYPE"])).await;
    assert_eq!(parameter["states"]["SPECIAL"], json!({ "value": 1, "hazardous": "Uses power" }));
    assert_eq!(parameter["required"], true);
    for (method, arguments) in [("get_param", 4), ("get_cmd_value", 5)] {
        let names = ["INST", "COLLECT", "TYPE", "RAW", "RAW"];
        let wrong = client.rpc(method, json!(names[..arguments]), json!({})).await;
        let expected =
            format!("ERROR: Invalid number of arguments ({arguments}) passed to {method}()");
        assert_eq!(wrong.error(), expected);
    }
    assert_eq!(client.call("get_all_tlm", json!(["INST"])).await.as_array().unwrap().len(), 2);
    assert_eq!(client.call("get_all_cmds", json!(["INST"])).await.as_array().unwrap().len(), 3);
    assert_eq!(client.call("get_target", json!(["INST"])).await["name"], "INST");
    assert_eq!(client.call("get_target", json!(["NOPE"])).await, Value::Null);
    assert_eq!(
        client.call("get_target_interfaces", json!([])).await,
        json!([["INST", "INST_INT"], ["LONELY", ""]])
    );
    assert_eq!(client.call("get_limits_set", json!([])).await, "DEFAULT");
    stack.stop().await;
}

/// A reader that asks for two packets in turn, thousands of times in one call, while one of them
/// is being received: its items all come from one reception.
pub(crate) async fn a_list_of_values_never_mixes_two_receptions_of_a_packet(stack: Stack) {
    stack.receive(&health_status(1, 1, 0)).await;
    let items: Vec<_> = (0..4000)
        .map(|index| match index % 2 {
            0 => "INST__HEALTH_STATUS__COLLECTS__RAW",
            _ => "INST__ADCS__COLLECTS__RAW",
        })
        .collect();
    let (client, asked) = (stack.client.clone(), json!([items]));
    let reading = tokio::spawn(async move {
        let mut seen = std::collections::BTreeSet::new();
        while seen.len() < 10 {
            let values = client.call("get_tlm_values", asked.clone()).await;
            let rows = values.as_array().unwrap();
            let counts: std::collections::BTreeSet<_> =
                rows.iter().step_by(2).map(|row| row[0].as_u64().unwrap()).collect();
            assert_eq!(counts.len(), 1, "mixed: {counts:?}");
            seen.extend(counts);
        }
    });
    let mut collects = 1;
    while !reading.is_finished() {
        collects += 1;
        stack.receive(&health_status(1, collects, 0)).await;
    }
    reading.await.unwrap();
    stack.stop().await;
}
