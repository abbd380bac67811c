use std::fs;

use groundlog_packet::definition::Endianness;
use tempfile::TempDir;

use super::*;

/// Writes files into a new folder of a name.
fn folder(name: &str, files: &[(&str, &str)]) -> (TempDir, std::path::PathBuf) {
    let outer = tempfile::tempdir().expect("a folder");
    let root = outer.path().join(name);
    for (path, text) in files {
        let file = root.join(path);
        fs::create_dir_all(file.parent().expect("a parent")).expect("a folder");
        fs::write(file, text).expect("a file");
    }
    (outer, root)
}

const PLUGIN: &str = "\
VARIABLE sat SAT
VARIABLE port 4000
TARGET BUS <%= sat %>
INTERFACE <%= sat %>_INT tcpip_client_interface.rb localhost <%= port %> <%= port %> 10.0 nil LENGTH 32 16 7
  MAP_TARGET <%= sat %>
";
const TLM: &str = "\
<%= render '_header.txt', locals: {apid: 7} %>
  APPEND_ITEM TEMP 16 UINT
    LIMITS DEFAULT 1 ENABLED 0 1 2 3
";
const HEADER: &str = "\
TELEMETRY <%= target_name %> HEALTH BIG_ENDIAN
  APPEND_ID_ITEM APID 16 UINT <%= apid %>
";

fn good() -> Vec<(&'static str, &'static str)> {
    vec![
        ("plugin.txt", PLUGIN),
        ("targets/BUS/target.txt", "LANGUAGE python\n"),
        ("targets/BUS/cmd_tlm/tlm.txt", TLM),
        ("targets/BUS/cmd_tlm/_header.txt", HEADER),
        ("targets/BUS/screens/s.txt", "<%= nonsense %>"),
    ]
}

fn run_args(words: &[&str]) -> PluginArgs {
    let plugin = words.iter().map(|&word| word.to_owned()).collect();
    PluginArgs { plugin, ..PluginArgs::default() }
}

fn refused(name: &str, files: &[(&str, &str)]) -> String {
    let (_guard, root) = folder(name, files);
    let error = load_folder(&root, &Variables::new()).expect_err("refused");
    error.to_string().replace(&root.display().to_string(), "DIR")
}

#[test]
fn a_plugin_with_variables_and_partials() {
    let (_guard, root) = folder("my-plugin", &good());
    let words = [root.to_str().expect("UTF-8"), "sat=MOON", "port=5"];
    let loaded = configured(&Config::default(), &run_args(&words)).expect("good").expect("named");
    assert_eq!(loaded.name, "my-plugin");
    assert_eq!(loaded.warnings, [] as [&str; 0]);
    let packet = loaded.definitions.packet(PacketKind::Telemetry, "MOON", "HEALTH");
    let packet = packet.expect("defined");
    assert_eq!(packet.endianness, Endianness::Big);
    assert_eq!(packet.item("APID").expect("an item").id_value, Some(7.into()));
    assert_eq!(loaded.interfaces[0].name, "MOON_INT");
    assert_eq!(loaded.interfaces[0].args[1], "5");
    assert_eq!(loaded.example_item(), Some(("MOON HEALTH".into(), "TEMP".into())));
    let source = &loaded.definitions.sources()[0];
    assert_eq!(source.files.len(), 1, "only what is read is published");
    assert_eq!(source.files[0].0, "cmd_tlm/tlm.txt");
    assert!(source.files[0].1.contains("APPEND_ID_ITEM APID 16 UINT 7"), "rendered");
}

