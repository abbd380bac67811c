//! Changing what telemetry reads: `set_tlm`, `override_tlm`, `inject_tlm` (cosmos-api §2.4).

use serde_json::json;

use crate::stack::{Stack, health_status};

const TEMP1: &str = "INST HEALTH_STATUS TEMP1";

pub(crate) async fn what_is_set_lasts_until_the_next_packet(stack: Stack) {
    let client = &stack.client;
    stack.receive(&health_status(19494, 1, 0)).await;
    client.call("set_tlm", json!(["INST HEALTH_STATUS TEMP1 = 5.5"])).await;
    // Readable as soon as the call has returned.
    assert_eq!(client.call("tlm", json!([TEMP1])).await, 5.5);
    assert_eq!(client.call("tlm_raw", json!([TEMP1])).await, 19494);
    let raw = json!({ "type": "RAW" });
    let set = client.rpc("set_tlm", json!(["INST", "HEALTH_STATUS", "TEMP1", 7]), raw).await;
    set.result();
    assert_eq!(client.call("tlm_raw", json!([TEMP1])).await, 7);
    let all = json!({ "type": "ALL" });
    client.rpc("set_tlm", json!(["INST LATEST TEMP1 = 'nine'"]), all).await.result();
    assert_eq!(client.call("tlm_formatted", json!([TEMP1])).await, "nine");
    assert_eq!(client.call("get_tlm_cnt", json!(["INST HEALTH_STATUS"])).await, 1);
    stack.receive(&health_status(10000, 2, 0)).await;
    assert_eq!(client.call("tlm", json!([TEMP1])).await, 0.0);
    assert_eq!(client.call("tlm_raw", json!([TEMP1])).await, 10000);
    let wrong =
        client.rpc("set_tlm", json!([format!("{TEMP1} = 1")]), json!({ "type": "X" })).await;
    assert_eq!(wrong.error(), format!("Unknown type 'X' for {TEMP1} (set_item)"));
    stack.stop().await;
}

pub(crate) async fn overrides_outlast_packets_and_restarts(stack: Stack) {
    stack.receive(&health_status(19494, 1, 0)).await;
    let client = &stack.client;
    client.call("override_tlm", json!(["INST HEALTH_STATUS TEMP1 = 5"])).await;
    for (method, expected) in
        [("tlm", json!(5)), ("tlm_raw", json!(5)), ("tlm_formatted", json!("5"))]
    {
        assert_eq!(client.call(method, json!([TEMP1])).await, expected, "{method}");
    }
    let values = client.call("get_tlm_values", json!([["INST__HEALTH_STATUS__TEMP1__RAW"]])).await;
    assert_eq!(values, json!([[5, null]]), "overridden values have no limits state");
    stack.receive(&health_status(10000, 2, 0)).await;
    assert_eq!(client.call("tlm", json!([TEMP1])).await, 5);
    let raw = json!({ "type": "RAW" });
    client.rpc("normalize_tlm", json!([TEMP1]), raw).await.result();
    assert_eq!(client.call("tlm_raw", json!([TEMP1])).await, 10000);

    let stack = stack.again().await;
    let client = &stack.client;
    let overrides = client.call("get_overrides", json!([])).await;
    let row = |value_type: &str, value: serde_json::Value| {
        json!({
            "target_name": "INST", "packet_name": "HEALTH_STATUS", "item_name": "TEMP1",
            "value_type": value_type, "value": value,
        })
    };
    assert_eq!(overrides, json!([row("CONVERTED", json!(5)), row("FORMATTED", json!("5"))]));
    client.call("normalize_tlm", json!([TEMP1])).await;
    assert_eq!(client.call("get_overrides", json!([])).await, json!([]));
    let wrong = client.rpc("normalize_tlm", json!([TEMP1]), json!({ "type": "X" })).await;
    assert_eq!(wrong.error(), format!("Unknown type 'X' for {TEMP1} (normalize)"));
    stack.stop().await;
}

