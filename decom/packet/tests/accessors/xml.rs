//! XML texts.

use groundlog_packet::Value;

use crate::{error, read, telemetry, write};

const TEXT: &str = r#"<?xml version="1.0"?>
<!-- kept --><r><a v="12" w='x'/><b>hey &amp; <![CDATA[<ho>]]></b><c>1</c><c id="k">2.5</c><d><c>3</c></d></r>
"#;

fn keyed(key: &str, data_type: &str) -> String {
    format!("APPEND_ITEM A 64 {data_type}\nKEY \"{key}\"\n")
}

#[test]
fn keys_lead_to_attributes_texts_and_elements() {
    for (key, data_type, wanted) in [
        ("/r/a/@v", "UINT", Value::Int(12)),
        ("//@w", "STRING", Value::from("x")),
        ("/r/b/text()", "STRING", Value::from("hey & <ho>")),
        ("/r/b", "STRING", Value::from("hey & <ho>")),
        ("/r/c/text()", "UINT", Value::Int(1)),
        ("/r/c[2]/text()", "FLOAT", Value::Float(2.5)),
        ("/r/c[last()]", "FLOAT", Value::Float(2.5)),
        ("/r/c[@id='k']/text()", "FLOAT", Value::Float(2.5)),
        ("//c[@id]/text()", "FLOAT", Value::Float(2.5)),
        ("//d/c/text()", "UINT", Value::Int(3)),
        ("/r/*[5]/c", "UINT", Value::Int(3)),
        ("/r/d[c='3']/../a/@v", "UINT", Value::Int(12)),
        ("//c[. = '3']", "UINT", Value::Int(3)),
        ("r/d/./c", "UINT", Value::Int(3)),
        ("string(/r/a/@v)", "UINT", Value::Int(12)),
        ("normalize-space(/r/b)", "STRING", Value::from("hey & <ho>")),
        ("string(/r/none)", "STRING", Value::from("")),
    ] {
        let packet = telemetry("XmlAccessor", &keyed(key, data_type), TEXT);
        assert_eq!(read(&packet, "A"), wanted, "{key}");
    }
}

#[test]
fn keys_that_match_nothing_are_errors() {
    for key in ["/r/none/text()", "/r/a/@none", "/r/c[3]", "/x", "/r/a/text()"] {
        let packet = telemetry("XmlAccessor", &keyed(key, "UINT"), TEXT);
        assert!(error(&packet, "A").to_string().contains("matches the key"), "{key}");
    }
    for key in ["/r/[", "count(/r)", "/r/c[position()=1]", "/r/ancestor::x", "", "/r/c[1", "/r//"] {
        let packet = telemetry("XmlAccessor", &keyed(key, "UINT"), TEXT);
        assert!(error(&packet, "A").to_string().contains("no path"), "{key}");
    }
    let text = telemetry("XmlAccessor", &keyed("/r/b/text()", "UINT"), TEXT);
    assert!(error(&text, "A").to_string().contains("not an integer"));
}

#[test]
fn writes_keep_the_rest_of_the_document() {
    let text = r#"<r><a v="12"/><b>hey</b><c>1</c><c>2.5</c></r>"#;
    let items = "APPEND_ITEM A 8 UINT\nKEY /r/a/@v\nAPPEND_ITEM B 64 STRING\nKEY /r/b/text()\n\
        APPEND_ITEM NEW 8 UINT\nKEY /r/a/@new\nAPPEND_ITEM T 8 UINT\nKEY /r/a/text()\n";
    let mut packet = telemetry("XmlAccessor", items, text);
    write(&mut packet, "A", 99).unwrap();
    let wanted = r#"<r><a v="99"/><b>&lt;&amp;&gt;</b><c>1</c><c>2.5</c></r>"#;
    assert_eq!(write(&mut packet, "B", "<&>").unwrap(), wanted);
    assert_eq!(read(&packet, "B"), Value::from("<&>"));
    write(&mut packet, "NEW", 1).unwrap();
    let wanted = r#"<r><a v="99" new="1">5</a><b>&lt;&amp;&gt;</b><c>1</c><c>2.5</c></r>"#;
    assert_eq!(write(&mut packet, "T", 5).unwrap(), wanted);
    let whole = TEXT.replace("'x'", "\"x\"").replace("<![CDATA[<ho>]]>", "&lt;ho&gt;");
    let mut packet = telemetry("XmlAccessor", &keyed("/r/c[@id='k']/text()", "FLOAT"), TEXT);
    assert_eq!(write(&mut packet, "A", "2.5").unwrap(), whole);
}

#[test]
fn attributes_hold_any_text() {
    let mut packet = telemetry("XmlAccessor", &keyed("/r/@v", "STRING"), "<r v=\"\"/>");
    let text = "<\"'&>\n\té";
    write(&mut packet, "A", text).unwrap();
    assert_eq!(read(&packet, "A"), Value::from(text));
}

#[test]
fn what_cannot_be_written_changes_nothing() {
    for key in ["/r/b", "/r/none/@v", "/r/none/text()", "/r/c[9]/text()", "normalize-space(/r/b)"] {
        let mut packet = telemetry("XmlAccessor", &keyed(key, "STRING"), TEXT);
        assert!(write(&mut packet, "A", "x").is_err(), "{key}");
        assert_eq!(packet.buffer(), TEXT.as_bytes());
    }
}

#[test]
fn what_is_no_xml_is_an_error_of_its_items() {
    let deep = "<a>".repeat(100_000);
    let bomb = "<!DOCTYPE r [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]><r>&b;</r>";
    let external = "<!DOCTYPE r [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><r>&a;</r>";
    let texts = [
        "",
        "text",
        "<r>",
        "<r></s>",
        "<r/><r/>",
        "<r/>text",
        "<r a='1' a='2'/>",
        "<r a=1/>",
        "<r>&nbsp;</r>",
        "<r><",
        bomb,
        external,
        &deep,
        "<?xml version=\"1.0\" encoding=\"UTF-16\"?><r/>",
        "\0\0\0\0",
    ];
    for text in texts {
        let packet = telemetry("XmlAccessor", &keyed("/r", "STRING"), text);
        assert!(error(&packet, "A").to_string().contains("no XML"), "{text:.40}");
    }
    let packet = telemetry("XmlAccessor", &keyed("/r", "STRING"), b"<r>\xff</r>");
    assert!(error(&packet, "A").to_string().contains("byte 3"));
}
