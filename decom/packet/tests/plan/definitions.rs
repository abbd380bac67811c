//! Packet definitions, given and random, by way of their configuration text.

use std::sync::Arc;

use groundlog_packet::Packet;
use groundlog_packet::definition::{Definitions, PacketKind, TargetSource};
use proptest::prelude::*;
use proptest::sample::select;

/// Reads a configuration file's text and returns its packet `TGT P`.
pub(crate) fn packet(text: &str) -> Arc<Packet> {
    let source = TargetSource {
        name: "TGT".to_owned(),
        target_txt: String::new(),
        files: vec![("cmd_tlm/tlm.txt".to_owned(), text.to_owned())],
        binary_files: vec![],
    };
    let definitions = Definitions::builder()
        .add_target(source)
        .build()
        .unwrap_or_else(|errors| panic!("{errors}\n{text}"));
    definitions.packet(PacketKind::Telemetry, "TGT", "P").unwrap().clone()
}

/// Lines that may follow an item whose values are numbers.
fn number_lines() -> impl Strategy<Value = String> {
    let conversion = select(vec![
        "",
        "",
        "POLY_READ_CONVERSION 1.5 0.25\n",
        "POLY_READ_CONVERSION -3 2\n",
        "POLY_READ_CONVERSION 7\n",
        "POLY_READ_CONVERSION 1 -0.5 0.125 1e-3\n",
        "SEG_POLY_READ_CONVERSION 0 10 0.5 0.25\nSEG_POLY_READ_CONVERSION 50 11 0.5\n",
        "READ_CONVERSION bit_reverse_conversion.rb UINT 8\n",
        "GENERIC_READ_CONVERSION_START\nvalue * 3\nGENERIC_READ_CONVERSION_END\n",
    ]);
    let meaning = select(vec![
        "",
        "",
        "STATE OFF 0\nSTATE ON 1\nSTATE MORE 2\n",
        "STATE BAD 0 RED\nSTATE GOOD 1 GREEN\nSTATE ODD 3\nSTATE ELSE ANY YELLOW\n",
        "STATE LOW -5\nSTATE FAR 70000\nSTATE AGAIN 70000\nSTATE SIX 6.0 GREEN\n",
        "STATE HALF 0.5\nSTATE ONE 1.0\n",
        "LIMITS DEFAULT 1 ENABLED -80 -70 60 80\n",
        "LIMITS DEFAULT 2 ENABLED -80 -70 60 80 -20 20\nLIMITS TVAC 2 ENABLED 0 1 2 3\n",
        "LIMITS DEFAULT 3 DISABLED 10 10 20 20\n",
        "UNITS Volts V\n",
    ]);
    (conversion, meaning).prop_map(|(conversion, meaning)| format!("{conversion}{meaning}"))
}

/// Lines that may follow an array of numbers.
fn array_lines() -> impl Strategy<Value = &'static str> {
    select(vec![
        "",
        "POLY_READ_CONVERSION 0.5 2\n",
        "POLY_READ_CONVERSION 1 2 3\n",
        "STATE LO 0\nSTATE HI 1\n",
        "POLY_READ_CONVERSION 0 2\nSTATE TWO 2\nSTATE REST ANY\n",
        "UNITS X x\n",
    ])
}

fn endianness() -> impl Strategy<Value = &'static str> {
    select(vec!["BIG_ENDIAN", "LITTLE_ENDIAN"])
}

