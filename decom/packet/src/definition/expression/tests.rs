use super::*;

fn run(code: &str, value: impl Into<Value>, python: bool) -> Option<Value> {
    let mut read = |item: &str, value_type: ValueType| -> Result<Value, String> {
        Ok(match (item, value_type) {
            ("A", ValueType::Raw) => Value::Int(7),
            ("A", _) => Value::Int(70),
            ("LIST", _) => Value::Array(vec![Value::Int(1), Value::Float(2.5), Value::Int(3)]),
            ("TEXT", _) => Value::from("abc"),
            _ => return Err(item.to_owned()),
        })
    };
    let buffer = &[0x01, 0x02, 0xff, 0xfe, 0x3f, 0xc0, 0x00, 0x00];
    Expression::parse(code, python)
        .unwrap_or_else(|| panic!("not compiled: {code}"))
        .evaluate(&value.into(), Surroundings { buffer, read: &mut read })
        .unwrap()
}

fn ruby(code: &str, value: impl Into<Value>) -> Option<Value> {
    run(code, value, false)
}

fn python(code: &str, value: impl Into<Value>) -> Option<Value> {
    run(code, value, true)
}

fn int(value: i128) -> Option<Value> {
    Some(Value::Int(value))
}

fn float(value: f64) -> Option<Value> {
    Some(Value::Float(value))
}

#[test]
fn arithmetic() {
    assert_eq!(ruby("value * 3", 5), int(15));
    assert_eq!(ruby("packet.read('A', :RAW) / 2", 0), int(3));
    assert_eq!(ruby("-packet.read('A', :RAW) / 2", 0), int(-4));
    assert_eq!(python("packet.read(\"A\", 'RAW') / 2", 0), float(3.5));
    assert_eq!(python("packet.read(\"A\", 'RAW') // 2", 0), int(3));
    assert_eq!(python("-7 // 2", 0), int(-4));
    assert_eq!(ruby("packet.read('a', :RAW) + 1_000", 0), int(1007));
    assert_eq!(ruby("(value + 1) * 2.5e-1", 3), float(1.0));
    assert_eq!(ruby("2 ** 3 ** 2 - 1", 0), int(511));
    assert_eq!(ruby("-2 ** 2", 0), int(-4));
    assert_eq!(python("2 ** -1", 0), float(0.5));
    assert_eq!(ruby("-7 % 3", 0), int(2));
    assert_eq!(ruby("7 % -3", 0), int(-2));
    assert_eq!(ruby("7.5 % -2", 0), float(-0.5));
    assert_eq!(ruby("100", Value::Null), int(100));
    assert_eq!(ruby("10 - 3 - 2", 0), int(5));
    assert_eq!(python("True + 1", 0), int(2));
}

#[test]
fn bits_and_comparisons() {
    assert_eq!(ruby("(value >> 4) & 0xF | 0b1000_0000", 0x35), int(0x83));
    assert_eq!(ruby("~value ^ 1", 0), int(-2));
    assert_eq!(ruby("1 << 3 + 1", 0), int(16));
    assert_eq!(python("1 ^ 3 & 2", 0), int(3));
    assert_eq!(ruby("value == 1.0 && value < 2", 1), Some(Value::Bool(true)));
    assert_eq!(ruby("value != 1 || !(value > 0)", 1), Some(Value::Bool(false)));
    assert_eq!(ruby("1 <=> 2", 0), int(-1));
    assert_eq!(python("0 < value <= 10", 10), Some(Value::Bool(true)));
    assert_eq!(python("0 < value < 10 < 20", 10), Some(Value::Bool(false)));
    assert_eq!(python("value in [1, 2, 3]", 2), Some(Value::Bool(true)));
    assert_eq!(python("value not in (1)", 2), None);
    assert_eq!(python("value is not None and not value == 3", 3), Some(Value::Bool(false)));
    assert_eq!(ruby("value > 0", f64::NAN), Some(Value::Bool(false)));
}

