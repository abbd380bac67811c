//! Functions and methods of the two languages, under one name each.

use super::Language;

/// Arguments of functions that take any number of them.
const MAX_ARGUMENTS: usize = 16;

/// A function; a method has its object as first argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    ToInteger,
    ToFloat,
    ToText,
    ToBool,
    Abs,
    Round,
    Floor,
    Ceil,
    Truncate,
    Min,
    Max,
    Sum,
    Length,
    First,
    Last,
    Upper,
    Lower,
    Strip,
    IsNull,
    IsZero,
    IsPositive,
    IsNegative,
    IsEven,
    IsOdd,
    IsNan,
    IsInfinite,
    Between,
    Clamp,
    Includes,
    StartsWith,
    EndsWith,
    Power,
    FloatDivide,
    FloorDivide,
    /// A text of a value inside a text; with a second value, in the format that this says.
    Format,
    /// `format('%d', …)`
    Printf,
    /// `'{}'.format(…)`
    Braces,
    JustifyLeft,
    JustifyRight,
    /// A part from a place up to another one.
    Part,
    /// A part from a place with a length.
    PartOfLength,
    /// The numbers in bytes; [`Function::UnpackOne`] the first of them.
    Unpack,
    UnpackOne,
    /// One byte.
    ByteAt,
    /// The code of a character or a byte.
    Code,
    /// An integer of bytes, the second value says in which order, the third whether with a sign.
    FromBytes,
    Math(Math),
}

/// A function of doubles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Math {
    Sqrt,
    Cbrt,
    Sin,
    Cos,
    Tan,
    Asin,
    Acos,
    Atan,
    Exp,
    Log,
    Log2,
    Log10,
    Radians,
    Degrees,
    Atan2,
    Hypot,
    Pow,
}

impl Function {
    /// Finds a method: its function, and how many arguments it has at least and at most.
    pub(super) fn method(name: &str, language: Language) -> Option<(Self, usize, usize)> {
        use Function as F;
        if language == Language::Python {
            return Some(match name {
                "upper" => (F::Upper, 0, 0),
                "lower" => (F::Lower, 0, 0),
                "strip" => (F::Strip, 0, 0),
                "startswith" => (F::StartsWith, 1, 1),
                "endswith" => (F::EndsWith, 1, 1),
                "format" => (F::Braces, 0, MAX_ARGUMENTS),
                "ljust" => (F::JustifyLeft, 1, 2),
                "rjust" => (F::JustifyRight, 1, 2),
                _ => return None,
            });
        }
        Some(match name {
            "to_i" | "to_int" => (F::ToInteger, 0, 0),
            "to_f" => (F::ToFloat, 0, 0),
            "to_s" => (F::ToText, 0, 1),
            "ljust" => (F::JustifyLeft, 1, 2),
            "rjust" => (F::JustifyRight, 1, 2),
            "unpack" => (F::Unpack, 1, 1),
            "unpack1" => (F::UnpackOne, 1, 1),
            "getbyte" => (F::ByteAt, 1, 1),
            "ord" => (F::Code, 0, 0),
            "abs" | "magnitude" => (F::Abs, 0, 0),
            "round" => (F::Round, 0, 1),
            "floor" => (F::Floor, 0, 0),
            "ceil" => (F::Ceil, 0, 0),
            "truncate" => (F::Truncate, 0, 0),
            "min" => (F::Min, 0, 0),
            "max" => (F::Max, 0, 0),
            "sum" => (F::Sum, 0, 0),
            "length" | "size" => (F::Length, 0, 0),
            "first" => (F::First, 0, 0),
            "last" => (F::Last, 0, 0),
            "upcase" => (F::Upper, 0, 0),
            "downcase" => (F::Lower, 0, 0),
            "strip" => (F::Strip, 0, 0),
            "nil?" => (F::IsNull, 0, 0),
            "zero?" => (F::IsZero, 0, 0),
            "positive?" => (F::IsPositive, 0, 0),
            "negative?" => (F::IsNegative, 0, 0),
            "even?" => (F::IsEven, 0, 0),
            "odd?" => (F::IsOdd, 0, 0),
            "nan?" => (F::IsNan, 0, 0),
            "between?" => (F::Between, 2, 2),
            "clamp" => (F::Clamp, 2, 2),
            "include?" => (F::Includes, 1, 1),
            "start_with?" => (F::StartsWith, 1, 1),
            "end_with?" => (F::EndsWith, 1, 1),
            "pow" => (F::Power, 1, 1),
            "fdiv" => (F::FloatDivide, 1, 1),
            "div" => (F::FloorDivide, 1, 1),
            _ => return None,
        })
    }

    /// Finds a function that is called by its name alone.
    pub(super) fn free(name: &str, language: Language) -> Option<(Self, usize, usize)> {
        use Function as F;
        Some(match (name, language) {
            ("Integer", Language::Ruby) | ("int", Language::Python) => (F::ToInteger, 1, 1),
            ("Float", Language::Ruby) | ("float", Language::Python) => (F::ToFloat, 1, 1),
            ("String", Language::Ruby) | ("str", Language::Python) => (F::ToText, 1, 1),
            ("format" | "sprintf", Language::Ruby) => (F::Printf, 1, MAX_ARGUMENTS),
            ("format", Language::Python) => (F::Format, 1, 2),
            ("ord", Language::Python) => (F::Code, 1, 1),
            ("bool", Language::Python) => (F::ToBool, 1, 1),
            ("abs", Language::Python) => (F::Abs, 1, 1),
            ("round", Language::Python) => (F::Round, 1, 2),
            ("min", Language::Python) => (F::Min, 1, MAX_ARGUMENTS),
            ("max", Language::Python) => (F::Max, 1, MAX_ARGUMENTS),
            ("sum", Language::Python) => (F::Sum, 1, 1),
            ("len", Language::Python) => (F::Length, 1, 1),
            ("pow", Language::Python) => (F::Power, 2, 2),
            _ => return None,
        })
    }

    /// Finds a function of `Math` or `math`.
    pub(super) fn math(name: &str, language: Language) -> Option<(Self, usize, usize)> {
        use Function as F;
        let one = |math| Some((F::Math(math), 1, 1));
        match name {
            "sqrt" => one(Math::Sqrt),
            "cbrt" => one(Math::Cbrt),
            "sin" => one(Math::Sin),
            "cos" => one(Math::Cos),
            "tan" => one(Math::Tan),
            "asin" => one(Math::Asin),
            "acos" => one(Math::Acos),
            "atan" => one(Math::Atan),
            "exp" => one(Math::Exp),
            "log" => Some((F::Math(Math::Log), 1, 2)),
            "log2" => one(Math::Log2),
            "log10" => one(Math::Log10),
            "atan2" => Some((F::Math(Math::Atan2), 2, 2)),
            "hypot" => Some((F::Math(Math::Hypot), 2, 2)),
            _ if language == Language::Ruby => None,
            "pow" => Some((F::Math(Math::Pow), 2, 2)),
            "radians" => one(Math::Radians),
            "degrees" => one(Math::Degrees),
            "floor" => Some((F::Floor, 1, 1)),
            "ceil" => Some((F::Ceil, 1, 1)),
            "trunc" => Some((F::Truncate, 1, 1)),
            "isnan" => Some((F::IsNan, 1, 1)),
            "isinf" => Some((F::IsInfinite, 1, 1)),
            _ => None,
        }
    }
}