#[test]
fn nothing_named_means_the_demo() {
    let none = configured(&Config::default(), &PluginArgs::default()).expect("nothing is wrong");
    assert!(none.is_none());
    let at = |port: u16| Some(([127, 0, 0, 1], port).into());
    let loaded = demo(at(4711)).expect("the demo is good");
    assert_eq!(loaded.interfaces[0].args[1], "4711");
    // A process without the spacecraft has the same definitions, whatever its port is.
    let hash = |plugin: &LoadedPlugin| {
        let mapped = [("INST_INT".to_owned(), vec!["INST".to_owned()])];
        let set = groundlog_projection::definition_set(&plugin.name, &plugin.definitions, &mapped);
        groundlog_projection::DefinitionStore::hash(&set)
    };
    let elsewhere = demo(None).expect("the demo is good");
    assert_eq!(elsewhere.interfaces[0].args[1], "4000");
    assert_eq!(hash(&elsewhere), hash(&loaded));
    assert_eq!(hash(&demo(at(4712)).expect("the demo is good")), hash(&loaded));
    let demo = loaded;
    let (packet, _) = demo.example_item().expect("something to look at");
    assert!(packet.starts_with("INST "), "{packet}");
}

#[test]
fn errors_come_all_at_once_with_file_and_line() {
    let mut files = good();
    files.push((
        "targets/BUS/cmd_tlm/bad.txt",
        "TELEMETRY BUS P BIG_ENDIAN\n  APPEND_ITEM A x UINT\n",
    ));
    files.push(("targets/BUS/cmd_tlm/worse.txt", "\nBOGUS 1\n"));
    let text = refused("p", &files);
    assert!(text.contains("DIR/targets/BUS/cmd_tlm/bad.txt:2: "), "{text}");
    assert!(
        text.contains("DIR/targets/BUS/cmd_tlm/worse.txt:2: Unknown keyword 'BOGUS'"),
        "{text}"
    );
    assert!(text.contains("Usage: "), "{text}");

    files.truncate(5);
    files.push(("targets/BUS/cmd_tlm/bad.txt", "\n<%= nonsense %>\n"));
    files.push(("targets/BUS/cmd_tlm/worse.txt", "<% `ls` %>\n"));
    let text = refused("p", &files);
    assert!(text.contains("DIR/targets/BUS/cmd_tlm/bad.txt:2: <% nonsense %>"), "{text}");
    assert!(text.contains("DIR/targets/BUS/cmd_tlm/worse.txt:1: "), "{text}");
}

#[test]
fn plugin_txt_that_does_not_fit_its_folder() {
    let text = refused("p", &[("plugin.txt", "TARGET NOWHERE SAT\n")]);
    assert!(
        text.contains("DIR/plugin.txt:1: target SAT: there is no folder DIR/targets/NOWHERE"),
        "{text}"
    );
    let mut files = good();
    files[0].1 = "TARGET BUS SAT\nTARGET BUS SAT\nINTERFACE I tcpip_client_interface.rb h 1 1 1 nil\n  MAP_TARGET SUN\n";
    let text = refused("p", &files);
    assert!(text.contains("DIR/plugin.txt:4: interface I maps target SUN"), "{text}");
    files[0].1 = "TARGET BUS SAT\n  BOGUS\nINTERFACE\n";
    let text = refused("p", &files);
    assert!(text.contains("DIR/plugin.txt:2: ") && text.contains("DIR/plugin.txt:3: "), "{text}");
    let text = refused("p", &[("README", "")]);
    assert!(text.contains("neither plugin.txt nor target.txt nor cmd_tlm"), "{text}");
}

