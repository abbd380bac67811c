use super::*;

fn conversion(conversion: Conversion) -> ConversionDefinition {
    ConversionDefinition {
        class: "Test".into(),
        params: vec![],
        conversion,
        converted_type: None,
        converted_bit_size: None,
        converted_array_size: None,
        location: None,
    }
}

#[test]
fn polynomials() {
    let poly = conversion(Conversion::Polynomial { coefficients: vec![1.0, 2.0, 3.0] });
    assert_eq!(poly.apply(&Value::Int(2)), Ok(Value::Float(17.0)));
    assert_eq!(poly.apply(&Value::Float(0.5)), Ok(Value::Float(2.75)));
    assert_eq!(poly.apply(&Value::Null), Ok(Value::Null));
    assert!(poly.apply(&Value::from("x")).is_err());
}

#[test]
fn segments() {
    let segment = |lower_bound, c: &[f64]| Segment { lower_bound, coefficients: c.to_vec() };
    let segments =
        vec![segment(20.0, &[0.0, 0.0, 1.0]), segment(10.0, &[1.0, 2.0]), segment(-5.0, &[100.0])];
    let seg = conversion(Conversion::SegmentedPolynomial { segments });
    for (x, y) in [(-100, 100.0), (10, 21.0), (20, 400.0), (25, 625.0)] {
        assert_eq!(seg.apply(&Value::Int(x)), Ok(Value::Float(y)));
    }
    assert_eq!(seg.apply(&Value::Float(f64::NAN)), Ok(Value::Float(100.0)));
}

#[test]
fn reversing_and_addresses() {
    let reverse = conversion(Conversion::BitReverse { data_type: DataType::Uint, bit_size: 16 });
    assert_eq!(reverse.apply(&Value::Int(4660)), Ok(Value::Int(11336)));
    let read = conversion(Conversion::IpRead);
    assert_eq!(read.apply(&Value::Int(4_294_934_528)), Ok(Value::from("255.255.128.0")));
    let write = conversion(Conversion::IpWrite);
    assert_eq!(write.apply(&Value::from("127.0.0.1")), Ok(Value::Int(2_130_706_433)));
}

#[test]
fn unix_times() {
    let nanos = unix_nanos(&Value::Int(1_000_000_000), Some(&Value::Int(500_000)));
    assert_eq!(nanos, Some(1_000_000_000_500_000_000));
    assert_eq!(unix_nanos(&Value::Float(1.25), None), Some(1_250_000_000));
    assert_eq!(unix_nanos(&Value::Int(i128::MAX), None), None);
}
