//! Logging in and out (cosmos-api §1.6).

use groundlog_gateway::{Gateway, GatewayError, GatewayOptions, RateLimit};
use groundlog_proto::TopicKind;
use serde_json::json;

use crate::{
    client::{Answer, Client},
    stack::{Stack, memory_log, process},
};

async fn verify(client: &Client, password: &str) -> Answer {
    let body = json!({ "password": password }).to_string();
    client.post("/openc3-api/auth/verify", body.as_bytes()).await
}

async fn works(stack: &Stack, authorization: &str) -> bool {
    let client = Client { authorization: Some(authorization.to_owned()), ..stack.client.clone() };
    let answer = client.rpc("get_target_names", json!([]), json!({})).await;
    let json = answer.json();
    if answer.status != 200 {
        assert_eq!((answer.status, json["error"]["code"].clone()), (401, json!(-32500)));
    }
    answer.status == 200
}

#[tokio::test]
async fn every_credential_is_accepted() {
    let options =
        GatewayOptions { service_password: Some("service-pw".into()), ..GatewayOptions::default() };
    let stack = Stack::with(options).await;
    let client = &stack.client;
    assert_eq!(client.get("/openc3-api/auth/token-exists").await.json(), json!({ "result": true }));
    let login = verify(client, "password").await;
    assert_eq!(login.status, 200);
    assert!(login.header("content-type").unwrap().starts_with("text/plain"));
    let session = login.body;
    assert!(session.starts_with("ses_") && !session.ends_with('\n'), "{session}");
    for credential in ["password", "Bearer password", "service-pw", &session] {
        assert!(works(&stack, credential).await, "{credential}");
    }
    assert!(!works(&stack, "ses_wrong").await && !works(&stack, "wrong-password").await);
    let once = client.get("/openc3-api/auth/otp?scope=DEFAULT").await.body;
    assert!(once.starts_with("otp_"), "{once}");
    assert!(works(&stack, &once).await && !works(&stack, &once).await);
    let nobody = Client { authorization: None, ..client.clone() };
    let refused = nobody.rpc("get_target_names", json!([]), json!({})).await;
    assert_eq!(refused.error(), "Token is required");
    let keyword = nobody.rpc("get_target_names", json!([]), json!({ "token": session })).await;
    assert_eq!(keyword.status, 200);
    let body = json!({ "password": "service-pw" }).to_string();
    let service = client.post("/openc3-api/auth/verify_service", body.as_bytes()).await;
    assert!(works(&stack, &service.body).await);
    stack.stop().await;
}

#[tokio::test]
async fn sessions_survive_a_restart_and_end_with_logout_and_password() {
    let stack = Stack::start().await;
    let first = verify(&stack.client, "password").await.body;
    let second = verify(&stack.client, "password").await.body;
    let log = stack.stop().await;

    let stack = Stack::on(log, GatewayOptions::default()).await;
    assert!(works(&stack, &first).await && works(&stack, &second).await);
    let leaving = Client { authorization: Some(first.clone()), ..stack.client.clone() };
    let left = leaving.send("PUT", "/openc3-api/users/logout/anonymous", &[], b"").await;
    assert_eq!(left.status, 200);
    assert!(!works(&stack, &first).await && works(&stack, &second).await);

    let set = async |body: serde_json::Value| {
        stack.client.post("/openc3-api/auth/set", body.to_string().as_bytes()).await
    };
    for (body, message) in [
        (json!({ "password": "" }), "password must not be nil or empty"),
        (json!({ "password": "short" }), "password must be at least 8 characters"),
        (json!({ "password": "long enough" }), "old_password must not be nil or empty"),
        (json!({ "password": "long enough", "old_password": "x" }), "old_password incorrect"),
    ] {
        let refused = set(body).await;
        assert_eq!((refused.status, refused.json()["message"].as_str()), (500, Some(message)));
    }
    // What is no JSON object says nothing about who asks.
    for (path, body) in [("set", &b"{\"password\""[..]), ("set", b"[]"), ("verify", b"password=x")]
    {
        let refused = stack.client.post(&format!("/openc3-api/auth/{path}"), body).await;
        assert_eq!((refused.status, refused.body.as_str()), (400, ""), "{path}");
    }
    let changed = set(json!({ "password": "long enough", "old_password": "password" })).await;
    assert_eq!(changed.status, 200);
    assert!(works(&stack, &changed.body).await && works(&stack, "long enough").await);
    assert!(!works(&stack, &second).await && !works(&stack, "password").await);
    let log = stack.stop().await;

    // Stored, not configured: still the same after a restart; a configured one goes before it.
    let stack = Stack::on(log, GatewayOptions::default()).await;
    assert!(works(&stack, "long enough").await && works(&stack, &changed.body).await);
    let log = stack.stop().await;
    let options =
        GatewayOptions { password: Some("from outside".into()), ..GatewayOptions::default() };
    let stack = Stack::on(log, options).await;
    assert!(works(&stack, "from outside").await && !works(&stack, &changed.body).await);
    stack.stop().await;
}

