//! Definitions out of arbitrary bytes, most of which are valid.

use std::fmt::Write as _;

/// Bytes that are used up one by one; zeros when there are no more.
pub struct Choices<'a>(pub &'a [u8]);

impl<'a> Choices<'a> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    fn below(&mut self, end: u8) -> u8 {
        self.byte() % end.max(1)
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::from(self.byte()) % all.len()]
    }

    /// Returns the bytes that are left.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.0
    }
}

const MODIFIERS: [&str; 27] = [
    "",
    "",
    "",
    "STATE OFF 0\n    STATE ON 1",
    "STATE A -1 RED\n    STATE B 2 GREEN\n    STATE C ANY YELLOW",
    "POLY_READ_CONVERSION -3 0.5",
    "POLY_READ_CONVERSION 1 2 3",
    "SEG_POLY_READ_CONVERSION 0 1 2\n    SEG_POLY_READ_CONVERSION 10 3 4",
    "POLY_READ_CONVERSION 0 2\n    STATE TWO 2",
    "LIMITS DEFAULT 1 ENABLED -80 -70 60 80",
    "LIMITS DEFAULT 2 ENABLED 0 0 10 10 2 3",
    "POLY_READ_CONVERSION 1 1\n    LIMITS DEFAULT 1 ENABLED 1 2 3 4",
    "UNITS Volts V\n    FORMAT_STRING '%0.2f'",
    "FORMAT_STRING '0x%X'",
    "READ_CONVERSION bit_reverse_conversion.rb UINT 8",
    "READ_CONVERSION ip_read_conversion.rb",
    "READ_CONVERSION unix_time_conversion.rb I0 I1",
    "READ_CONVERSION unix_time_formatted_conversion.rb I1",
    "READ_CONVERSION unix_time_seconds_conversion.rb I2 I0 CONVERTED",
    "READ_CONVERSION object_read_conversion.rb TLM TGT P",
    "READ_CONVERSION processor_conversion.rb W HIGH_WATER",
    "READ_CONVERSION unknown_conversion.rb",
    "GENERIC_READ_CONVERSION_START\n      packet.read('I0') / 3\n    GENERIC_READ_CONVERSION_END",
    "GENERIC_READ_CONVERSION_START\n      \"#{value}-#{buffer[0..1].unpack('n')}\"\n    GENERIC_READ_CONVERSION_END",
    "HIDDEN\n    LIMITS DEFAULT 1 ENABLED 1 2 3 4",
    "VARIABLE_BIT_SIZE I0",
    "VARIABLE_BIT_SIZE I1 4 -2",
];

/// Writes a telemetry packet of up to 24 items.
#[must_use]
pub fn definition(choices: &mut Choices<'_>) -> String {
    let endianness = |big: bool| if big { "BIG_ENDIAN" } else { "LITTLE_ENDIAN" };
    let mut text = format!("TELEMETRY TGT P {}\n", endianness(choices.below(3) > 0));
    text.push_str(choices.of(&["", "  ALLOW_SHORT\n", "  IGNORE_OVERLAP\n"]));
    text.push_str(
        "  PROCESSOR W watermark_processor.rb I0\n  PROCESSOR S statistics_processor.rb I1 3\n",
    );
    for number in 0..choices.below(24) {
        item(&mut text, choices, number);
        let order = choices.of(&["", "", " '' LITTLE_ENDIAN", " '' BIG_ENDIAN"]);
        let _ = writeln!(text, "{order}\n    {}", choices.of(&MODIFIERS));
    }
    if choices.below(3) == 0 {
        text.push_str(
            "  ITEM PACKET_TIME 0 0 DERIVED\n    READ_CONVERSION unix_time_conversion.rb I0 I1\n",
        );
    }
    text
}

fn item(text: &mut String, choices: &mut Choices<'_>, number: u8) {
    let (data_type, bits) = match choices.below(9) {
        0 | 1 => ("UINT", choices.of(&[1, 3, 8, 11, 16, 24, 32, 64, 72])),
        2 | 3 => ("INT", choices.of(&[1, 4, 8, 13, 16, 32, 40, 64, 100])),
        4 => ("FLOAT", choices.of(&[32, 64])),
        5 => ("STRING", choices.of(&[8, 32, 0, -16])),
        6 => ("BLOCK", choices.of(&[16, 24, 0, -8])),
        7 => ("DERIVED", 0),
        _ => (choices.of(&["UINT", "INT", "FLOAT", "STRING"]), 32),
    };
    let offset = match choices.below(4) {
        _ if data_type == "DERIVED" => Some(0),
        0 | 1 => None,
        2 => Some(i32::from(choices.byte())),
        _ => Some(-i32::from(choices.byte())),
    };
    let array = choices.below(5) == 0 && data_type != "DERIVED";
    let total = choices.of(&[bits * 3, bits * 2, 0, -8]);
    let _ = match (offset, array) {
        (None, false) => write!(text, "  APPEND_ITEM I{number} {bits} {data_type}"),
        (None, true) => write!(text, "  APPEND_ARRAY_ITEM I{number} {bits} {data_type} {total}"),
        (Some(at), false) => write!(text, "  ITEM I{number} {at} {bits} {data_type}"),
        (Some(at), true) => write!(text, "  ARRAY_ITEM I{number} {at} {bits} {data_type} {total}"),
    };
}
