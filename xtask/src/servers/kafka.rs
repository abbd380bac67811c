//! Apache Kafka from its jars: one node that is broker and controller (KRaft).

use std::{
    io::{Read, Write},
    net::TcpStream,
    process::Command,
    time::Duration,
};

use super::{
    Environment, Server,
    process::{self, Home},
};
use crate::{run, tools};

pub(super) const SERVER: Server = Server {
    name: "kafka",
    variable: "GROUNDLOG_TEST_KAFKA",
    install,
    program: Some(("GROUNDLOG_TEST_KAFKA_BROKER", "broker")),
    command,
    serves,
};

const KAFKA: &str = "4.3.0";
const LOG4J: &str = "2.25.4";
const COPY: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies";

/// Formats the data folder unless it holds a broker's data, then becomes the broker:
/// `broker DATA HOST PORT CONTROLLER_PORT [LOGIN_PORT]`. Tests that stop and start a broker use it as
/// well; on the last port clients log in (SASL PLAIN, user `groundlog`, password `right`).
///
/// Beyond what one node needs, it differs from Kafka's defaults where those only make tests slow:
/// the first member of a group waits for others (3 s), and transactions that nobody ended are
/// looked for (every 10 s). The virtual machine is one that is small and starts quickly, unless the
/// variables of Kafka's own scripts say otherwise.
const BROKER: &str = r#"#!/bin/sh
set -eu
home=$(dirname "$0")
data=$1 host=$2 port=$3 controller=$4 login=${5:-}
mkdir -p "$data"
cat > "$data/server.properties" <<END
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@$host:$controller
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://$host:$port,CONTROLLER://$host:$controller${login:+,LOGIN://$host:$login}
advertised.listeners=PLAINTEXT://$host:$port${login:+,LOGIN://$host:$login}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,LOGIN:SASL_PLAINTEXT
listener.name.login.sasl.enabled.mechanisms=PLAIN
listener.name.login.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_groundlog="right";
log.dirs=$data/log
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
transaction.abort.timed.out.transaction.cleanup.interval.ms=500
END
run() {
    class=$1
    shift
    # The folder in a property of its own says whose process this is.
    exec java ${KAFKA_HEAP_OPTS:--Xms256m -Xmx512m} \
        ${KAFKA_JVM_PERFORMANCE_OPTS:--XX:+UseSerialGC -XX:TieredStopAtLevel=1} \
        -Dgroundlog.servers="$home" -Dlog4j2.configurationFile="$home/log4j2.properties" \
        -cp "$home/libs/*" "$class" "$@"
}
if [ ! -e "$data/log/meta.properties" ]; then
    (run kafka.tools.StorageTool format \
        --cluster-id Z3JvdW5kbG9nLXRlc3RzMQ --config "$data/server.properties")
fi
run kafka.Kafka "$data/server.properties"
"#;

/// The virtual machine as Kafka's own scripts start it: what is measured is what a user has. The one
/// of the tests stops for 40 to 60 ms whenever it collects garbage, this one for 20 to 30 ms.
pub(super) const AS_SHIPPED: Environment = &[
    ("KAFKA_HEAP_OPTS", "-Xms1g -Xmx1g"),
    (
        "KAFKA_JVM_PERFORMANCE_OPTS",
        "-server -XX:+UseG1GC -XX:MaxGCPauseMillis=20 -XX:InitiatingHeapOccupancyPercent=35 \
         -XX:+ExplicitGCInvokesConcurrent",
    ),
];

const LOG4J_PROPERTIES: &str = "\
appender.console.type=Console
appender.console.name=console
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%d{HH:mm:ss.SSS} %-5p %c{1}: %m%n
rootLogger.level=WARN
rootLogger.appenderRef.console.ref=console
logger.server.name=kafka.server.KafkaRaftServer
logger.server.level=INFO
";

fn install(home: &Home) -> Result<(), String> {
    tools::package("java 17", &["java", "-version"], "openjdk-17-jre-headless")?;
    std::fs::create_dir_all(home.path())
        .map_err(|error| format!("{}: {error}", home.path().display()))?;
    home.write("broker", BROKER)?;
    home.write("log4j2.properties", LOG4J_PROPERTIES)?;
    let wanted = format!("kafka {KAFKA}, log4j {LOG4J}");
    if std::fs::read_to_string(home.path().join("installed")).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    tools::package("maven", &["mvn", "--version"], "maven")?;
    let dependency = |group: &str, artifact: &str, version: &str| {
        format!(
            "<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId>\
             <version>{version}</version></dependency>\n"
        )
    };
    let pom = home.write(
        "pom.xml",
        &format!(
            "<project xmlns=\"http://maven.apache.org/POM/4.0.0\">\n\
             <modelVersion>4.0.0</modelVersion>\n\
             <groupId>groundlog</groupId><artifactId>servers</artifactId><version>1</version>\n\
             <dependencies>\n{}{}</dependencies>\n</project>\n",
            dependency("org.apache.kafka", "kafka_2.13", KAFKA),
            dependency("org.apache.logging.log4j", "log4j-slf4j-impl", LOG4J),
        ),
    )?;
    let libs = home.path().join("libs");
    let (pom, output) =
        (pom.to_string_lossy(), format!("-DoutputDirectory={}", libs.to_string_lossy()));
    let arguments = ["-q", "-B", "-f", &pom, COPY, &output, "-DincludeScope=runtime"];
    run::step("install Apache Kafka into target/servers (once)", "mvn", &arguments)?;
    // Last: an installation that was interrupted begins anew.
    home.write("installed", &wanted).map(drop)
}

fn command(home: &Home, address: &str) -> Result<Command, String> {
    let (host, port) = address.split_once(':').ok_or("an address is host:port")?;
    let controller = process::free_address()?;
    let (_, controller) = controller.split_once(':').ok_or("an address is host:port")?;
    let mut command = Command::new("sh");
    command.arg(home.path().join("broker")).arg(home.data()).args([host, port, controller]);
    Ok(command)
}

/// Asks for the versions that the broker speaks: it answers once it serves requests.
fn serves(address: &str) -> Result<(), String> {
    // Several may be named, as in a client's configuration.
    let first = address.split(',').next().unwrap_or(address);
    ask(first).map_err(|error| format!("Kafka at {first}: {error}"))
}

fn ask(address: &str) -> std::io::Result<()> {
    // Length, key 18 (ApiVersions), version 0, correlation 1, client "xtask".
    const REQUEST: &[u8] = b"\0\0\0\x0f\0\x12\0\0\0\0\0\x01\0\x05xtask";
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.write_all(REQUEST)?;
    let mut answer = [0; 10];
    stream.read_exact(&mut answer)?;
    match &answer[4..] {
        [0, 0, 0, 1, 0, 0] => Ok(()),
        other => Err(std::io::Error::other(format!("no broker's answer: {other:?}"))),
    }
}