#[test]
fn a_bare_target_with_and_without_a_link() {
    let packet =
        |items: &str| format!("TELEMETRY X P BIG_ENDIAN\n  APPEND_ID_ITEM ID 32 UINT 1\n{items}");
    let framed = packet("  APPEND_ITEM LEN 16 UINT\n");
    let (_guard, root) = folder("MySat", &[("cmd_tlm/tlm.txt", &framed)]);
    let without = load_folder(&root, &Variables::new()).expect("good");
    assert!(without.interfaces.is_empty());
    assert!(without.definitions.packet(PacketKind::Telemetry, "MYSAT", "P").is_ok());

    let mut args = run_args(&[root.to_str().expect("UTF-8")]);
    args.connect = Some("tcp://10.0.0.5:8081".into());
    let load =
        |args: &PluginArgs| configured(&Config::default(), args).expect("good").expect("named");
    let interface = &load(&args).interfaces[0];
    assert_eq!(
        (interface.name.as_str(), interface.class.as_str()),
        ("MYSAT_INT", "TcpipClientInterface")
    );
    assert_eq!(interface.args, ["10.0.0.5", "8081", "8081", "10.0", "nil"]);
    assert_eq!(interface.protocols[0].class, "LengthProtocol");
    args.protocol = Some("LENGTH 0 16".into());
    let protocol = &load(&args).interfaces[0].protocols[0];
    assert_eq!(
        (protocol.class.as_str(), protocol.args.as_slice()),
        ("LengthProtocol", &["0".to_owned(), "16".to_owned()][..])
    );

    args.protocol = Some("FIXED 8".into());
    let error = configured(&Config::default(), &args).expect_err("refused").to_string();
    assert!(error.contains("command line:3: protocol class 'FixedProtocol'"), "{error}");

    args.protocol = None;
    fs::write(root.join("cmd_tlm/tlm.txt"), packet("")).expect("a file");
    assert_eq!(load(&args).interfaces[0].protocols[0].class, "BurstProtocol");
    args.connect = Some("udp://10.0.0.5:1".into());
    assert!(configured(&Config::default(), &args).is_err());
}

#[test]
fn connect_belongs_to_bare_targets() {
    let (_guard, root) = folder("p", &good());
    let mut args = run_args(&[root.to_str().expect("UTF-8")]);
    args.connect = Some("tcp://h:1".into());
    let error = configured(&Config::default(), &args).expect_err("refused").to_string();
    assert!(error.contains("bare target folder"), "{error}");
}

#[test]
fn template_files_are_bytes() {
    let files = [(
        "cmd_tlm/cmd.txt",
        "COMMAND X C BIG_ENDIAN\n  TEMPLATE_FILE start.bin\n  APPEND_ID_PARAMETER A 8 UINT 0 1 1\n",
    )];
    let (_guard, root) = folder("X", &files);
    fs::write(root.join("cmd_tlm/start.bin"), [0xff, 0x00]).expect("a file");
    let loaded = load_folder(&root, &Variables::new()).expect("good");
    let packet = loaded.definitions.packet(PacketKind::Command, "X", "C").expect("defined");
    assert_eq!(packet.template.as_deref(), Some(&[0xff, 0x00][..]));
}

#[test]
fn xtce_documents_belong_to_their_target() {
    const DOCUMENT: &str = "<!-- <%= no template %> -->\n<SpaceSystem name='Other'>\
        <TelemetryMetaData><ParameterTypeSet><IntegerParameterType name='U8'>\
        <IntegerDataEncoding/></IntegerParameterType></ParameterTypeSet><ParameterSet>\
        <Parameter name='X' parameterTypeRef='U8'/></ParameterSet><ContainerSet>\
        <SequenceContainer name='HK'><EntryList><ParameterRefEntry parameterRef='X'/></EntryList>\
        </SequenceContainer></ContainerSet></TelemetryMetaData></SpaceSystem>";
    let (_guard, root) =
        folder("BUS", &[("cmd_tlm/bus.xtce", DOCUMENT), ("cmd_tlm/b.xml", "<x/>")]);
    let loaded = load_folder(&root, &Variables::new()).expect("good");
    let packet = loaded.definitions.packet(PacketKind::Telemetry, "BUS", "HK").expect("defined");
    assert!(packet.item("X").is_some());
    let source = &loaded.definitions.sources()[0];
    assert_eq!(source.files, [("cmd_tlm/bus.xtce".to_owned(), DOCUMENT.to_owned())]);
    // One of another name is read where target.txt says so, and what is wrong in it is said.
    let named = [("cmd_tlm/b.xml", "<x/>"), ("target.txt", "TELEMETRY b.xml\n")];
    let message = refused("BUS", &named);
    assert!(message.contains("DIR/cmd_tlm/b.xml:1: column 1: <x>: is no SpaceSystem"), "{message}");
}