#[test]
fn conditions() {
    for (value, expected) in [(1, "low"), (5, "middle"), (50, "high")] {
        let code = "if value < 3\n  'low'\nelsif value < 10 then 'middle'\nelse\n  'high'\nend";
        assert_eq!(ruby(code, value), Some(Value::from(expected)));
        let code = "if value < 3:\n  return 'low'\nelif value < 10: x = 'middle'\nelse:\n  x = 'high'\nreturn x";
        assert_eq!(python(code, value), Some(Value::from(expected)));
        let code = "value < 3 ? 'low' : value < 10 ? 'middle' : 'high'";
        assert_eq!(ruby(code, value), Some(Value::from(expected)));
        let code = "'low' if value < 3 else 'middle' if value < 10 else 'high'";
        assert_eq!(python(code, value), Some(Value::from(expected)));
        let code = "return 'low' if value < 3\nreturn 'high' unless value < 10; 'middle'";
        assert_eq!(ruby(code, value), Some(Value::from(expected)));
        let code = "case value\nwhen 0, 1, 2\n 'low'\nwhen 5 then 'middle'\nelse 'high'\nend";
        assert_eq!(ruby(code, value), Some(Value::from(expected)));
    }
    assert_eq!(ruby("x = if value > 3 then 1 else 2 end\nx * 10", 4), int(10));
    assert_eq!(ruby("1 if value > 3", 0), Some(Value::Null));
    assert_eq!(ruby("0 ? 1 : 2", 0), int(1));
    assert_eq!(python("1 if 0 else 2", 0), int(2));
    let nested = "x = 0\nif value > 0:\n    if value > 5:\n        x = 1\n    else:\n        x = 2\n    x += 10\nx";
    assert_eq!(python(nested, 9), int(11));
    assert_eq!(python(nested, 3), int(12));
    assert_eq!(python(nested, -3), int(0));
}

#[test]
fn variables_and_lists() {
    assert_eq!(ruby("a = value * 2 # twice\nb = a +\n  1\na *= b\na", 3), int(42));
    assert_eq!(ruby("value = value + 1\nvalue", 3), int(4));
    assert_eq!(python("import math\nx = math.sqrt(value)\nx", 16), float(4.0));
    assert_eq!(ruby("packet.read('LIST')[1]", 0), float(2.5));
    assert_eq!(ruby("packet.read('LIST')[-1]", 0), int(3));
    assert_eq!(ruby("packet.read('LIST')[9]", 0), Some(Value::Null));
    assert_eq!(python("packet.read('LIST')[9]", 0), None);
    assert_eq!(ruby("packet.read('LIST').sum", 0), float(6.5));
    assert_eq!(ruby("[value, 3].max", 2), int(3));
    assert_eq!(python("max(value, 3, 9.5)", 2), float(9.5));
}

#[test]
fn functions() {
    assert_eq!(ruby("value.to_i", -2.7), int(-2));
    assert_eq!(ruby("value.to_f / 2", 5), float(2.5));
    assert_eq!(ruby("2.5.round + -2.5.round", 0), int(0));
    assert_eq!(ruby("2.5.round", 0), int(3));
    assert_eq!(python("round(2.5)", 0), int(2));
    assert_eq!(python("round(2.345, 1)", 0), float(2.3));
    assert_eq!(ruby("(value.abs).clamp(0, 10)", -40), int(10));
    assert_eq!(ruby("value.nil? ? 0 : 1", Value::Null), int(0));
    assert_eq!(python("int(value) + int('12')", 3.9), int(15));
    assert_eq!(ruby("Math.sqrt(value) + Math::PI * 0", 9), float(3.0));
    assert_eq!(ruby("Math.sqrt(value)", -1), None);
    assert_eq!(python("math.log(value)", 0), None);
    assert_eq!(ruby("Math.log(value)", 0), float(f64::NEG_INFINITY));
    assert_eq!(ruby("packet.read('TEXT').upcase + value.to_s", 4), Some(Value::from("ABC4")));
    assert_eq!(ruby("'12 apples'.to_i", 0), int(12));
    assert_eq!(python("len(packet.read('TEXT')) * 2", 0), int(6));
    assert_eq!(ruby("value.between?(1, 5)", 5), Some(Value::Bool(true)));
}

fn text(text: &str) -> Option<Value> {
    Some(Value::from(text))
}

