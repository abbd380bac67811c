//! A small HTTP client: what goes over the wire is what the test wrote.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// Returns the text of a JSON-RPC error.
    pub(crate) fn error(&self) -> String {
        let body = self.json();
        body["error"]["data"]["message"].as_str().unwrap_or_else(|| panic!("{body}")).to_owned()
    }

    pub(crate) fn result(&self) -> Value {
        let body = self.json();
        assert_eq!(self.status, 200, "{body}");
        body["result"].clone()
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) address: SocketAddr,
    pub(crate) authorization: Option<String>,
}

impl Client {
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n",
            body.len()
        );
        if let Some(authorization) = &self.authorization {
            head += &format!("Authorization: {authorization}\r\n");
        }
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(format!("{head}\r\n").as_bytes()).await.unwrap();
        // The server may answer and close before it has read a body that is too large.
        let _ = stream.write_all(body).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], b"").await
    }

    pub(crate) async fn post(&self, path: &str, body: &[u8]) -> Answer {
        self.send("POST", path, &[], body).await
    }

    pub(crate) async fn rpc_body(&self, body: &str) -> Answer {
        self.post("/openc3-api/api", body.as_bytes()).await
    }

    pub(crate) async fn rpc(&self, method: &str, params: Value, keywords: Value) -> Answer {
        let mut keyword_params = json!({ "scope": "DEFAULT" });
        if let (Value::Object(all), Value::Object(more)) = (&mut keyword_params, keywords) {
            all.extend(more);
        }
        let request = json!({
            "jsonrpc": "2.0", "method": method, "params": params,
            "keyword_params": keyword_params, "id": 0,
        });
        self.rpc_body(&request.to_string()).await
    }

    /// Calls a method that is to succeed.
    pub(crate) async fn call(&self, method: &str, params: Value) -> Value {
        self.rpc(method, params, json!({})).await.result()
    }
}