/// One item somewhere within the first 40 bytes; `NAME` stands for its name.
fn item() -> impl Strategy<Value = String> {
    let int = || select(vec!["INT", "UINT"]);
    // A little endian field must not begin before byte 0, which any offset from 15 bytes on keeps.
    let bit_field =
        (int(), 120_i64..240, prop_oneof![1_i64..=64, 65_i64..=100], endianness(), number_lines())
            .prop_map(|(t, o, n, e, lines)| format!("ITEM NAME {o} {n} {t} \"\" {e}\n{lines}"));
    let plain = (int(), 0_i64..36, select(vec![8, 16, 32, 64]), endianness(), number_lines())
        .prop_map(|(t, o, n, e, lines)| format!("ITEM NAME {} {n} {t} \"\" {e}\n{lines}", o * 8));
    let float = (0_i64..36, select(vec![32, 64]), endianness(), number_lines()).prop_map(
        |(o, n, e, lines)| {
            // Reversing the bits of a double is an error like any other, but of no interest.
            let lines = if lines.contains("bit_reverse") { String::new() } else { lines };
            format!("ITEM NAME {} {n} FLOAT \"\" {e}\n{lines}", o * 8)
        },
    );
    let text = (
        0_i64..36,
        1_i64..6,
        select(vec!["STRING", "BLOCK"]),
        select(vec!["", "STATE A \"A\"\nSTATE NONE \"\"\n"]),
    )
        .prop_map(|(o, n, t, lines)| format!("ITEM NAME {} {} {t}\n{lines}", o * 8, n * 8));
    let array =
        (int(), 0_i64..30, select(vec![8, 16, 32, 64]), 1_i64..6, endianness(), array_lines())
            .prop_map(|(t, o, n, count, e, lines)| {
                format!("ARRAY_ITEM NAME {} {n} {t} {} \"\" {e}\n{lines}", o * 8, n * count)
            });
    let bit_array = (int(), 0_i64..240, 1_i64..20, 1_i64..9, array_lines()).prop_map(
        |(t, o, n, count, lines)| format!("ARRAY_ITEM NAME {o} {n} {t} {}\n{lines}", n * count),
    );
    let texts = (0_i64..30, 1_i64..4, 1_i64..4).prop_map(|(o, n, count)| {
        format!("ARRAY_ITEM NAME {} {} STRING {}\n", o * 8, n * 8, n * 8 * count)
    });
    let from_end = (int(), 1_i64..12, select(vec![8, 16, 32]), endianness(), number_lines())
        .prop_map(|(t, o, n, e, lines)| {
            format!("ITEM NAME {} {n} {t} \"\" {e}\n{lines}", -(o * 8).max(n))
        });
    let open = (0_i64..36, 0_i64..4, select(vec!["STRING", "BLOCK"]))
        .prop_map(|(o, n, t)| format!("ITEM NAME {} {} {t}\n", o * 8, n * -8));
    let open_array = (int(), 0_i64..36, 0_i64..4, array_lines()).prop_map(|(t, o, n, lines)| {
        format!("ARRAY_ITEM NAME {} 8 {t} {}\n{lines}", o * 8, n * -8)
    });
    let derived = select(vec![
        "ITEM NAME 0 0 DERIVED\n",
        "ITEM NAME 0 0 DERIVED\nSTATE SOME ANY\n",
        "ITEM NAME 0 0 DERIVED\nREAD_CONVERSION unix_time_conversion.rb I0\n",
        "ITEM NAME 0 0 DERIVED\nREAD_CONVERSION unix_time_formatted_conversion.rb I1 I2\n",
        "ITEM NAME 0 0 DERIVED\nREAD_CONVERSION unix_time_seconds_conversion.rb I0 I1 CONVERTED\n",
        "ITEM NAME 0 0 DERIVED\nREAD_CONVERSION received_count_conversion.rb\n",
        "ITEM NAME 0 0 DERIVED\nGENERIC_READ_CONVERSION_START\npacket.read('I0') + 1\nGENERIC_READ_CONVERSION_END\nLIMITS DEFAULT 1 ENABLED 0 1 2 3\n",
    ])
    .prop_map(str::to_owned);
    let hidden = (0_i64..36).prop_map(|o| {
        format!("ITEM NAME {} 8 UINT\nLIMITS DEFAULT 1 ENABLED 10 20 200 220\nHIDDEN\n", o * 8)
    });
    prop_oneof![
        4 => bit_field,
        6 => plain,
        2 => float,
        1 => text,
        1 => array,
        1 => bit_array,
        1 => texts,
        1 => from_end,
        1 => open,
        1 => open_array,
        1 => derived,
        1 => hidden,
    ]
}

