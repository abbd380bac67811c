//! What operators want of a link, and what of it the link is told: only what can be done.

use crate::{
    ConfigError, InterfaceOptions,
    interface::{self, Built},
};

/// What an operator wants of a link, as the directive says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Connect; parameters, if any, replace those of the plug-in.
    Connect(Vec<String>),
    Disconnect,
}

/// What a link is told. Replacement parameters have been read: a link that works is not left for
/// ones that are wrong.
pub(crate) enum Order {
    Connect(Option<Box<Replacement>>),
    Disconnect,
}

/// An interface rebuilt with other parameters.
pub(crate) struct Replacement {
    pub(super) options: InterfaceOptions,
    pub(super) built: Built,
}

impl Wish {
    /// Makes the order for an interface as it was declared; explicit protocols and options stay
    /// (cosmos-runtime §1.2).
    ///
    /// # Errors
    /// [`ConfigError`] that names the parameter.
    pub(crate) fn order(
        self,
        declared: &InterfaceOptions,
        packet_bytes_max: usize,
    ) -> Result<Order, ConfigError> {
        match self {
            Self::Disconnect => Ok(Order::Disconnect),
            Self::Connect(parameters) if parameters.is_empty() => Ok(Order::Connect(None)),
            Self::Connect(params) => {
                let location = format!("connect {}", declared.name);
                let options = InterfaceOptions { params, location, ..declared.clone() };
                let built = interface::build(&options, packet_bytes_max)?;
                Ok(Order::Connect(Some(Box::new(Replacement { options, built }))))
            }
        }
    }
}