#[test]
fn folders_of_targets_that_are_odd() {
    let plugin = ("plugin.txt", "TARGET BUS SAT\n");
    let (_guard, root) = folder("p", &[plugin]);
    fs::create_dir_all(root.join("targets/BUS")).expect("a folder");
    let error = load_folder(&root, &Variables::new()).expect_err("refused").to_string();
    assert!(error.contains("plugin.txt:1: target SAT: there is nothing in "), "{error}");
    // Screens and procedures alone make a target, too.
    let (_guard, root) = folder("p", &[plugin, ("targets/BUS/screens/s.txt", "x")]);
    let loaded = load_folder(&root, &Variables::new()).expect("good");
    assert!(loaded.warnings[0].contains("plugin.txt:1: target SAT has no packets: "));
    assert!(loaded.warnings[0].ends_with("targets/BUS has no cmd_tlm"));
    let text = refused("p", &[plugin, ("targets/BUS/target.txt", "\nTELEMETRY no.txt\n")]);
    assert!(text.contains("DIR/targets/BUS/target.txt:2: File no.txt was not found"), "{text}");
}

#[test]
fn partials_and_template_files_wherever_they_lie() {
    let files = [
        ("plugin.txt", "<%= render '_more.txt', locals: {n: 'SAT'} %>"),
        (
            "_more.txt",
            "TARGET BUS <%= n %>\n  DISABLE_ERB (odd|even)\\.txt$\nTOOL t \"A tool\"\n  URL /t\n",
        ),
        ("targets/BUS/_shared.erb", "  APPEND_ID_ITEM ID 8 UINT 1\n"),
        (
            "targets/BUS/cmd_tlm/sub/t.txt",
            "TELEMETRY SAT P BIG_ENDIAN\n  TEMPLATE_FILE page.xml\n<%= render '../../_shared.erb' %>",
        ),
        ("targets/BUS/cmd_tlm/sub/page.xml", "<a/>"),
        ("targets/BUS/cmd_tlm/odd.txt", "TELEMETRY SAT Q BIG_ENDIAN <%= 'x' %>\n  CATCHALL\n"),
    ];
    let text = refused("p", &files);
    assert!(text.contains("odd.txt:1: ") && text.contains("has an error"), "{text}");
    let (_guard, root) = folder("p", &files[..5]);
    let loaded = load_folder(&root, &Variables::new()).expect("good");
    let packet = loaded.definitions.packet(PacketKind::Telemetry, "SAT", "P").expect("defined");
    assert_eq!(packet.template.as_deref(), Some(&b"<a/>"[..]));
    assert_eq!(packet.id_items.len(), 1);
    assert_eq!(loaded.others[0].modifiers[0].args, ["/t"]);
}

#[test]
fn disabled_templates_stay_as_they_are() {
    let mut files = good();
    files[0].1 = "TARGET BUS SAT\n  DISABLE_ERB odd\n";
    files.push((
        "targets/BUS/cmd_tlm/odd.txt",
        "TELEMETRY SAT ODD BIG_ENDIAN \"<%= no %>\"\n  APPEND_ID_ITEM A 8 UINT 1\n",
    ));
    let (_guard, root) = folder("p", &files);
    let loaded = load_folder(&root, &Variables::new()).expect("good");
    let packet = loaded.definitions.packet(PacketKind::Telemetry, "SAT", "ODD").expect("defined");
    assert_eq!(packet.description.as_deref(), Some("<%= no %>"));
}

#[test]
fn a_line_that_is_no_text_is_named() {
    let (_guard, root) = folder("X", &[("cmd_tlm/tlm.txt", "")]);
    fs::write(root.join("cmd_tlm/tlm.txt"), b"# a\n# \xff\n").expect("a file");
    let error = load_folder(&root, &Variables::new()).expect_err("refused").to_string();
    assert!(error.contains("tlm.txt:2: this line is not UTF-8"), "{error}");
}

