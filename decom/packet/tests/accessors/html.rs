//! HTML texts.

use groundlog_packet::Value;

use crate::{error, read, telemetry, write};

fn keyed(key: &str, data_type: &str) -> String {
    format!("APPEND_ITEM A 64 {data_type}\nKEY \"{key}\"\n")
}

const PAGE: &str = "<!DOCTYPE html><html><head><title>4</title></head><body><img src=\"2.25\">\
    <p>  a  b </p></body></html>";

#[test]
fn pages_are_read() {
    for (key, data_type, wanted) in [
        ("/html/head/title/text()", "STRING", Value::from("4")),
        ("/html/head/title/text()", "UINT", Value::Int(4)),
        ("/html/body/img/@src", "FLOAT", Value::Float(2.25)),
        ("normalize-space(/html/body/p/text())", "STRING", Value::from("a b")),
        ("//p/text()", "STRING", Value::from("  a  b ")),
    ] {
        assert_eq!(read(&telemetry("HtmlAccessor", &keyed(key, data_type), PAGE), "A"), wanted);
    }
    let nothing = telemetry("HtmlAccessor", &keyed("/html/body/b", "STRING"), PAGE);
    assert!(error(&nothing, "A").to_string().contains("matches the key"));
}

#[test]
fn what_authors_leave_out_is_put_in() {
    for (text, key, wanted) in [
        ("5", "/html/body/text()", "5"),
        ("<title>T</title><p>x", "/html/head/title", "T"),
        ("<title>T</title><p>x", "/html/body/p", "x"),
        ("<P ID=k>one<P>two", "/html/body/p[2]", "two"),
        ("<P ID=k>one<P>two", "//p[@id='k']/text()", "one"),
        ("<ul><li>1<li>2<ul><li>3</ul><li>4</ul>", "/html/body/ul/li[3]", "4"),
        ("<table><tr><td>1<td>2<tr><td>3</table>", "//tr[2]/td", "3"),
        ("a<br>b", "/html/body", "ab"),
        ("<div>1</span></div><b>2", "/html/body/b", "2"),
        ("&eacute;&#65;&unknown;", "/html/body", "éA&unknown;"),
        ("<script>if (a < b) '<p>'</script><p>x", "//script", "if (a < b) '<p>'"),
        ("<html><head></head><body a=1></body></html><p>late", "/html/body/p", "late"),
        ("<body b=2><body b=3 c=4>", "/html/body/@c", "4"),
        ("<p a=1 a=2>x", "//p/@a", "1"),
    ] {
        let packet = telemetry("HtmlAccessor", &keyed(key, "STRING"), text);
        assert_eq!(read(&packet, "A"), Value::from(wanted), "{text}");
    }
}

#[test]
fn writes_keep_the_rest_of_the_page() {
    let mut packet = telemetry("HtmlAccessor", &keyed("/html/head/title/text()", "STRING"), PAGE);
    assert_eq!(write(&mut packet, "A", "5").unwrap(), PAGE.replace(">4<", ">5<"));
    let text = "<html><head></head><body><a z=\"1\" b=\"2\"></a><br><!-- c --><script>1<2</script></body></html>";
    let mut packet = telemetry("HtmlAccessor", &keyed("//a/@b", "STRING"), text);
    assert_eq!(write(&mut packet, "A", "\"").unwrap(), text.replace("\"2\"", "\"&quot;\""));
    assert_eq!(read(&packet, "A"), Value::from("\""));
}

#[test]
fn any_bytes_are_a_page() {
    let deep = format!("{}x", "<b>".repeat(100_000));
    let packet = telemetry("HtmlAccessor", &keyed("/html/body", "STRING"), deep);
    assert_eq!(read(&packet, "A"), Value::from("x"));
    let packet = telemetry("HtmlAccessor", &keyed("/html/body", "STRING"), b"a\xffb");
    assert_eq!(read(&packet, "A"), Value::from("a\u{fffd}b"));
    let empty = telemetry("HtmlAccessor", &keyed("/html/body", "STRING"), "");
    assert!(error(&empty, "A").to_string().contains("matches the key"));
}