/// However many are logged in, so that no number of them can be too many to change the password.
#[tokio::test]
async fn a_password_ends_all_sessions_in_one_record() {
    let stack = Stack::start().await;
    let mut sessions = Vec::new();
    for _ in 0..20 {
        sessions.push(verify(&stack.client, "password").await.body);
    }
    let settings = stack.partition(TopicKind::Settings);
    let before = stack.log.bounds(&settings).await.unwrap().tail;
    let body = json!({ "password": "long enough", "old_password": "password" }).to_string();
    let changed = stack.client.post("/openc3-api/auth/set", body.as_bytes()).await;
    assert!(works(&stack, &changed.body).await);
    // The second one is the session of who has changed it.
    assert_eq!(stack.log.bounds(&settings).await.unwrap().tail, before + 2);
    for session in &sessions {
        assert!(!works(&stack, session).await);
    }
    stack.stop().await;
}

#[tokio::test]
async fn bad_passwords_are_limited_and_successes_never_count() {
    let rate_limit = RateLimit { attempts_max: 2, ..RateLimit::default() };
    let stack = Stack::with(GatewayOptions { rate_limit, ..GatewayOptions::default() }).await;
    for _ in 0..5 {
        assert_eq!(verify(&stack.client, "password").await.status, 200);
    }
    for expected in [401, 401, 429, 429] {
        let refused = verify(&stack.client, "wrong password").await;
        assert_eq!((refused.status, refused.body.as_str()), (expected, ""));
    }
    let wrong = Client { authorization: Some("wrong".into()), ..stack.client.clone() };
    let refused = wrong.rpc("get_target_names", json!([]), json!({})).await;
    assert_eq!((refused.status, refused.json()["error"]["code"].clone()), (429, json!(-32500)));
    // Who is known already is not locked out by others' attempts.
    assert!(works(&stack, "password").await);
    assert_eq!(verify(&stack.client, "password").await.status, 200);
    let malformed = [400, 400];
    for (body, expected) in
        [("", malformed), ("[]", malformed), ("{}", [401, 429]), ("{\"password\":5}", [401, 429])]
    {
        let answer = stack.client.post("/openc3-api/auth/verify_service", body.as_bytes()).await;
        assert!(expected.contains(&answer.status) && answer.body.is_empty(), "{body}: {answer:?}");
    }
    let nobody = Client { authorization: None, ..stack.client.clone() };
    assert_eq!(nobody.get("/groundlog/v1/status").await.status, 401);
    let metrics = stack.client.get("/metrics").await.body;
    // A body that is no object names no password.
    for (reason, count) in [("missing", 1), ("wrong", 4), ("limited", 3)] {
        let name = "groundlog_gateway_refused_credentials_total";
        let line = format!("{name}{{reason=\"{reason}\"}} {count}\n");
        assert!(metrics.contains(&line), "{line}{metrics}");
    }
    stack.stop().await;
}

