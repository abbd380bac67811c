//! `groundlog xtce`: definitions as XTCE documents.

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use groundlog_packet::xtce::{Exported, export};

use crate::{
    output::{self, tell},
    plugin::DefinitionArgs,
    usage::wrong_usage,
};

/// Writes definitions as XTCE documents
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct XtceArgs {
    #[command(subcommand)]
    command: XtceCommand,
}

#[derive(Debug, Subcommand)]
enum XtceCommand {
    Export(ExportArgs),
}

const EXAMPLES: &str = "\
Examples:
  groundlog xtce export --plugin ./INST > inst.xml
  groundlog xtce export --plugin my-plugin --target BUS --output bus.xml

What XTCE 1.2 cannot express is listed on standard error, one line each. Exit status: 0 written,
2 wrong usage.";

/// Writes one target as an XTCE 1.2 document
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
struct ExportArgs {
    #[command(flatten)]
    definitions: DefinitionArgs,
    /// Target to write; needed where there are several
    #[arg(long, value_name = "TARGET")]
    target: Option<String>,
    /// File to write; else standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// When definitions or the output cannot be used.
pub(crate) fn run(args: &XtceArgs) -> anyhow::Result<ExitCode> {
    let XtceCommand::Export(args) = &args.command;
    let Some(loaded) = args.definitions.load()? else {
        return Err(wrong_usage("say where the definitions are: --plugin DIR"));
    };
    let names: Vec<&str> =
        loaded.definitions.targets().map(|target| target.name.as_str()).collect();
    let target = match (&args.target, names.as_slice()) {
        (Some(target), _) => target.as_str(),
        (None, [only]) => *only,
        (None, several) => {
            let several = several.join(", ");
            return Err(wrong_usage(format!("choose one with --target; there are: {several}")));
        }
    };
    let Exported { document, left_out } = export(&loaded.definitions, target)?;
    match &args.output {
        Some(path) => {
            fs::write(path, document)
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        None => output::result(format_args!("{document}")),
    }
    for note in &left_out {
        tell!("not expressed: {note}");
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::usage::exit_code;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        xtce: XtceArgs,
    }

    fn attempt(words: &[&str]) -> String {
        let words = ["xtce", "export"].iter().chain(words);
        let args = Cli::try_parse_from(words).expect("good words").xtce;
        let ended = run(&args).unwrap_or_else(|error| ExitCode::from(exit_code(&error)));
        format!("{ended:?}")
    }

    #[test]
    fn a_target_out_as_xtce_and_in_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name).display().to_string();
        fs::create_dir_all(path("BUS/cmd_tlm")).expect("a folder");
        let text = "TELEMETRY BUS HK BIG_ENDIAN\n  APPEND_ID_ITEM ID 8 UINT 7\n";
        fs::write(path("BUS/cmd_tlm/tlm.txt"), text).expect("a file");
        let (from, to) = (path("BUS"), path("bus.xml"));
        let code = |code: u8| format!("{:?}", ExitCode::from(code));
        assert_eq!(attempt(&["--plugin", &from, "--output", &to]), code(0));
        let first = fs::read_to_string(&to).expect("written");
        assert!(first.contains("SequenceContainer name=\"HK\""), "{first}");
        let again = path("again.xml");
        assert_eq!(attempt(&["--xtce", &to, "--target", "bus", "--output", &again]), code(0));
        assert_eq!(fs::read_to_string(&again).expect("written"), first);
        assert_eq!(attempt(&[]), code(2), "no definitions");
    }
}