#[test]
fn texts_with_values_inside() {
    assert_eq!(ruby("\"T#{value + 1}: #{packet.read('TEXT').upcase}!\"", 4), text("T5: ABC!"));
    assert_eq!(ruby("\"#{packet.read(\"A\", :RAW)}\"", 0), text("7"));
    assert_eq!(ruby("\"#{nil}#{value}\"", true), text("true"));
    assert_eq!(ruby("\"\\#{value}\\t\\\"\\x41\"", 0), text("#{value}\t\"A"));
    assert_eq!(ruby("'#{value} it\\'s \\n'", 0), text("#{value} it's \\n"));
    assert_eq!(ruby("\"#{[1, 2].max > 1 ? 'two' : 'one'}\"", 0), text("two"));
    assert_eq!(python("f'{value}/{packet.read(\"A\")} {{x}}'", 1.5), text("1.5/70 {x}"));
    let code = "f'{value:.2f}|{value:8.1f}|{value:<8.1f}|'";
    assert_eq!(python(code, 2.345), text("2.35|     2.3|2.3     |"));
    let code = "f\"{value:04X} {value:#b} {value:+d} {-value:05d}\"";
    assert_eq!(python(code, 10), text("000A 0b1010 +10 -0010"));
    assert_eq!(python("f'{value:*^7}' + f'{0.256:.1%}'", "ab"), text("**ab***25.6%"));
    assert_eq!(python("f'{None} {True}'", 0), text("None True"));
    assert_eq!(python("f'{value:x}'", 1.0), None);
    assert_eq!(python("r'\\n' + 'a\\nb'", 0), text("\\na\nb"));
}

#[test]
fn formats() {
    assert_eq!(ruby("format('%05.2f %s', value, 'V')", 1.239), text("01.24 V"));
    assert_eq!(ruby("sprintf(\"0x%04X\", value)", 255), text("0x00FF"));
    assert_eq!(ruby("'%d %%' % value", 42.9), text("42 %"));
    assert_eq!(ruby("'%d-%d' % [value, 2]", 1), text("1-2"));
    assert_eq!(python("'%d-%s' % (value, 'x')", 1), text("1-x"));
    assert_eq!(python("'{:02d}:{0} {{}}'.format(value)", 5), text("05:5 {}"));
    assert_eq!(python("format(value, '.3e')", 12345.678), text("1.235e+04"));
    assert_eq!(ruby("format('%d', value, 3)", 1), None);
    assert_eq!(ruby("format('%d %d', value)", 1), None);
    assert_eq!(ruby("format('%*d', 3, value)", 1), None);
    assert_eq!(ruby("format('%5000d', value)", 1), None);
    let code = "value.to_s(16).rjust(4, '0') + value.to_s.ljust(4) + '|'";
    assert_eq!(ruby(code, 255), text("00ff255 |"));
    assert_eq!(python("str(value).rjust(5)", 42), text("   42"));
}

#[test]
fn bytes_of_the_packet() {
    assert_eq!(ruby("buffer.length", 0), int(8));
    assert_eq!(ruby("buffer[0..1].unpack('n')[0]", 0), int(0x0102));
    assert_eq!(ruby("buffer[2, 2].unpack1('s>')", 0), int(-2));
    assert_eq!(ruby("buffer[4..-1].unpack1('g')", 0), float(1.5));
    let code = "buffer[4..].unpack('g')[0] + buffer.getbyte(0) + buffer[1].ord";
    assert_eq!(ruby(code, 0), float(4.5));
    assert_eq!(ruby("buffer[0...3].unpack('C*').sum", 0), int(0x102));
    assert_eq!(ruby("buffer[9..10]", 0), Some(Value::Null));
    assert_eq!(ruby("buffer.unpack('V2')[1]", 0), int(0x0000_c03f));
    assert_eq!(python("buffer[0] + buffer[-8]", 0), int(2));
    assert_eq!(python("int.from_bytes(buffer[0:2], 'big')", 0), int(0x0102));
    assert_eq!(python("int.from_bytes(buffer[:2], byteorder='little')", 0), int(0x0201));
    assert_eq!(python("int.from_bytes(buffer[2:4], 'big', signed=True)", 0), int(-2));
    assert_eq!(python("import struct\nstruct.unpack('>f', buffer[4:8])[0]", 0), float(1.5));
    let code = "struct.unpack('>H2B', buffer[:4])[2] * len(buffer)";
    assert_eq!(python(code, 0), int(0xfe * 8));
    assert_eq!(python("struct.unpack('>H', buffer)", 0), None);
    assert_eq!(python("packet.read('LIST')[1:] == [2.5, 3]", 0), Some(Value::Bool(true)));
    assert_eq!(ruby("packet.read('TEXT')[0, 2] + packet.read('TEXT')[-1]", 0), text("abc"));
    assert_eq!(python("value in (1, 2, 3)", 2), Some(Value::Bool(true)));
}

