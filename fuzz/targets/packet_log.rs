//! Files of packets in every format; the first byte chooses it.

#![no_main]

use std::io::Cursor;

use groundlog_replay::{FileLayout, Format, Records};
use libfuzzer_sys::fuzz_target;

const FORMATS: [&str; 6] =
    ["cosmos", "ccsds", "dump", "fixed:7", "length:0,16,0,1", "length:3,9,2,1"];

/// More are not read out of one file.
const MOST: usize = 10_000;

fuzz_target!(|data: &[u8]| {
    let Some((choice, file)) = data.split_first() else {
        return;
    };
    let format: Format =
        FORMATS[usize::from(choice >> 2) % FORMATS.len()].parse().expect("a format");
    let skip_header_bytes = usize::from(choice & 3);
    let layout = FileLayout { format, skip_header_bytes, ..FileLayout::default() };
    let records = Records::read_from("fuzz", Cursor::new(file.to_vec()), &layout);
    let found = records.take(MOST).count();
    // Each takes at least a byte of the file, and so does each error that can be got over; a file
    // that is compressed may hold any number.
    assert!(found <= file.len() + 1 || file.starts_with(&[0x1f, 0x8b]));
});
