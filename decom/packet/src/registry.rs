//! Code in Rust for the classes that definitions name (cosmos-packets §2.8).
//!
//! `READ_CONVERSION`, `WRITE_CONVERSION`, `PROCESSOR`, `LIMITS_RESPONSE` and `VALIDATOR` name a class. What
//! is built in comes first; then a [`Registry`] is asked, which a program fills when it starts;
//! what neither knows stays opaque ([`crate::definition::Opaque`]).
//!
//! **What decodes must be a function.** Conversions and processors are part of the decommutation,
//! which can be repeated bit for bit at any time and by any process: they see the value, the
//! packet and what was gathered before, and nothing else (no clock, no file, no counter of their
//! own), and every process that reads the definitions registers the same code. Limits responses
//! and validators act on the world; they are called outside the fold, once something has happened
//! or before something is sent, never while history is read again.
//!
//! Code that panics takes the role down that runs it.
//!
//! ```
//! use groundlog_packet::definition::{Definitions, PacketKind, TargetSource, ValueType};
//! use groundlog_packet::access::{PacketBuffer, PacketTimes, PacketView};
//! use groundlog_packet::registry::{CodeError, ConversionCode, PacketContext, Registry};
//! use groundlog_packet::Value;
//!
//! /// `READ_CONVERSION gain_conversion.rb 2.5`
//! struct Gain(f64);
//!
//! impl ConversionCode for Gain {
//!     fn convert(&self, value: &Value, _: &PacketContext<'_>) -> Result<Value, CodeError> {
//!         let number = value.as_f64().ok_or("needs a number")?;
//!         Ok(Value::Float(number * self.0))
//!     }
//! }
//!
//! let mut registry = Registry::default();
//! registry.conversion("GainConversion", |parameters| Ok(Gain(parameters.float(0)?)));
//!
//! let source = TargetSource {
//!     name: "INST".into(),
//!     target_txt: String::new(),
//!     files: vec![(
//!         "cmd_tlm/tlm.txt".into(),
//!         "TELEMETRY INST HEALTH BIG_ENDIAN\n  APPEND_ID_ITEM ID 8 UINT 1\n  \
//!            APPEND_ITEM TEMP 8 UINT\n    READ_CONVERSION gain_conversion.rb 2.5\n"
//!             .into(),
//!     )],
//!     binary_files: vec![],
//! };
//! let definitions = Definitions::builder().with_registry(registry).add_target(source).build()?;
//! assert!(definitions.opaque().is_empty());
//!
//! let packet = definitions.packet(PacketKind::Telemetry, "INST", "HEALTH")?;
//! let view = PacketView::new(packet, &[1, 4], PacketTimes::default());
//! assert_eq!(view.read("TEMP", ValueType::Converted)?, Value::Float(10.0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod code;
mod context;
mod parameters;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use thiserror::Error;

pub use code::{
    Code, CodeError, ConversionCode, LimitsChange, LimitsResponseCode, ProcessorCode,
    ValidatorCode, Verdict,
};
pub use context::PacketContext;
pub use parameters::Parameters;

/// The registry of this process.
static INSTALLED: OnceLock<Arc<Registry>> = OnceLock::new();

/// Makes code of the arguments that a definition gives; the message of a failure becomes an error
/// of the definition, with its file and line.
type Make<T> = Box<dyn Fn(&Parameters<'_>) -> Result<Code<T>, String> + Send + Sync>;

/// A registry was installed already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "code was registered for this process already; register all of it before the first definition is read"
)]
pub struct AlreadyInstalled;

/// Code by the names of its classes, such as `GainConversion` for `gain_conversion.rb`.
#[derive(Default)]
pub struct Registry {
    conversions: HashMap<String, Make<dyn ConversionCode>>,
    processors: HashMap<String, Make<dyn ProcessorCode>>,
    limits_responses: HashMap<String, Make<dyn LimitsResponseCode>>,
    validators: HashMap<String, Make<dyn ValidatorCode>>,
}

