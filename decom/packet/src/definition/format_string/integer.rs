//! Integer conversions of printf.

use super::Spec;

/// Appends `%d`, `%i` or `%u`.
pub(super) fn decimal(spec: &Spec, value: i128, out: &mut String) {
    let mut digits = value.unsigned_abs().to_string();
    fill(&mut digits, spec.precision, '0');
    // C99: a precision switches the zero flag off.
    spec.pad_number(spec.sign(value < 0), &digits, spec.precision.is_none(), out);
}

/// Appends `%x`, `%X`, `%o`, `%b` or `%B`; negative numbers as complements behind `..`.
pub(super) fn radix(spec: &Spec, value: i128, out: &mut String) {
    let bits = match spec.conversion {
        'x' | 'X' => 4,
        'o' => 3,
        _ => 1,
    };
    let complement = value < 0 && !spec.plus && !spec.space;
    let mut digits = if complement {
        complement_digits(value, bits)
    } else {
        magnitude_digits(value.unsigned_abs(), bits)
    };
    let filler = char::from_digit((1 << bits) - 1, 16).unwrap_or('0');
    let mut dots = "";
    if complement {
        match spec.precision {
            Some(precision) if precision > digits.len() => {
                fill(&mut digits, Some(precision), filler);
            }
            _ => {
                dots = "..";
                if spec.zero && !spec.minus && spec.precision.is_none() {
                    fill(&mut digits, spec.width.checked_sub(2), filler);
                }
            }
        }
    } else {
        fill(&mut digits, spec.precision, '0');
    }
    let prefix = match (spec.alternate, spec.conversion) {
        (true, 'x') => "0x",
        (true, 'X') => "0X",
        (true, 'o') => "0",
        (true, 'b') => "0b",
        (true, 'B') => "0B",
        _ => "",
    };
    let sign = if complement { "" } else { spec.sign(value < 0) };
    let head = format!("{sign}{prefix}{dots}");
    if spec.conversion == 'X' {
        digits.make_ascii_uppercase();
    }
    spec.pad_number(&head, &digits, spec.precision.is_none() && !complement, out);
}

fn fill(digits: &mut String, length: Option<usize>, filler: char) {
    if let Some(missing) = length.and_then(|n| n.checked_sub(digits.len())) {
        digits.insert_str(0, &filler.to_string().repeat(missing));
    }
}

fn magnitude_digits(mut value: u128, bits: u32) -> String {
    let mut digits = Vec::new();
    loop {
        digits.push(char::from_digit((value as u32) & ((1 << bits) - 1), 16).unwrap_or('0'));
        value >>= bits;
        if value == 0 {
            return digits.iter().rev().collect();
        }
    }
}

/// Returns the two's complement with exactly one leading digit of all ones.
fn complement_digits(mut value: i128, bits: u32) -> String {
    let mask = (1_i128 << bits) - 1;
    let mut digits = Vec::new();
    loop {
        let digit = (value & mask) as u32;
        value >>= bits;
        digits.push(char::from_digit(digit, 16).unwrap_or('0'));
        if value == -1 {
            let ones = char::from_digit(mask as u32, 16).unwrap_or('0');
            while digits.last() == Some(&ones) {
                digits.pop();
            }
            digits.push(ones);
            return digits.iter().rev().collect();
        }
    }
}
