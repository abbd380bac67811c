//! Names in positional arguments: one text, or one argument per name (cosmos-api §2, tags ARGC,
//! TP, TPI, TC, TCP, TLMTXT).

use groundlog_packet::Value;

use super::{call::Call, error::RpcError};

/// A packet's names in capitals.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct PacketName {
    pub(crate) target: String,
    pub(crate) packet: String,
}

/// An item's names in capitals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ItemPath {
    pub(crate) target: String,
    pub(crate) packet: String,
    pub(crate) item: String,
}

/// Names an item the way a test says it.
impl ItemPath {
    pub(crate) fn new(target: &str, packet: &str, item: &str) -> Self {
        let (target, packet, item) =
            (target.to_uppercase(), packet.to_uppercase(), item.to_uppercase());
        Self { target, packet, item }
    }
}

impl std::fmt::Display for ItemPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {}", self.target, self.packet, self.item)
    }
}

/// Refuses a number of arguments that no form of the call has.
pub(crate) fn wrong_count(method: &str, count: usize) -> RpcError {
    RpcError::runtime(format!("ERROR: Invalid number of arguments ({count}) passed to {method}()"))
}

/// Reads `"T P"` or T, P of a telemetry packet.
pub(crate) fn telemetry_packet(call: &Call<'_>) -> Result<PacketName, RpcError> {
    packet(call, |method| {
        format!(
            "ERROR: Both target name and packet name required. \
             Usage: {method}(\"TGT PKT\") or {method}(\"TGT\", \"PKT\")"
        )
    })
}

/// Reads `"T C"` or T, C of a command.
pub(crate) fn command_packet(call: &Call<'_>) -> Result<PacketName, RpcError> {
    packet(call, |method| {
        format!(
            "ERROR: Target name and command name required. \
             Usage: {method}(\"TGT CMD\") or {method}(\"TGT\", \"CMD\")"
        )
    })
}

fn packet(call: &Call<'_>, usage: impl Fn(&str) -> String) -> Result<PacketName, RpcError> {
    let names = names(call, 2)?;
    match <[String; 2]>::try_from(names) {
        Ok([target, packet]) => Ok(PacketName { target, packet }),
        Err(_) => Err(RpcError::runtime(usage(call.method))),
    }
}

/// Reads `"T P I"` or T, P, I of a telemetry item.
pub(crate) fn telemetry_item(call: &Call<'_>) -> Result<ItemPath, RpcError> {
    item(names(call, 3)?, || {
        format!(
            "ERROR: Target name, packet name and item name are required. \
             Usage: {0}(\"TGT PKT ITEM\") or {0}(\"TGT\", \"PKT\", \"ITEM\")",
            call.method
        )
    })
}

/// Reads `"T C K"` or T, C, K of a command's parameter; of up to `count_max` arguments those behind
/// the names are the caller's matter.
pub(crate) fn command_parameter(call: &Call<'_>, count_max: usize) -> Result<ItemPath, RpcError> {
    let names = match call.params.get(..3) {
        Some(three) if call.params.len() <= count_max => texts(three),
        _ => names(call, 3)?,
    };
    item(names, || {
        format!(
            "ERROR: Target name, command name and parameter name required. \
             Usage: {0}(\"TGT CMD PARAM\") or {0}(\"TGT\", \"CMD\", \"PARAM\")",
            call.method
        )
    })
}

/// Reads the text or the three arguments of the `tlm` family, whose refusal shows the text.
pub(crate) fn tlm_item(call: &Call<'_>) -> Result<ItemPath, RpcError> {
    match call.params.as_slice() {
        [Value::String(text)] => three_words(text).ok_or_else(|| {
            RpcError::runtime(format!(
                "ERROR: Telemetry Item must be specified as \
                 'TargetName PacketName ItemName' : {text}"
            ))
        }),
        [Value::String(target), Value::String(packet), Value::String(item)] => {
            Ok(ItemPath::new(target, packet, item))
        }
        [_, _, _] => telemetry_item(call),
        other => Err(wrong_count(call.method, other.len())),
    }
}

/// Reads exactly three words.
pub(crate) fn three_words(text: &str) -> Option<ItemPath> {
    let mut words = text.split_whitespace();
    let (target, packet, item) = (words.next()?, words.next()?, words.next()?);
    words.next().is_none().then(|| ItemPath::new(target, packet, item))
}

fn item(names: Vec<String>, usage: impl Fn() -> String) -> Result<ItemPath, RpcError> {
    match <[String; 3]>::try_from(names) {
        Ok([target, packet, item]) => Ok(ItemPath { target, packet, item }),
        Err(_) => Err(RpcError::runtime(usage())),
    }
}

/// Splits one text into at most `count` names, or takes `count` arguments; fewer names than that
/// are the caller's matter.
fn names(call: &Call<'_>, count: usize) -> Result<Vec<String>, RpcError> {
    match call.params.as_slice() {
        [Value::String(text)] => {
            Ok(text.split_whitespace().take(count).map(str::to_uppercase).collect())
        }
        params if params.len() == count => Ok(texts(params)),
        params => Err(wrong_count(call.method, params.len())),
    }
}

fn texts(params: &[Value]) -> Vec<String> {
    let given = params.iter().filter(|value| !value.is_null());
    given.map(|value| value.to_string().to_uppercase()).collect()
}

/// Reads a single name, such as a target's or an interface's.
pub(crate) fn one_name(call: &Call<'_>) -> String {
    call.params.first().map(ToString::to_string).unwrap_or_default().to_uppercase()
}

/// Reads a list of pairs of names.
pub(crate) fn pairs(value: &Value) -> Option<Vec<PacketName>> {
    let Value::Array(rows) = value else {
        return None;
    };
    let pair = |row: &Value| match row {
        Value::Array(names) if names.len() >= 2 => Some(PacketName {
            target: names[0].to_string().to_uppercase(),
            packet: names[1].to_string().to_uppercase(),
        }),
        _ => None,
    };
    rows.iter().map(pair).collect()
}