impl Registry {
    /// Makes it the registry of the process, which definitions are read with unless they are given
    /// one of their own.
    ///
    /// # Errors
    /// [`AlreadyInstalled`] at the second call.
    pub fn install(self) -> Result<(), AlreadyInstalled> {
        INSTALLED.set(Arc::new(self)).map_err(|_| AlreadyInstalled)
    }

    /// Returns the registry of the process; an empty one if none was installed.
    #[must_use]
    pub fn installed() -> Arc<Self> {
        INSTALLED.get().cloned().unwrap_or_default()
    }

    /// Registers a conversion, for reading and for writing.
    pub fn conversion<T: ConversionCode + 'static>(
        &mut self,
        class: &str,
        make: impl Fn(&Parameters<'_>) -> Result<T, String> + Send + Sync + 'static,
    ) -> &mut Self {
        let make = move |parameters: &Parameters<'_>| Ok(Code(Arc::new(make(parameters)?) as _));
        self.conversions.insert(class.to_owned(), Box::new(make));
        self
    }

    /// Registers a processor.
    pub fn processor<T: ProcessorCode + 'static>(
        &mut self,
        class: &str,
        make: impl Fn(&Parameters<'_>) -> Result<T, String> + Send + Sync + 'static,
    ) -> &mut Self {
        let make = move |parameters: &Parameters<'_>| Ok(Code(Arc::new(make(parameters)?) as _));
        self.processors.insert(class.to_owned(), Box::new(make));
        self
    }

    /// Registers a limits response.
    pub fn limits_response<T: LimitsResponseCode + 'static>(
        &mut self,
        class: &str,
        make: impl Fn(&Parameters<'_>) -> Result<T, String> + Send + Sync + 'static,
    ) -> &mut Self {
        let make = move |parameters: &Parameters<'_>| Ok(Code(Arc::new(make(parameters)?) as _));
        self.limits_responses.insert(class.to_owned(), Box::new(make));
        self
    }

    /// Registers a validator of commands.
    pub fn validator<T: ValidatorCode + 'static>(
        &mut self,
        class: &str,
        make: impl Fn(&Parameters<'_>) -> Result<T, String> + Send + Sync + 'static,
    ) -> &mut Self {
        let make = move |parameters: &Parameters<'_>| Ok(Code(Arc::new(make(parameters)?) as _));
        self.validators.insert(class.to_owned(), Box::new(make));
        self
    }

    pub(crate) fn make_conversion(
        &self,
        class: &str,
        words: &[String],
    ) -> Made<dyn ConversionCode> {
        made(&self.conversions, class, words)
    }

    pub(crate) fn make_processor(&self, class: &str, words: &[String]) -> Made<dyn ProcessorCode> {
        made(&self.processors, class, words)
    }

    pub(crate) fn make_limits_response(
        &self,
        class: &str,
        words: &[String],
    ) -> Made<dyn LimitsResponseCode> {
        made(&self.limits_responses, class, words)
    }

    pub(crate) fn make_validator(&self, class: &str, words: &[String]) -> Made<dyn ValidatorCode> {
        made(&self.validators, class, words)
    }
}

/// The code of a class, if one is registered; a message if it refuses its arguments.
pub(crate) type Made<T> = Result<Option<Code<T>>, String>;

fn made<T: ?Sized>(table: &HashMap<String, Make<T>>, class: &str, words: &[String]) -> Made<T> {
    table.get(class).map(|make| make(&Parameters::new(class, words))).transpose()
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn names<T>(table: &HashMap<String, T>) -> Vec<&String> {
            let mut names: Vec<_> = table.keys().collect();
            names.sort_unstable();
            names
        }
        f.debug_struct("Registry")
            .field("conversions", &names(&self.conversions))
            .field("processors", &names(&self.processors))
            .field("limits_responses", &names(&self.limits_responses))
            .field("validators", &names(&self.validators))
            .finish()
    }
}
