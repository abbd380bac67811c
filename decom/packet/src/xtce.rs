//! XTCE, the XML Telemetric and Command Exchange format, in and out.
//!
//! [`read`] makes the same packets of an XTCE document as COSMOS files would, so that everything
//! else is the same from there on; [`export`] writes packets as XTCE 1.2.
//!
//! What becomes what
//! - A SpaceSystem is a target; what nested ones define belongs to it. Names are written in
//!   capitals, and with the nested SpaceSystems before them where two clash: `BUS/TEMP`.
//! - A container that is not abstract is a telemetry packet, with the entries of what it extends
//!   before its own; equal raw values in restriction criteria are id values, everything else is the
//!   packet's condition. Containers that are only included in others are no packets.
//! - A MetaCommand that is not abstract is a command; values that restrict its containers, assigned
//!   arguments and fixed values are its id values, a significance above normal makes it hazardous.
//! - Members of aggregates are items `NAME.MEMBER`; arrays and repeated entries of single values
//!   are array items, other repetitions `NAME[0]` and so on.
//! - Polynomials, splines and bit orders are conversions, labels are states, static alarm ranges
//!   are limits, the alarms of labels their colours.
//!
//! Whatever would change a bit or a value and has no word in the model is an error that names the
//! element, its line and its column; all of them come at once. References are followed within
//! bounds, so that circles end ([`crate::config::ConfigErrors`]).
//!
//! Source: OMG formal/2018-10-04, XTCE 1.2, by its normative schema SpaceSystem.xsd; the comments
//! name the types of that schema. Versions 1.0 and 1.1 differ in the places noted.

mod command;
mod container;
mod conversions;
mod diagnostics;
mod export;
mod names;
mod numbers;
mod packet;
mod parameters;
mod space;
mod telemetry;
mod types;
mod values;
pub(crate) mod xml;

use crate::config::ConfigErrors;
use crate::definition::Packet;
use container::Workshop;
use diagnostics::Diagnostics;
use space::Space;

pub use export::{Exported, export};

/// How a document is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Name of the target, else that of the outermost SpaceSystem.
    pub target: Option<String>,
    /// Bytes of every packet that lie before its container: 6 where the containers leave the
    /// primary header of space packets out.
    pub header_bytes: u16,
}

/// What a document defines.
#[derive(Debug)]
pub struct Imported {
    /// Upper-cased name of the target.
    pub target: String,
    /// Description of the outermost SpaceSystem.
    pub description: Option<String>,
    /// Commands, then telemetry; special containers before what they extend.
    pub packets: Vec<Packet>,
    /// What is read otherwise than it may be meant, with file, line and column.
    pub warnings: Vec<String>,
}

/// Reads an XTCE document; `path` is what messages call it.
///
/// # Errors
/// Every error of the document, with line and column.
///
/// # Limits
/// 64 MiB, 2 000 000 elements, 64 levels; 500 000 items in all packets together, 65 535 in one:
/// more than any mission's, and little enough to hold in memory.
pub fn read(path: &str, bytes: &[u8], options: &Options) -> Result<Imported, ConfigErrors> {
    let mut notes = Diagnostics::new(path);
    let document = match xml::parse(bytes) {
        Ok(document) => document,
        Err(fault) => {
            notes.fault(&fault);
            return Err(notes.errors());
        }
    };
    let root = document.root();
    if root.name() != "SpaceSystem" {
        notes.error(root, "is no SpaceSystem, so this is no XTCE document");
        return Err(notes.errors());
    }
    let target = match &options.target {
        Some(target) => target.to_uppercase(),
        None => names::target(root, &mut notes),
    };
    let (description, _) = types::described(&mut notes, root);
    let space = Space::read(root, &mut notes);
    let mut shop = Workshop::new(space, i64::from(options.header_bytes) * 8);
    shop.check_types(&mut notes);
    let mut packets = command::packets(&mut shop, &target, &mut notes);
    packets.extend(telemetry::packets(&mut shop, &target, &mut notes));
    let warnings = notes.finish()?;
    Ok(Imported { target, description, packets, warnings })
}