#[test]
fn errors_of_all_files_come_in_one_list() {
    let definitions = "TELEMETRY X P BIG_ENDIAN\n  APPEND_ITEM A x UINT\n";
    let plugin = "\
VARIABLE scope x
TARGET ONE ONE
TARGET TWO
TARGET THREE THREE
  BOGUS &
    1
TARGET NOWHERE FOUR
INTERFACE
  MAP_TARGET FIVE
INTERFACE I_INT tcpip_client_interface.rb localhost port 1 1.0 nil
  MAP_TARGET ONE
  PROTOCOL READ LENGTH x
  PROTOCOL READ nonsense_protocol.rb
INTERFACE J_INT serial_nonsense.rb
  MAP_TARGET THREE
";
    let files = [
        ("plugin.txt", plugin),
        ("targets/ONE/target.txt", "BOGUS\nCOMMANDS none.txt\nTELEMETRY tlm.txt\nREQUIRE\n"),
        ("targets/ONE/cmd_tlm/tlm.txt", definitions),
        ("targets/TWO/cmd_tlm/tlm.txt", definitions),
        ("targets/THREE/cmd_tlm/tlm.txt", definitions),
        ("targets/THREE/cmd_tlm/tag.txt", "<%= nonsense %>\n"),
    ];
    let (_guard, root) = folder("p", &files);
    let given = [root.to_str().expect("UTF-8"), "unheard=1"];
    let error = configured(&Config::default(), &run_args(&given)).expect_err("refused");
    let text = error.to_string().replace(&root.display().to_string(), "DIR");
    for expected in [
        "DIR/plugin.txt:1: VARIABLE name 'scope' is reserved",
        "'unheard' is not declared",
        "DIR/plugin.txt:3: ",
        "DIR/plugin.txt:6: Unknown keyword 'BOGUS' for TARGET",
        "DIR/plugin.txt:7: target FOUR: there is no folder DIR/targets/NOWHERE",
        "DIR/plugin.txt:8: ",
        "DIR/plugin.txt:10: parameter 2 of TcpipClientInterface",
        "DIR/plugin.txt:12: ",
        "DIR/plugin.txt:13: unknown protocol class",
        "DIR/plugin.txt:14: unknown interface class",
        "DIR/targets/ONE/target.txt:1: Unknown keyword 'BOGUS'",
        "DIR/targets/ONE/target.txt:2: File none.txt was not found",
        "DIR/targets/ONE/target.txt:4: ",
        "DIR/targets/ONE/cmd_tlm/tlm.txt:2: ",
        "DIR/targets/THREE/cmd_tlm/tag.txt:1: ",
        "DIR/targets/THREE/cmd_tlm/tlm.txt:2: ",
    ] {
        assert!(text.contains(expected), "{expected} is missing in\n{text}");
    }
    assert!(text.starts_with("the plug-in has 16 errors:"), "{text}");

    let files = [
        (
            "plugin.txt",
            "TARGET BUS SAT\nINTERFACE I tcpip_client_interface.rb h 1 1 1 nil\n  MAP_TARGET SUN\nINTERFACE\n",
        ),
        ("targets/BUS/cmd_tlm/tlm.txt", definitions),
    ];
    let text = refused("p", &files);
    assert!(text.contains("DIR/plugin.txt:4: ") && text.contains("maps target SUN"), "{text}");
    assert!(text.contains("DIR/targets/BUS/cmd_tlm/tlm.txt:2: "), "{text}");
}

#[test]
fn a_variable_that_is_refused_is_refused_once() {
    let mut files = good();
    let plugin = PLUGIN.replace("VARIABLE port 4000", "VARIABLE port");
    files[0].1 = &plugin;
    let (_guard, root) = folder("p", &files);
    let path = root.to_str().expect("UTF-8");
    for given in [vec![path], vec![path, "port=1"]] {
        let error = configured(&Config::default(), &run_args(&given)).expect_err("refused");
        let text = error.to_string().replace(path, "DIR");
        let expected = "the plug-in has an error:\nDIR/plugin.txt:2: Not enough parameters";
        assert!(text.starts_with(expected), "{text}");
    }
}

