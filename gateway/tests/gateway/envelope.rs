//! The envelope of JSON-RPC, and every shape of refusal (cosmos-api §1.3 to §1.5).

use serde_json::{Value, json};

use crate::stack::{Stack, health_status};

#[tokio::test]
async fn every_refusal_is_json_with_its_code_and_status() {
    let stack = Stack::start().await;
    let scope = r#""keyword_params":{"scope":"DEFAULT"}"#;
    let call = |rest: &str| format!(r#"{{"jsonrpc":"2.0","id":5,{rest}}}"#);
    let cases = [
        ("".to_owned(), 400, -32600),
        ("<html>".to_owned(), 400, -32600),
        ("[]".to_owned(), 400, -32600),
        (r#"{"jsonrpc":"1.0","method":"tlm","id":5}"#.to_owned(), 400, -32600),
        (r#"{"jsonrpc":"2.0","method":"tlm"}"#.to_owned(), 400, -32600),
        (call(r#""params":[]"#), 400, -32600),
        (call(&format!(r#""method":"nosuch",{scope}"#)), 500, -1),
        (call(&format!(r#""method":"send_raw",{scope}"#)), 500, -1),
        (call(r#""method":"get_target_names""#), 401, -32500),
        (
            call(
                r#""method":"get_target_names","params":[1],"keyword_params":{"scope":"DEFAULT"}"#,
            ),
            500,
            -32602,
        ),
        (
            call(r#""method":"get_target_names","keyword_params":{"scope":"DEFAULT","bad":1}"#),
            500,
            -32602,
        ),
        (call(&format!(r#""method":"cmd","params":["INST CLEAR"],{scope}"#)), 409, -32502),
        (call(&format!(r#""method":"cmd","params":["INST OFF"],{scope}"#)), 500, -1),
        (call(&format!(r#""method":"tlm","params":["INST X Y"],{scope}"#)), 500, -1),
        // No number: neither a time to wait nor an age.
        (
            call(
                r#""method":"cmd","params":["INST COLLECT with TYPE NORMAL"],"keyword_params":{"scope":"DEFAULT","timeout":NaN}"#,
            ),
            500,
            -1,
        ),
        (
            call(
                r#""method":"get_tlm_packet","params":["INST HEALTH_STATUS"],"keyword_params":{"scope":"DEFAULT","stale_time":NaN}"#,
            ),
            500,
            -32602,
        ),
    ];
    for (body, status, code) in cases {
        let answer = stack.client.rpc_body(&body).await;
        let json = answer.json();
        assert_eq!(answer.status, status, "{body}: {json}");
        assert_eq!(answer.header("content-type"), Some("application/json-rpc"), "{body}");
        assert_eq!(json["jsonrpc"], "2.0");
        assert_eq!(json["error"]["code"], code, "{body}: {json}");
        assert!(json["error"].get("data").is_some() && json.get("result").is_none(), "{json}");
        let id = if code == -32600 { Value::Null } else { json!(5) };
        assert_eq!(json["id"], id, "{body}");
    }
    stack.stop().await;
}

#[tokio::test]
async fn the_texts_are_the_interface() {
    let stack = Stack::start().await;
    let error = |method: &'static str, params: Value, keywords: Value| {
        let client = stack.client.clone();
        async move { client.rpc(method, params, keywords).await }
    };
    let unknown = error("nosuch", json!([]), json!({})).await.json();
    assert_eq!(unknown["error"]["message"], "Cannot call unauthorized methods");
    assert_eq!(unknown["error"]["data"], Value::Null);
    let keyword = error("get_target_names", json!([]), json!({ "bad": 1 })).await;
    assert_eq!(keyword.json()["error"]["message"], "Invalid params");
    assert_eq!(keyword.error(), "unknown keyword: :bad");
    let data = &keyword.json()["error"]["data"];
    assert_eq!(data["class"], "ArgumentError");
    assert_eq!(data["backtrace"], json!([]));
    assert_eq!(data["instance_variables"], json!({}));
    let cases = [
        ("send_raw", json!([]), "send_raw is not supported yet"),
        ("tlm", json!([]), "ERROR: Invalid number of arguments (0) passed to tlm()"),
        (
            "tlm",
            json!(["INST TEMP1"]),
            "ERROR: Telemetry Item must be specified as 'TargetName PacketName ItemName' : \
             INST TEMP1",
        ),
        ("tlm", json!(["INST NOPE X"]), "Packet definition 'INST NOPE' does not exist"),
        (
            "tlm",
            json!(["INST", "HEALTH_STATUS", "nope"]),
            "Item 'INST HEALTH_STATUS NOPE' does not exist (TargetModel)",
        ),
        (
            "tlm",
            json!(["INST LATEST NOPE"]),
            "Item 'INST LATEST NOPE' does not exist for scope: DEFAULT",
        ),
        (
            "get_tlm_packet",
            json!(["INST"]),
            "ERROR: Both target name and packet name required. \
             Usage: get_tlm_packet(\"TGT PKT\") or get_tlm_packet(\"TGT\", \"PKT\")",
        ),
        (
            "get_cmd_cnt",
            json!(["INST"]),
            "ERROR: Target name and command name required. \
             Usage: get_cmd_cnt(\"TGT CMD\") or get_cmd_cnt(\"TGT\", \"CMD\")",
        ),
        (
            "get_all_tlm",
            json!(["NOPE"]),
            "Target 'NOPE' does not exist for scope: DEFAULT (TargetModel)",
        ),
        ("get_tlm_values", json!([["INST__X"]]), "items must be formatted as TGT__PKT__ITEM__TYPE"),
        (
            "get_tlm_values",
            json!(["INST"]),
            "items must be array of strings: ['TGT__PKT__ITEM__TYPE', ...]",
        ),
        (
            "get_tlm_values",
            json!([["INST__NOPE__X__RAW"]]),
            "Packet 'INST NOPE' has no current values in CVT",
        ),
        ("get_interface", json!(["nope"]), "Interface 'NOPE' does not exist (get_interface)"),
        (
            "set_tlm",
            json!(["INST X = 5"]),
            "ERROR: Set Telemetry Item must be specified as \
             'TargetName PacketName ItemName = Value' : INST X = 5",
        ),
        (
            "inject_tlm",
            json!(["INST", "HEALTH_STATUS", { "A": 1, "B": 2 }]),
            "Item(s) 'INST HEALTH_STATUS A', 'INST HEALTH_STATUS B' does not exist",
        ),
    ];
    for (method, params, text) in cases {
        let answer = error(method, params, json!({})).await;
        assert_eq!(answer.error(), text, "{method}");
    }
    let typed = json!({ "type": "NOPE" });
    let item = error("tlm", json!(["INST HEALTH_STATUS TEMP1"]), typed).await;
    assert_eq!(item.error(), "Unknown type 'NOPE' for INST HEALTH_STATUS TEMP1 (get_item)");
    stack.stop().await;
}

#[tokio::test]
async fn the_curl_example_of_the_api_document_works_as_printed() {
    let stack = Stack::start().await;
    stack.receive(&health_status(19494, 1, 0)).await;
    let body = r#"{"jsonrpc": "2.0", "method": "tlm", "params": ["INST HEALTH_STATUS TEMP1"], "id": 2, "keyword_params":{"type":"WITH_UNITS","scope":"DEFAULT"}}"#;
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let answer = stack.client.send("POST", "/openc3-api/api", &form, body.as_bytes()).await;
    assert_eq!(answer.body, r#"{"jsonrpc":"2.0","id":2,"result":"94.940 C"}"#);
    assert_eq!(answer.status, 200);
    stack.stop().await;
}

#[tokio::test]
async fn what_clients_leave_out_or_write_otherwise_is_accepted() {
    let stack = Stack::start().await;
    let bodies = [
        r#"{"jsonrpc":"2.0","method":"GET_Target_Names","keyword_params":{"scope":"DEFAULT"},"id":0}"#,
        r#"{"jsonrpc":"2.0","method":"get_target_names","params":[],"keyword_params":{"scope":"DEFAULT","token":"x","manual":true},"id":0}"#,
        r#"{"id":"0","params":null,"keyword_params":{"scope":"DEFAULT"},"method":"get_target_names","jsonrpc":"2.0"}"#,
    ];
    for body in bodies {
        let answer = stack.client.rpc_body(body).await;
        assert_eq!(answer.result(), json!(["INST", "LONELY", "UNKNOWN"]), "{body}");
        assert_eq!(answer.json()["id"], 0);
    }
    let missing = r#"{"jsonrpc":"2.0","method":"tlm","params":["INST ADCS PKTID"],"id":0}"#;
    assert_eq!(stack.client.rpc_body(missing).await.error(), "Scope is required");
    let scope = stack.client.rpc("get_target_names", json!([]), json!({ "scope": "X" })).await;
    assert!(scope.error().contains("Scope 'X' does not exist"), "{}", scope.error());
    stack.stop().await;
}

#[tokio::test]
async fn http_around_the_calls() {
    let stack = Stack::start().await;
    let client = &stack.client;
    let get = client.get("/openc3-api/api").await;
    assert_eq!((get.status, get.body.as_str()), (405, "Request not allowed"));
    let ping = client.get("/openc3-api/ping").await;
    assert_eq!((ping.status, ping.body.as_str()), (200, "OK"));
    let echo = [("Ignore-Errors", "404, 500")];
    let answer = client.send("POST", "/openc3-api/api", &echo, b"{}").await;
    assert_eq!(answer.header("ignore-errors"), Some("404, 500"));
    let preflight = [
        ("Origin", "http://elsewhere"),
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "authorization,x-own"),
    ];
    let answer = client.send("OPTIONS", "/openc3-api/api", &preflight, b"").await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("access-control-allow-headers"), Some("authorization,x-own"));
    assert!(answer.header("access-control-allow-methods").unwrap().contains("DELETE"));
    let large = vec![b' '; 17 * 1024 * 1024];
    let answer = client.post("/openc3-api/api", &large).await;
    assert_eq!((answer.status, answer.json()["error"]["code"].clone()), (413, json!(-32600)));
    stack.until("the fold has started", async || client.get("/health").await.status == 200).await;
    assert_eq!(client.get("/health").await.json()["status"], "UP");
    let metrics = client.get("/metrics").await;
    assert!(metrics.body.contains("groundlog_gateway_requests_total "), "{}", metrics.body);
    assert!(metrics.body.contains("groundlog_lag_records{consumer=\"decom\""), "{}", metrics.body);
    stack.stop().await;
}

#[tokio::test]
async fn large_calls_are_for_those_who_are_known() {
    let stack = Stack::start().await;
    let call = |size: usize, token: &str| {
        let padding = " ".repeat(size);
        format!(
            r#"{{"jsonrpc":"2.0","method":"get_target_names","id":5,{padding}"keyword_params":{{"scope":"DEFAULT"{token}}}}}"#
        )
    };
    let token = r#","token":"password""#;
    let nobody = crate::client::Client { authorization: None, ..stack.client.clone() };
    assert_eq!(nobody.rpc_body(&call(60_000, token)).await.status, 200);
    let refused = nobody.rpc_body(&call(70_000, token)).await;
    assert_eq!((refused.status, &refused.json()["error"]["code"]), (413, &json!(-32600)));
    assert!(refused.error().contains("65536 bytes for calls without a token"));
    let once = stack.client.get("/openc3-api/auth/otp?scope=DEFAULT").await.body;
    for (credential, status) in
        [("wrong", 401), ("ses_wrong", 401), ("otp_wrong", 401), (&*once, 200)]
    {
        let client =
            crate::client::Client { authorization: Some(credential.into()), ..nobody.clone() };
        let answer = client.rpc_body(&call(70_000, "")).await;
        assert_eq!(answer.status, status, "{credential}: {}", answer.body);
    }
    assert_eq!(stack.client.rpc_body(&call(15 << 20, "")).await.status, 200);
    let many = format!(r#"{{"x":[{}0]}}"#, "0,".repeat(2 << 20));
    let refused = stack.client.rpc_body(&many).await;
    assert!(refused.status == 400 && refused.error().contains("too many values"));
    stack.stop().await;
}
