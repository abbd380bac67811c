//! JSON-RPC (cosmos-api §1 and §2): `POST /openc3-api/api`.
//!
//! Whatever happens after the first byte of a request, the answer is a JSON-RPC body: the stock
//! client sends a request again, up to three times, when it gets anything else.

mod arguments;
mod buffers;
mod call;
mod cmd;
mod cmd_info;
mod command_arguments;
mod definition_objects;
mod dispatch;
mod error;
mod inject;
mod interface;
mod lookup;
mod overrides;
mod request;
mod set_tlm;
mod table;
mod target;
mod tlm;
mod tlm_info;
mod tlm_packet;

pub(crate) use dispatch::routes;
pub(crate) use error::RpcError;
