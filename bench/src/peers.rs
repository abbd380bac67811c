//! Python packages that decode the same packets, each in a process of its own, run from a virtual
//! environment that is made once.

use std::{ffi::OsStr, path::Path, process::Command};

use groundlog_packet::{Value, record::RecordView};
use groundlog_tests::{finish, python, workspace};
use serde_json::{Map, Value as Json};

/// What a package answers.
#[derive(Debug)]
pub struct Peer {
    /// Packets per second of its fastest round, on one core.
    pub rate: f64,
    /// Numbers and texts of the last packet, by name.
    values: Map<String, Json>,
}

/// Decodes packets of one length with the stock COSMOS package: raw and converted values and limits
/// of every item.
///
/// # Panics
/// If the package does not decode them.
#[must_use]
pub fn openc3<'a>(
    definition: &str,
    target: &str,
    packet: &str,
    packets: impl IntoIterator<Item = &'a [u8]>,
) -> Peer {
    let folder = tempfile::tempdir().unwrap();
    let (text, file) = (folder.path().join("tlm.txt"), folder.path().join("packets.bin"));
    let packets: Vec<&[u8]> = packets.into_iter().collect();
    std::fs::write(&text, definition).unwrap();
    std::fs::write(&file, packets.concat()).unwrap();
    let length = packets[0].len().to_string();
    let arguments: [&OsStr; 5] =
        [text.as_ref(), target.as_ref(), packet.as_ref(), file.as_ref(), length.as_ref()];
    run("openc3_packets.py", &arguments)
}

/// Decodes a recording of space packets with the Python decoder of XTCE: raw values.
///
/// # Panics
/// If the package does not decode them.
#[must_use]
pub fn space_packet_parser(document: &Path, recording: &Path) -> Peer {
    run("xtce_packets.py", &[document.as_ref(), recording.as_ref()])
}

fn run(script: &str, arguments: &[&OsStr]) -> Peer {
    let folder = workspace().join("bench/peers");
    let python = python("peers", &folder.join("requirements.txt"));
    // -B: no compiled files beside the sources.
    let said = finish(Command::new(python).arg("-B").arg(folder.join(script)).args(arguments));
    let answer: Json = serde_json::from_slice(&said).unwrap();
    let rate = answer["packets_per_second"].as_f64().unwrap();
    Peer { rate, values: answer["values"].as_object().unwrap().clone() }
}

impl Peer {
    /// Asserts that a record has the values that the package found.
    ///
    /// # Panics
    /// If it has not.
    pub fn assert_same<'a>(
        &self,
        view: &RecordView<'a>,
        value: impl Fn(&RecordView<'a>, usize) -> Value,
    ) {
        assert!(self.values.len() > 20, "{:?}", self.values);
        for (name, expected) in &self.values {
            let place = view.plan().packet().item_index(name).expect(name);
            let found = value(view, place);
            match expected {
                Json::String(text) => assert_eq!(found.as_str(), Some(text.as_str()), "{name}"),
                number => assert_eq!(found.as_f64(), number.as_f64(), "{name}"),
            }
        }
    }
}
