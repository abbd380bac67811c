//! Names of classes.

/// Makes the class name of a file: base name up to the first dot, each `_` part capitalised.
///
/// Source: cosmos-packets §2.8; `UnixTimeConversion` and `openc3/…/unix_time_conversion.py` are
/// the same class.
#[must_use]
pub fn class_name(text: &str) -> String {
    let base = text.rsplit(['/', '\\']).next().unwrap_or(text);
    let stem = base.split('.').next().unwrap_or(base);
    let mut name = String::with_capacity(stem.len());
    for part in stem.split('_') {
        let mut chars = part.chars();
        if let Some(first) = chars.next() {
            name.extend(first.to_uppercase());
            name.push_str(chars.as_str());
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn class_names() {
        for text in [
            "unix_time_conversion.rb",
            "openc3/conversions/unix_time_conversion.py",
            "UnixTimeConversion",
        ] {
            assert_eq!(class_name(text), "UnixTimeConversion");
        }
    }
}