/// Neighbours of one kind, as most items of real packets are: numbers of whole bytes, which are
/// decoded in blocks, or bit fields, which are cut out of one load.
fn row() -> impl Strategy<Value = String> {
    let lines = || {
        select(vec![
            "",
            "POLY_READ_CONVERSION INDEX.5 0.25\nLIMITS DEFAULT 1 ENABLED -80 -70 60 80\n",
            "POLY_READ_CONVERSION -3 INDEX\nLIMITS DEFAULT 2 ENABLED 1 2 90 100 20 30\n",
            "POLY_READ_CONVERSION -3 2\n",
            "LIMITS DEFAULT 1 ENABLED 1 2 200 INDEX00\n",
            "STATE BAD 0 RED\nSTATE GOOD 1 GREEN\nSTATE ODD 3\n",
            "STATE OFF 0\nSTATE ON 1\n",
        ])
    };
    let write = |sizes: &[u8], data_type: &str, endianness: &str, lines: &str| {
        let items = sizes.iter().enumerate().map(|(index, size)| {
            let lines = lines.replace("INDEX", &(index + 3).to_string());
            format!("APPEND_ITEM NAME_{index} {size} {data_type} \"\" {endianness}\n{lines}")
        });
        items.collect::<String>()
    };
    let numbers = (
        1_usize..20,
        select(vec![
            ("INT", 8),
            ("UINT", 8),
            ("INT", 16),
            ("UINT", 16),
            ("INT", 32),
            ("UINT", 32),
            ("INT", 64),
            ("UINT", 64),
            ("FLOAT", 32),
            ("FLOAT", 64),
        ]),
        endianness(),
        lines(),
    )
        .prop_map(move |(count, (data_type, size), endianness, lines)| {
            write(&vec![size; count], data_type, endianness, lines)
        });
    let size = prop_oneof![1_u8..4, 1_u8..16, 1_u8..33];
    let fields =
        (proptest::collection::vec(size, 1..12), select(vec!["UINT", "UINT", "INT"]), lines())
            .prop_map(move |(mut sizes, data_type, lines)| {
                // The next row begins at a whole byte again.
                let bits: u32 = sizes.iter().map(|size| u32::from(*size)).sum();
                sizes.push((16 - bits % 8) as u8);
                write(&sizes, data_type, "BIG_ENDIAN", lines)
            });
    prop_oneof![numbers, fields]
}

/// Random packets: scattered items or rows of neighbours.
pub(crate) fn packet_text() -> impl Strategy<Value = String> {
    let rows = proptest::collection::vec(row(), 1..5).prop_map(|rows| {
        let named = rows.iter().enumerate();
        let rows = named.map(|(index, row)| row.replace("NAME", &format!("R{index}")));
        format!("TELEMETRY TGT P BIG_ENDIAN\n{}", rows.collect::<String>())
    });
    prop_oneof![2 => scattered(), 1 => rows]
}

/// Random packets of up to a dozen overlapping items, some with items that others move.
fn scattered() -> impl Strategy<Value = String> {
    let moving = select(vec![
        "",
        "",
        "",
        "ITEM EVEN 400 8 UINT\nAPPEND_ITEM LEN 4 UINT\nAPPEND_ITEM PAD 4 UINT\nAPPEND_ITEM VAR 0 BLOCK\n\
         VARIABLE_BIT_SIZE LEN\nAPPEND_ITEM BEHIND 16 UINT\nPOLY_READ_CONVERSION 1 2\n\
         LIMITS DEFAULT 1 ENABLED 0 1000 60000 70000\n",
        "ITEM EVEN 400 8 UINT\nAPPEND_ITEM SEL 2 UINT\nAPPEND_ITEM NUM 6 INT\nVARIABLE_BIT_SIZE SEL\n\
         APPEND_ITEM BEHIND 8 UINT\nSTATE OFF 0 RED\nSTATE REST ANY GREEN\n",
        "ITEM EVEN 400 8 UINT\nAPPEND_ITEM LEN 3 UINT\nAPPEND_ITEM PAD 5 UINT\nAPPEND_ARRAY_ITEM VAR 16 UINT 0\n\
         VARIABLE_BIT_SIZE LEN 16\nPOLY_READ_CONVERSION 0 0.5\nSTATE ONE 1\nAPPEND_ITEM BEHIND 24 STRING\n",
    ]);
    let flags = select(vec!["", "ALLOW_SHORT\n"]);
    (flags, proptest::collection::vec(item(), 1..12), moving).prop_map(|(flags, items, moving)| {
        let mut text = format!("TELEMETRY TGT P BIG_ENDIAN \"\"\nIGNORE_OVERLAP\n{flags}");
        for (index, item) in items.iter().enumerate() {
            text.push_str(&item.replacen("NAME", &format!("I{index}"), 1));
        }
        text.push_str(moving);
        text
    })
}

/// Random bytes, often short, often small numbers.
pub(crate) fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![any::<u8>(), 0_u8..4, select(vec![0_u8, 0x41, 0x7f, 0x80, 0xff])];
    prop_oneof![
        3 => proptest::collection::vec(byte.clone(), 40..80),
        1 => proptest::collection::vec(byte, 0..40),
    ]
}
