//! `groundlog decode`: recordings into tables, without a running system.

use std::{
    fs::{File, Metadata},
    io::{self, ErrorKind, IsTerminal as _, Write},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::Args;
use groundlog_packet::definition::ValueType;
use groundlog_replay::{
    Counts, DecodeError, DecodeOptions, FileLayout, PacketDecoder, ReadError, Records, RowFormat,
    RowWriter,
};

use crate::{
    output::tell,
    plugin::DefinitionArgs,
    replay::{FileOrder, LayoutArgs, ProgressLine, STANDARD_INPUT, files_of},
    usage::wrong_usage,
};

const EXAMPLES: &str = "\
Examples:
  groundlog decode --plugin tests/plugins/JPSS --time cds:6 pass.dat
  groundlog decode --plugin ./INST --csv --packet HEALTH_STATUS --formatted pass.dat
  groundlog decode --plugin ./INST --csv --item 'HEALTH_STATUS TEMP1' --item TEMP2 pass.dat.gz
  groundlog decode --plugin ./INST --format cosmos --jsonl --output raw.jsonl raw_logs/tlm/INST
  groundlog decode --plugin ./INST --format length:32,16,7 - < pass.dat
  groundlog decode --xtce mission.xml --raw pass.dat

JSON lines hold target, packet, offset (of the packet in its file), time and values, which are by
item name in definition order; lines of a COSMOS packet log also received_time, command, stored and
extra. Tables have a column for each item; only where two have the same name, the packet (and the
target) stand before it. Blocks are hex, integers have all their digits. Files are read and written
packet by packet, so they may have any size; offsets in compressed ones count unpacked bytes.
docs/recorded-files.md has the layouts byte by byte. Exit status: 0 all files read whole, 1 some file
empty or broken (what was readable is written), no packet of any decoded, or hardly one of a file's
first packets with a time where --time says (nothing of it is written), 2 wrong usage.";

/// Decodes the packets of files to JSON lines or CSV
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DecodeArgs {
    /// Files, or folders with files; - is standard input. What is compressed with gzip is unpacked
    #[arg(required = true, value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    plugin: DefinitionArgs,
    /// Target whose packets they are; else they are identified among all targets
    #[arg(long, value_name = "TARGET")]
    target: Option<String>,
    /// Only this packet
    #[arg(long, value_name = "PACKET")]
    packet: Option<String>,
    /// Only this item and its packet: 'TARGET PACKET ITEM', or 'PACKET ITEM' or ITEM where that is
    /// unambiguous. May be repeated
    #[arg(long, value_name = "NAME")]
    item: Vec<String>,
    #[command(flatten)]
    layout: LayoutArgs,
    #[command(flatten)]
    values: Values,
    /// A table with a header
    #[arg(long, conflicts_with = "jsonl")]
    csv: bool,
    /// One JSON object a line (the default)
    #[arg(long)]
    jsonl: bool,
    /// File to write; else standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// In which order the files of a folder go
    #[arg(long, value_enum, default_value = "oldest")]
    order: FileOrder,
}

/// Which form values have.
#[derive(Debug, Args)]
#[group(multiple = false)]
struct Values {
    /// Values as in the packet's bytes
    #[arg(long)]
    raw: bool,
    /// Values after conversions and states (the default)
    #[arg(long)]
    converted: bool,
    /// Values as texts, with format string and units
    #[arg(long)]
    formatted: bool,
}

impl Values {
    fn form(&self) -> ValueType {
        match self {
            Self { raw: true, .. } => ValueType::Raw,
            Self { formatted: true, .. } => ValueType::Formatted,
            _ => ValueType::Converted,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// When definitions, files or the output cannot be used; broken files are in the exit status.
pub(crate) fn run(args: &DecodeArgs) -> anyhow::Result<ExitCode> {
    let files = files_of(&args.paths, args.order)?;
    let Some(plugin) = args.plugin.load()? else {
        let remedy = "say where the definitions are: --plugin DIR, a plug-in or a target folder, \
                      or --xtce FILE";
        return Err(wrong_usage(remedy));
    };
    let time = args.layout.time()?;
    let options = DecodeOptions {
        target: args.target.clone(),
        packet: args.packet.clone(),
        items: args.item.clone(),
        values: Some(args.values.form()),
        time,
        format: if args.csv { RowFormat::Csv } else { RowFormat::JsonLines },
    };
    let decoder = match PacketDecoder::new(plugin.definitions, options) {
        Ok(decoder) => decoder,
        Err(error @ (DecodeError::ItemName { .. } | DecodeError::AmbiguousItem { .. })) => {
            return Err(wrong_usage(error));
        }
        Err(error) => return Err(error.into()),
    };
    if let Some(output) = &args.output {
        refuse_input(output, &files)?;
    }
    let mut writer = RowWriter::new(decoder, open_output(args.output.as_deref())?);
    let mut broken = false;
    for path in &files {
        match decode_file(path, args, &mut writer) {
            Ok(whole) => broken |= !whole,
            // Whoever reads the output has seen enough: `groundlog decode … | head`.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(ExitCode::SUCCESS),
            Err(error) => return Err(error).context("cannot write the output"),
        }
    }
    match writer.finish() {
        Ok(counts) => {
            tell!("{}", report(&counts));
            broken = nothing_decoded(&counts, broken) || broken;
        }
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
        Err(error) => return Err(error).context("cannot write the output"),
    }
    Ok(if broken { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Refuses an output that is one of the inputs, under whatever name: opening it would empty it.
fn refuse_input(output: &Path, files: &[PathBuf]) -> anyhow::Result<()> {
    let identity = |path: &Path| {
        let found = path.metadata().ok().filter(Metadata::is_file)?;
        Some((found.dev(), found.ino()))
    };
    let Some(written) = identity(output) else { return Ok(()) };
    let Some(input) = files.iter().find(|file| identity(file) == Some(written)) else {
        return Ok(());
    };
    Err(wrong_usage(format!(
        "--output {} is the input {}, which would be lost; name another file",
        output.display(),
        input.display()
    )))
}

fn open_output(path: Option<&Path>) -> anyhow::Result<Box<dyn Write>> {
    Ok(match path {
        Some(path) => {
            let file =
                File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
            Box::new(file)
        }
        None => Box::new(io::stdout().lock()),
    })
}

/// Decodes one file and returns whether it was read whole; what is wrong with it is told, after
/// everything before it is written.
fn decode_file(
    path: &Path,
    args: &DecodeArgs,
    writer: &mut RowWriter<Box<dyn Write>>,
) -> io::Result<bool> {
    let (name, opened) = open_input(path, &args.layout.layout());
    let ahead = opened.map_err(|fault| fault.to_string()).and_then(|mut records| {
        let ahead = writer.read_first_times(&name, &mut records);
        ahead.map(|ahead| ahead.into_iter().chain(records)).map_err(|error| error.to_string())
    });
    let records = match ahead {
        Ok(records) => records,
        Err(refused) => {
            tell!("{refused}");
            return Ok(false);
        }
    };
    let mut line = ProgressLine::new(path);
    // Rows that scroll by say enough.
    let shows_progress = args.output.is_some() || !io::stdout().is_terminal();
    let mut whole = true;
    for (count, item) in records.enumerate() {
        match item {
            Ok(record) => {
                // Often enough for eyes, seldom enough to cost nothing.
                if count % 65_536 == 65_535 && shows_progress {
                    line.show(record.index, record.offset);
                }
                writer.write(&record)?;
            }
            Err(fault) => {
                whole = false;
                writer.flush()?;
                line.clear();
                tell!("{fault}");
            }
        }
    }
    writer.flush()?;
    Ok(whole)
}

/// Opens a file, or standard input for `-`; returns what messages call it, too.
fn open_input(path: &Path, layout: &FileLayout) -> (String, Result<Records, ReadError>) {
    if path == Path::new(STANDARD_INPUT) {
        let name = "standard input";
        return (name.to_owned(), Ok(Records::read_from(name, io::stdin(), layout)));
    }
    (path.display().to_string(), Records::open(path, layout))
}

/// Says how many packets there were of each sort.
fn report(counts: &Counts) -> String {
    let Counts { written, unknown, other, without_time } = counts;
    let packets = if *written == 1 { "packet" } else { "packets" };
    let mut text = format!("{written} {packets} decoded");
    for (count, what) in [
        (unknown, "of unknown packets"),
        (other, "of other packets left out"),
        (without_time, "without the time asked for"),
    ] {
        if *count > 0 {
            text.push_str(&format!(", {count} {what}"));
        }
    }
    text
}

/// Returns whether not one packet was there, wanted and known, and says so; where files are broken
/// it is said already why there is none.
fn nothing_decoded(counts: &Counts, broken: bool) -> bool {
    let packets = counts.unknown + counts.other;
    let nothing = counts.written == 0;
    if nothing && packets == 0 && !broken {
        tell!("groundlog: none of the files has a packet");
    }
    if nothing && packets > 0 {
        let remedy = if counts.other > 0 {
            "others than those asked for; see --packet, --item and --target"
        } else {
            "unknown to the definitions; see --plugin, --xtce, --format and --skip-header-bytes"
        };
        tell!("groundlog: none of the {packets} packets was decoded: they are {remedy}");
    }
    nothing
}

#[cfg(test)]
mod tests {
    use std::fs;

    use clap::Parser;

    use super::*;
    use crate::usage::exit_code;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        decode: DecodeArgs,
    }

    /// Decodes a file with two packets by definitions that know one of them; `@` in a word is the
    /// folder with the files.
    fn attempt(words: &str) -> anyhow::Result<(ExitCode, String)> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        fs::create_dir_all(path("SAT/cmd_tlm")).expect("a folder");
        let packet = |name: &str, id: u8| {
            format!("TELEMETRY SAT {name} BIG_ENDIAN\n  APPEND_ID_ITEM ID 16 UINT {id}\n")
        };
        let text = packet("ONE", 1) + &packet("TWO", 2) + &packet("NEVER", 9);
        fs::write(path("SAT/cmd_tlm/tlm.txt"), text).expect("a file");
        fs::write(path("sat.xml"), document(SAT)).expect("a file");
        fs::write(path("body.xml"), document(BODY)).expect("a file");
        fs::write(path("bad.xml"), document(BAD)).expect("a file");
        let space_packet = |id: u8| [0, id, 0xc0, 0, 0, 0, 0];
        fs::write(path("good"), [space_packet(1), space_packet(5)].concat()).expect("a file");
        fs::write(path("prefixed"), [vec![9, 9], space_packet(1).to_vec()].concat())
            .expect("a file");
        fs::write(path("unknown"), space_packet(5)).expect("a file");
        fs::write(path("empty"), "").expect("a file");
        let header = [20_u32, 0, 7, 0, 0].map(u32::to_be_bytes);
        fs::write(path("header"), header.concat()).expect("a file");
        let root = folder.path().display().to_string();
        let words = words.replace('@', &format!("{root}/"));
        let output = format!("{root}/output");
        let words = ["decode", "--output", &output].into_iter().chain(words.split(' '));
        let args = Cli::try_parse_from(words).expect("good words").decode;
        let code = run(&args).or_else(|error| match exit_code(&error) {
            2 => Ok(ExitCode::from(2)),
            _ => Err(error),
        })?;
        Ok((code, fs::read_to_string(output).unwrap_or_default()))
    }

    fn decode(words: &str) -> String {
        format!("{:?}", attempt(words).expect("a result").0)
    }

    fn decoded(words: &str) -> String {
        attempt(words).expect("a result").1
    }

    /// A space packet with an id in its first two bytes.
    const SAT: &str = r#"<ParameterSet><Parameter name="ID" parameterTypeRef="U16"/>
<Parameter name="FLAGS" parameterTypeRef="U2"/><Parameter name="DATA" parameterTypeRef="U8"/>
</ParameterSet><ContainerSet><SequenceContainer name="HEADER" abstract="true"><EntryList>
<ParameterRefEntry parameterRef="ID"/><ParameterRefEntry parameterRef="FLAGS"/></EntryList>
</SequenceContainer><SequenceContainer name="ONE"><EntryList><ParameterRefEntry parameterRef="DATA">
<LocationInContainerInBits referenceLocation="containerStart"><FixedValue>48</FixedValue>
</LocationInContainerInBits></ParameterRefEntry></EntryList><BaseContainer containerRef="HEADER">
<RestrictionCriteria><Comparison parameterRef="ID" value="1"/></RestrictionCriteria></BaseContainer>
</SequenceContainer></ContainerSet>"#;

    /// What follows the primary header.
    const BODY: &str = r#"<ParameterSet><Parameter name="DATA" parameterTypeRef="U8"/></ParameterSet>
<ContainerSet><SequenceContainer name="BODY"><EntryList><ParameterRefEntry parameterRef="DATA"/>
</EntryList></SequenceContainer></ContainerSet>"#;

    const BAD: &str = "
<AlgorithmSet/><ParameterTypeSet><IntegerParameterType name=\"T\">
 <IntegerDataEncoding encoding=\"BCD\"/></IntegerParameterType></ParameterTypeSet>";

    fn document(sets: &str) -> String {
        let integer = |name: &str, bits: &str| {
            format!(
                "<IntegerParameterType name=\"{name}\"><IntegerDataEncoding sizeInBits=\"{bits}\"/>\
                 </IntegerParameterType>"
            )
        };
        let types = [integer("U2", "2"), integer("U8", "8"), integer("U16", "16")].concat();
        format!(
            "<SpaceSystem name=\"Sat\"><TelemetryMetaData><ParameterTypeSet>{types}</ParameterTypeSet>\
             {sets}</TelemetryMetaData></SpaceSystem>"
        )
    }

    #[test]
    fn the_exit_status_says_what_became_of_the_packets() {
        let code = |code: u8| format!("{:?}", ExitCode::from(code));
        assert_eq!(decode("--plugin @SAT @good"), code(0));
        assert_eq!(decode("--plugin @SAT @empty"), code(1), "nothing to decode");
        assert_eq!(decode("--plugin @SAT --format dump @header"), code(1), "no record");
        assert_eq!(decode("--plugin @SAT @unknown"), code(1));
        assert_eq!(decode("--plugin @SAT --packet NEVER @good"), code(1));
        assert_eq!(decode("@good"), code(2), "no definitions");
        assert_eq!(decode("--plugin @SAT --item ID @good"), code(2), "an item of several packets");
        assert_eq!(decode("--plugin @SAT --csv --packet ONE @good"), code(0));
        assert_eq!(decode("--plugin @SAT --time cds:0 @good"), code(1), "no time there");
        assert_eq!(decoded("--plugin @SAT --time cds:0 @good"), "", "nothing of it");
        assert_eq!(decode("--plugin @SAT --time header @good"), code(2));
        assert_eq!(decode("--xtce @sat.xml @good"), code(0));
        assert_eq!(decode("--xtce @sat.xml @unknown"), code(1));
    }

    #[test]
    fn one_packet_is_one() {
        let said = |written| report(&Counts { written, unknown: 1, ..Counts::default() });
        assert_eq!(said(1), "1 packet decoded, 1 of unknown packets");
        assert_eq!(said(2), "2 packets decoded, 1 of unknown packets");
    }

    #[test]
    fn items_are_columns_qualified_where_they_clash() {
        let one = decoded("--plugin @SAT --csv --raw --packet ONE @good");
        assert_eq!(one, "packet,offset,time,ID\nONE,0,,1\n");
        let all = decoded("--plugin @SAT --csv @good");
        assert_eq!(all, "packet,offset,time,ONE ID,TWO ID,NEVER ID\nONE,0,,1,,\n");
    }

    #[test]
    fn an_xtce_document_with_or_without_headers() {
        let whole = decoded("--xtce @sat.xml @good");
        assert!(whole.starts_with(r#"{"target":"SAT","packet":"ONE","offset":0,"#), "{whole}");
        assert!(whole.contains(r#""values":{"ID":1,"FLAGS":3,"DATA":0}"#), "{whole}");
        // The containers describe what follows the primary header.
        let words = "--xtce @body.xml --container-at 6 @good";
        let body = decoded(words);
        assert!(
            body.contains(r#""packet":"BODY","offset":0,"time":null,"values":{"DATA":0}"#),
            "{body}"
        );
        // Foreign bytes before every packet.
        let behind = decoded("--xtce @sat.xml --skip-header-bytes 2 @prefixed");
        assert!(behind.contains(r#""packet":"ONE","offset":2,"#), "{behind}");
    }

    #[test]
    fn errors_of_a_document_come_at_once() {
        let error = attempt("--xtce @bad.xml @good").expect_err("errors").to_string();
        assert!(error.starts_with("the document has 2 errors:"), "{error}");
        assert!(error.contains("bad.xml:2: column 1: <AlgorithmSet>"), "{error}");
        assert!(error.contains("bad.xml:3: column 2: <IntegerDataEncoding>"), "{error}");
    }

    #[test]
    fn an_output_that_is_an_input_is_refused_under_any_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        fs::write(path("pass"), "bytes").expect("a file");
        fs::write(path("other"), "bytes").expect("a file");
        std::os::unix::fs::symlink(path("pass"), path("symbolic")).expect("a link");
        fs::hard_link(path("pass"), path("hard")).expect("a link");
        let inputs = [path("other"), path("pass")];
        for name in ["pass", "symbolic", "hard"] {
            let error = refuse_input(&path(name), &inputs).expect_err(name);
            assert_eq!(exit_code(&error), 2);
            assert!(error.to_string().contains("pass, which would be lost"), "{error}");
        }
        assert!(refuse_input(&path("new"), &inputs).is_ok());
        assert!(refuse_input(&path("other"), &inputs[1..]).is_ok());
        assert!(refuse_input(Path::new("/dev/null"), &["/dev/null".into()]).is_ok());
    }
}