pub(crate) async fn an_element_of_an_array_is_not_changed_alone(stack: Stack) {
    stack.receive(&health_status(19494, 1, 0)).await;
    let client = &stack.client;
    for (method, text) in [
        ("set_tlm", "INST HEALTH_STATUS ARY[0] = 5"),
        ("override_tlm", "INST HEALTH_STATUS ARY[0] = 5"),
        ("normalize_tlm", "INST HEALTH_STATUS ARY[0]"),
    ] {
        let refused = client.rpc(method, json!([text]), json!({})).await;
        let expected = "Item 'INST HEALTH_STATUS ARY[0]' does not exist (TargetModel)";
        assert_eq!(refused.error(), expected, "{method}");
    }
    for method in ["tlm", "tlm_raw"] {
        let array = client.call(method, json!(["INST HEALTH_STATUS ARY"])).await;
        assert_eq!(array, json!([1, 2, 3]), "{method}");
    }
    assert_eq!(client.call("get_overrides", json!([])).await, json!([]));
    stack.stop().await;
}

pub(crate) async fn injected_packets_are_packets(stack: Stack) {
    let client = &stack.client;
    let name = |items| json!(["INST", "HEALTH_STATUS", items]);
    client.call("inject_tlm", name(json!({ "TEMP1": 5.0, "collect_type": "SPECIAL" }))).await;
    let temp1 = client.call("tlm", json!([TEMP1])).await.as_f64().unwrap();
    assert!((temp1 - 5.0).abs() < 0.01 || client.call("tlm_raw", json!([TEMP1])).await == 5);
    assert_eq!(client.call("tlm", json!(["INST HEALTH_STATUS COLLECT_TYPE"])).await, "SPECIAL");
    assert_eq!(client.call("tlm", json!(["INST HEALTH_STATUS PKTID"])).await, 1);
    stack.receive(&health_status(19494, 9, 0)).await;
    let raw = json!({ "type": "RAW" });
    client.rpc("inject_tlm", name(json!({ "TEMP1": 10000 })), raw).await.result();
    assert_eq!(client.call("tlm", json!([TEMP1])).await, 0.0);
    // The rest is of the packet before.
    assert_eq!(client.call("tlm", json!(["INST HEALTH_STATUS COLLECTS"])).await, 9);
    assert_eq!(client.call("get_tlm_cnt", json!(["INST HEALTH_STATUS"])).await, 3);

    let stored =
        json!({ "type": "RAW", "stored": true, "received_time": 1_700_000_000_000_000_000_u64 });
    client.rpc("inject_tlm", name(json!({ "TEMP1": 1 })), stored).await.result();
    stack
        .until("the stored packet counts", async || {
            client.call("get_tlm_cnt", json!(["INST HEALTH_STATUS"])).await == 4
        })
        .await;
    assert_eq!(client.call("tlm_raw", json!([TEMP1])).await, 10000, "live values do not move");
    assert_eq!(client.call("tlm", json!(["INST HEALTH_STATUS RECEIVED_COUNT"])).await, 3);

    let state = client.rpc("inject_tlm", name(json!({ "COLLECT_TYPE": "NOPE" })), json!({})).await;
    assert_eq!(
        state.error(),
        "Unknown state 'NOPE' for COLLECT_TYPE, must be one of NORMAL, SPECIAL"
    );
    let too_large = client.rpc("inject_tlm", name(json!({ "COLLECTS": 70000 })), json!({})).await;
    assert_eq!(too_large.error(), "COLLECTS: value of 70000 invalid for 16-bit UINT");
    let derived = name(json!({ "RECEIVED_COUNT": 5 }));
    let derived = client.rpc("inject_tlm", derived, json!({})).await;
    assert!(derived.error().contains("DERIVED"), "{}", derived.error());
    let typed = client.rpc("inject_tlm", name(json!({})), json!({ "type": "X" })).await;
    assert_eq!(typed.error(), "Unknown type 'X' for INST HEALTH_STATUS (inject_tlm)");
    stack.stop().await;
}
