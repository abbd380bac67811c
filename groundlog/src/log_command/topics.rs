use std::process::ExitCode;

use groundlog_proto::TopicPartition;
use serde_json::json;

use super::Source;
use crate::output::say;

/// Lists every partition of every topic.
pub(super) async fn run(source: &Source) -> anyhow::Result<ExitCode> {
    let topics = source.log.topics().await?;
    if !source.json {
        say!("{:<28} {:>4} {:>14} {:>14}  GENERATION", "TOPIC", "PART", "OLDEST", "TAIL");
    }
    for topic in topics {
        for partition in 0..topic.partitions {
            let at = TopicPartition::new(topic.name.clone(), partition);
            let bounds = source.log.bounds(&at).await?;
            if source.json {
                say!(
                    "{}",
                    json!({
                        "topic": topic.name.as_str(), "partition": partition,
                        "trim": bounds.trim, "tail": bounds.tail,
                        "generation": topic.generation.to_string(),
                    })
                );
            } else {
                say!(
                    "{:<28} {partition:>4} {:>14} {:>14}  {}",
                    topic.name.as_str(),
                    bounds.trim,
                    bounds.tail,
                    topic.generation
                );
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