#[test]
fn errors_of_the_language_leave_no_value() {
    for code in ["1 / 0", "1 % 0", "value * 2", "'a' + 1", "1 << 1_000_000_000", "2 ** 127"] {
        assert_eq!(ruby(code, Value::Null), None, "{code}");
    }
    assert_eq!(ruby("1.0 / 0", 0), float(f64::INFINITY));
    assert_eq!(python("1.0 / 0", 0), None);
    assert_eq!(ruby("1 >> 1_000_000_000", 0), int(0));
    assert_eq!(ruby("1 << -2", 0), int(0));
    assert_eq!(python("1 << -2", 0), None);
    assert_eq!(ruby("9 ** 9 ** 9 ** 9", 0), None);
    assert_eq!(ruby("'ab' * 1_000_000_000", 0), None);
    assert_eq!(ruby("'' * 100000000000000000000", 0), None);
}

#[test]
fn more_than_the_engine_runs() {
    for code in [
        "puts 1",
        "system('ls')",
        "",
        "# only a comment",
        "\"#@x\"",
        "\"#{1\"",
        "\"#{x}\"",
        "'#{1}' 2",
        "buffer = 1; buffer.write(1)",
        "value[1..x]",
        "x",
        "while true\nend",
        "value.foo",
        "packet.write('A', 1)",
        "[1,2].map { |x| x }",
        "value +",
        "(value",
        "value)",
        "if value\n1",
        "0xZZ",
        "1 2",
        "packet.read(value)",
        "x += 1",
        "File.read('x')",
        "'unfinished",
    ] {
        assert!(Expression::parse(code, false).is_none(), "{code}");
    }
    for code in [
        "for i in [1]:\n  i",
        "f'{value'",
        "f'{value!r}'",
        "f'{value:{value}}'",
        "f'''{value}'''",
        "b'x'",
        "struct.unpack(value, buffer)",
        "int.from_bytes(buffer)",
        "f'}'",
        "if value:\n1",
        "lambda: 1",
        "import os",
        "value.abs",
        "abs",
    ] {
        assert!(Expression::parse(code, true).is_none(), "{code}");
    }
}

#[test]
fn hostile_code_is_refused_or_ends() {
    for python in [false, true] {
        for (open, close) in
            [("(", ")"), ("[", "]"), ("-", ""), ("not ", ""), ("1 if 1 else ", "1")]
        {
            let code = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
            assert!(Expression::parse(&code, python).is_none());
            let code = format!("{}1{}", open.repeat(900), close.repeat(900));
            assert!(Expression::parse(&code, python).is_none(), "{open}");
        }
        let open = if python { "f\"{" } else { "\"#{" };
        let code = format!("{}1{}", open.repeat(2000), "}\"".repeat(2000));
        assert!(Expression::parse(&code, python).is_none(), "{open}");
        assert!(Expression::parse(&"9".repeat(10_000), python).is_none());
        assert!(Expression::parse(&"2**".repeat(500), python).is_none());
        let long = vec!["1"; 1500].join("+");
        assert_eq!(run(&long, 0, python), int(1500));
        // Lists of lists that would double forty times.
        let tower = format!("x = [1, 1]\n{}x", "x = [x, x]\n".repeat(40));
        assert_eq!(run(&tower, 0, python), None);
        let text = format!("x = 'ab'\n{}x", "x = x + x\n".repeat(40));
        assert_eq!(run(&text, 0, python), None);
    }
    let towers = format!("if value\n{}", "if value\n".repeat(2000));
    assert!(Expression::parse(&towers, false).is_none());
}
