//! `groundlog log …`: the log as an operator sees it, of a running or a stopped system; in a folder,
//! or at brokers.

mod cat;
mod examine;
mod render;
mod topics;
mod verify;

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use groundlog_log::Log;
use groundlog_proto::{Namespace, TopicName, TopicNames};

use crate::config::Config;

const EXAMPLES: &str = "\
Examples:
  groundlog log topics --data groundlog-data
  groundlog log tail commands --lines 3
  groundlog log cat decom --from -10 --json
  groundlog log cat raw --from 2026-11-22T01:02:03Z --count 5
  groundlog log verify --data groundlog-data

The system may be running or stopped; nothing is changed. Exit status: 0 done, 1 there is no such
log or topic, or something in it is damaged (`verify` names topic, partition, file and byte),
2 wrong usage.";

/// Looks into the log: topics, records, integrity
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct LogArgs {
    #[command(subcommand)]
    command: LogCommand,
    /// Folder of the system, running or stopped
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Configuration file
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// One JSON object a line
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum LogCommand {
    /// Lists the topics: partitions, offsets, records
    #[command(after_help = EXAMPLES)]
    Topics,
    /// Prints records of a topic up to the committed end
    #[command(after_help = EXAMPLES)]
    Cat(cat::CatArgs),
    /// Prints the newest records of a topic and follows it
    #[command(after_help = EXAMPLES)]
    Tail(cat::TailArgs),
    /// Reads everything and checks every checksum, at brokers every record and checkpoint; exit 1
    /// names what is damaged
    #[command(after_help = EXAMPLES)]
    Verify,
}

/// The log and how its topics are called.
struct Source {
    log: Arc<dyn Log>,
    names: TopicNames,
    json: bool,
}

impl Source {
    /// Accepts `decom` as well as `groundlog.decom`.
    async fn topic(&self, name: &str) -> anyhow::Result<TopicName> {
        let topics = self.log.topics().await?;
        let short =
            groundlog_proto::TopicKind::from_short_name(name).map(|kind| self.names.topic(kind));
        topics
            .iter()
            .map(|topic| &topic.name)
            .find(|topic| topic.as_str() == name || Some(*topic) == short.as_ref())
            .cloned()
            .with_context(|| {
                let known: Vec<_> = topics.iter().map(|topic| topic.name.as_str()).collect();
                format!("there is no topic '{name}'; there are {}", known.join(", "))
            })
    }
}

/// Where a log lies that more than one process can read.
enum Place {
    Folder(PathBuf),
    Brokers(String),
}

impl Place {
    fn of(config: &Config) -> anyhow::Result<Self> {
        let url = config.log_url();
        match url.split_once(':') {
            Some(("embedded", dir)) => Ok(Self::Folder(dir.into())),
            Some(("kafka", _)) => Ok(Self::Brokers(url)),
            _ => bail!("log.url is {url}; only its own process can read that: give --data DIR"),
        }
    }
}

/// Runs the command.
pub(crate) async fn run(args: LogArgs) -> anyhow::Result<ExitCode> {
    let mut config = Config::load(args.config.as_deref())?;
    if let Some(data) = args.data {
        // A folder that is named goes before brokers that are configured.
        if !config.log.url.starts_with("embedded:") {
            config.log.url = "embedded:".to_owned();
        }
        config.system.data = data;
    }
    let log = match Place::of(&config)? {
        Place::Folder(dir) if !dir.is_dir() => {
            let dir = dir.display();
            bail!("there is no log in {dir}; name the folder of the system with --data DIR");
        }
        Place::Folder(dir) if matches!(args.command, LogCommand::Verify) => {
            return verify::run(&dir, args.json);
        }
        Place::Folder(dir) => groundlog_log::open_read_only(&dir)?,
        Place::Brokers(url) => groundlog_log::open(&url, config.log_options())
            .with_context(|| format!("cannot open the log {url}"))?,
    };
    let names = TopicNames::new(&config.log.prefix, &Namespace::Live);
    let source = Source { log, names, json: args.json };
    match args.command {
        LogCommand::Topics => topics::run(&source).await,
        LogCommand::Cat(args) => cat::cat(&source, args).await,
        LogCommand::Tail(args) => cat::tail(&source, args).await,
        LogCommand::Verify => examine::run(&source).await,
    }
}