#[test]
fn paths_of_a_bare_target_are_the_users() {
    let text = refused("BAD", &[("target.txt", "LANGUAGE ruby\nBOGUS\n")]);
    assert!(text.contains("DIR/target.txt:2: Unknown keyword 'BOGUS'"), "{text}");
    assert!(!text.contains("BAD/target.txt"), "{text}");
    let (_guard, root) = folder("SAT", &[("target.txt", "REQUIRE code.rb\n")]);
    let loaded = load_folder(&root, &Variables::new()).expect("good");
    let path = root.join("target.txt").display().to_string();
    assert!(loaded.warnings[0].starts_with(&format!("{path}:1: ")), "{:?}", loaded.warnings);
    assert!(loaded.warnings[1].starts_with(&format!("{}: target SAT has ", root.display())));
}

#[test]
fn a_bare_target_without_a_link_is_warned_of() {
    let text = "TELEMETRY SAT P BIG_ENDIAN\n  APPEND_ID_ITEM ID 8 UINT 1\n";
    let (_guard, root) = folder("SAT", &[("cmd_tlm/tlm.txt", text)]);
    let args = run_args(&[root.to_str().expect("UTF-8")]);
    let loaded = configured(&Config::default(), &args).expect("good").expect("named");
    let warning = format!("{}: no interface: add --connect tcp://HOST:PORT", root.display());
    assert_eq!(loaded.warnings, [warning]);
    assert!(load_folder(&root, &Variables::new()).expect("good").warnings.is_empty());
}

/// Warnings about a bare target with one file, with the folder as DIR.
fn doubted(text: &str) -> Vec<String> {
    let (_guard, root) = folder("SAT", &[("cmd_tlm/t.txt", text)]);
    let loaded = load_folder(&root, &Variables::new()).expect("good");
    let root = root.display().to_string();
    loaded.warnings.iter().map(|warning| warning.replace(&root, "DIR")).collect()
}

#[test]
fn packets_that_cannot_be_told_apart_are_named() {
    let packet = |side: &str, name: &str, order: &str, ids: &str| {
        format!("{side} SAT {name} {order}_ENDIAN\n{ids}")
    };
    let tlm = |name: &str, ids: &str| packet("TELEMETRY", name, "BIG", ids);
    let one = "APPEND_ID_ITEM ID 8 UINT 1\n";
    let same = [tlm("A", one), tlm("B", one)].concat();
    let expected = "DIR/cmd_tlm/t.txt:3: packet SAT B has the same id values (ID 1) as A at \
                    DIR/cmd_tlm/t.txt:1: they cannot be told apart, so one of them is never \
                    identified";
    assert_eq!(doubted(&same), [expected]);
    // A single byte has no order, and items of bits have any name.
    let little = packet("TELEMETRY", "B", "LITTLE", &one.replace("ID 8", "KIND 8"));
    assert_eq!(doubted(&(tlm("A", one) + &little)).len(), 1);
    let two_bytes = "APPEND_ID_ITEM ID 16 UINT 1\n";
    let little = packet("TELEMETRY", "B", "LITTLE", two_bytes);
    for fine in [
        tlm("B", "APPEND_ID_ITEM ID 8 UINT 2\n"),
        tlm("B", &format!("{one}APPEND_ID_ITEM KIND 8 UINT 1\n")),
        tlm("B", &format!("VIRTUAL\n{one}")),
        packet("COMMAND", "A", "BIG", "APPEND_ID_PARAMETER ID 8 UINT 0 9 1\n"),
        tlm("B", two_bytes) + &little.replace(" B ", " C "),
    ] {
        assert_eq!(doubted(&(tlm("A", one) + &fine)), [] as [&str; 0], "{fine}");
    }
}

#[test]
fn a_target_without_packets_is_named() {
    let expected = ["DIR: target SAT has no packets: nothing in DIR/cmd_tlm defines one"];
    assert_eq!(doubted("# nothing yet\n"), expected);
    assert_eq!(doubted(""), expected);
}