#[tokio::test]
async fn a_first_password_never_goes_before_a_stored_one() {
    let first = |password: &str| GatewayOptions {
        first_password: Some(password.to_owned()),
        ..GatewayOptions::default()
    };
    let mut stack = Stack::with(first("from the shell")).await;
    assert!(works(&stack, "from the shell").await && !works(&stack, "password").await);
    stack.client.authorization = None;
    let body = json!({ "password": "changed later", "old_password": "from the shell" });
    let changed = stack.client.post("/openc3-api/auth/set", body.to_string().as_bytes()).await;
    assert_eq!(changed.status, 200);
    let log = stack.stop().await;

    let stack = Stack::on(log, first("from the shell")).await;
    assert!(works(&stack, "changed later").await, "the changed password holds");
    assert!(works(&stack, &changed.body).await, "sessions stay open");
    assert!(!works(&stack, "from the shell").await);
    stack.stop().await;

    let exposed = GatewayOptions { listen: "0.0.0.0:0".parse().unwrap(), ..first("password") };
    let refused = Gateway::build(parts(&memory_log().await).await, exposed).await;
    assert!(matches!(refused.err(), Some(GatewayError::DefaultPassword { .. })));
}

#[tokio::test]
async fn parallel_guesses_do_not_get_past_the_limit() {
    let log = Stack::start().await.stop().await;
    // Nobody has logged in yet: even the right password still has to be stretched.
    let rate_limit = RateLimit { attempts_max: 3, ..RateLimit::default() };
    let options = GatewayOptions { rate_limit, ..GatewayOptions::default() };
    let stack = Stack::on(log, options).await;
    let verify_all = async |password: fn(usize) -> String| {
        let calls = (0..20).map(|index| {
            let client = stack.client.clone();
            tokio::spawn(async move { verify(&client, &password(index)).await.status })
        });
        let mut statuses = Vec::new();
        for call in calls.collect::<Vec<_>>() {
            statuses.push(call.await.unwrap());
        }
        statuses
    };
    let good = verify_all(|_| "password".to_owned()).await;
    assert_eq!(good, [200; 20], "successes never count");
    let bad = verify_all(|index| format!("wrong password {index}")).await;
    let count = |status| bad.iter().filter(|it| **it == status).count();
    assert_eq!((count(401), count(429)), (3, 17), "{bad:?}");
    stack.stop().await;
}

#[tokio::test]
async fn the_default_password_is_not_served_to_the_network() {
    let stack = Stack::start().await;
    let log = stack.stop().await;
    let options = |password: Option<&str>| GatewayOptions {
        listen: "0.0.0.0:0".parse().unwrap(),
        password: password.map(str::to_owned),
        ..GatewayOptions::default()
    };
    for password in [None, Some("password")] {
        let refused = Gateway::build(parts(&log).await, options(password)).await.err().unwrap();
        assert!(matches!(refused, GatewayError::DefaultPassword { .. }), "{refused}");
        assert!(refused.to_string().contains("gateway.password_file"));
    }
    assert!(Gateway::build(parts(&log).await, options(Some("one of my own"))).await.is_ok());
    assert!(Gateway::build(parts(&log).await, options(None)).await.is_ok());
    let taken = Gateway::build(
        parts(&memory_log().await).await,
        GatewayOptions {
            listen: "192.0.2.1:1".parse().unwrap(),
            password: Some("one of my own".into()),
            ..GatewayOptions::default()
        },
    );
    let error = taken.await.err().unwrap().to_string();
    assert!(error.contains("192.0.2.1:1"), "{error}");
}

async fn parts(log: &std::sync::Arc<dyn groundlog_log::Log>) -> groundlog_gateway::Parts {
    use groundlog_cvt::{Cvt, CvtOptions};
    use groundlog_projection::{DefinitionStore, MetricsRegistry, RunnerOptions, SettingsStore};
    let names = groundlog_proto::TopicNames::default();
    let settings = SettingsStore::open(log.clone(), &names).await.unwrap();
    let definitions = DefinitionStore::new(log.clone(), &names, settings.clone());
    let runner = RunnerOptions::new(log.clone(), names, "parts");
    let current = Cvt::build(CvtOptions::new(runner, definitions.clone())).values();
    groundlog_gateway::Parts {
        log: log.clone(),
        settings,
        definitions,
        current,
        process: process(log, "parts", &MetricsRegistry::new()),
        metrics: MetricsRegistry::new(),
    }
}
