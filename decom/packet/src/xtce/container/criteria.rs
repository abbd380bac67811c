//! Restriction criteria: which values make a packet what it is.

use super::{Sheet, Source};
use crate::definition::{Comparison, Condition, Operand, ValueType};
use crate::value::Value;
use crate::xtce::diagnostics::Diagnostics;
use crate::xtce::numbers::Attributes;
use crate::xtce::space::{Found, Kind, Reference, Space};
use crate::xtce::types::{Scalar, Type, current_instance};
use crate::xtce::values::Form;
use crate::xtce::xml::Element;

/// Children of criteria that are supported.
const SUPPORTED: [&str; 3] = ["Comparison", "ComparisonList", "BooleanExpression"];
/// What a packet is identified by.
#[derive(Default)]
pub(in crate::xtce) struct Criteria {
    /// Places of items and the raw values that they have.
    pub(in crate::xtce) ids: Vec<(usize, Value)>,
    /// Everything else.
    pub(in crate::xtce) conditions: Vec<Condition>,
}

/// Reads the criteria of containers that extend each other.
///
/// Source: XTCE 1.2 schema, RestrictionCriteriaType, MatchCriteriaType, BooleanExpressionType.
pub(in crate::xtce) fn criteria<'d>(
    space: &Space<'d>,
    chain: &[Found<'d>],
    sheet: &Sheet<'d>,
    names: &[String],
    notes: &mut Diagnostics,
) -> Option<Criteria> {
    let mut reader = Reader { space, sheet, names, notes, system: 0 };
    let mut all = Criteria::default();
    let mut complete = Some(());
    for container in chain {
        let base = container.element.child("BaseContainer");
        let Some(restriction) = base.and_then(|base| base.child("RestrictionCriteria")) else {
            continue;
        };
        reader.notes.only(restriction, &[], &SUPPORTED);
        reader.system = container.system;
        for element in restriction.children() {
            let condition = match element.name() {
                "Comparison" => reader.comparison(element),
                "ComparisonList" => reader.list(element),
                "BooleanExpression" => reader.expression(element),
                _ => None,
            };
            match condition {
                Some(condition) => reader.take(condition, element, &mut all),
                None => complete = None,
            }
        }
    }
    complete.map(|()| all)
}

/// A condition whose items are still known by place.
pub(super) enum Test {
    /// An item has this raw value.
    Id(usize, Value),
    Other(Condition),
    All(Vec<Test>),
    Any(Vec<Test>),
}

pub(super) struct Reader<'r, 'd> {
    space: &'r Space<'d>,
    pub(super) sheet: &'r Sheet<'d>,
    pub(super) names: &'r [String],
    pub(super) notes: &'r mut Diagnostics,
    system: usize,
}

/// One side of a comparison.
pub(super) struct Side<'s, 'd> {
    pub(super) place: usize,
    /// Element of an array, in brackets.
    pub(super) index: String,
    pub(super) scalar: &'s Scalar<'d>,
    pub(super) form: Form,
}

impl<'r, 'd> Reader<'r, 'd> {
    /// Sorts a condition into ids and others.
    fn take(&mut self, test: Test, element: Element<'d>, all: &mut Criteria) {
        match test {
            Test::Id(place, value) => match all.ids.iter().find(|(known, _)| *known == place) {
                Some((_, known)) if *known == value => {}
                Some((_, known)) => {
                    let name = &self.names[place];
                    let message = format!("{name} cannot be {known} and {value} at once");
                    self.notes.error(element, message);
                }
                None => all.ids.push((place, value)),
            },
            Test::All(tests) => {
                tests.into_iter().for_each(|test| self.take(test, element, all));
            }
            other => all.conditions.push(self.condition(other)),
        }
    }

    fn condition(&self, test: Test) -> Condition {
        let each = |tests: Vec<Test>| tests.into_iter().map(|test| self.condition(test)).collect();
        match test {
            Test::Id(place, value) => Condition::Compare {
                item: self.names[place].clone(),
                value_type: ValueType::Raw,
                comparison: Comparison::Equal,
                operand: Operand::Value(value),
            },
            Test::Other(condition) => condition,
            Test::All(tests) => Condition::All(each(tests)),
            Test::Any(tests) => Condition::Any(each(tests)),
        }
    }

    fn list(&mut self, element: Element<'d>) -> Option<Test> {
        self.notes.only(element, &[], &["Comparison"]);
        let tests: Vec<Option<Test>> =
            element.children_named("Comparison").map(|child| self.comparison(child)).collect();
        tests.into_iter().collect::<Option<_>>().map(Test::All)
    }

    fn comparison(&mut self, element: Element<'d>) -> Option<Test> {
        let known =
            ["parameterRef", "instance", "useCalibratedValue", "comparisonOperator", "value"];
        self.notes.only(element, &known, &[]);
        let text = Attributes { element, notes: self.notes }.text("value")?;
        let operator = element.attribute("comparisonOperator").unwrap_or("==");
        let side = self.side(element)?;
        let comparison = self.operator(element, operator)?;
        self.against_text(element, &side, comparison, text)
    }

    fn expression(&mut self, element: Element<'d>) -> Option<Test> {
        self.notes.only(element, &[], &["Condition", "ANDedConditions", "ORedConditions"]);
        let Some(child) = element.children().next() else {
            self.notes.error(element, "is empty");
            return None;
        };
        self.term(child)
    }

    /// Reads a term of an expression; their depth is that of the document, which is bounded.
    fn term(&mut self, element: Element<'d>) -> Option<Test> {
        if element.name() == "Condition" {
            return self.check(element);
        }
        self.notes.only(element, &[], &["Condition", "ANDedConditions", "ORedConditions"]);
        let tests: Vec<Option<Test>> = element.children().map(|child| self.term(child)).collect();
        let tests: Vec<Test> = tests.into_iter().collect::<Option<_>>()?;
        match element.name() {
            "ANDedConditions" => Some(Test::All(tests)),
            "ORedConditions" => Some(Test::Any(tests)),
            _ => None,
        }
    }

    fn check(&mut self, element: Element<'d>) -> Option<Test> {
        let known = ["ParameterInstanceRef", "ComparisonOperator", "Value"];
        self.notes.only(element, &[], &known);
        let mut references = element.children_named("ParameterInstanceRef");
        let (Some(left), right) = (references.next(), references.next()) else {
            self.notes.error(element, "has no ParameterInstanceRef");
            return None;
        };
        let Some(operator) = element.child("ComparisonOperator") else {
            self.notes.error(element, "has no ComparisonOperator");
            return None;
        };
        let comparison = self.operator(operator, operator.text())?;
        for reference in [Some(left), right].into_iter().flatten() {
            self.notes.only(reference, &["parameterRef", "instance", "useCalibratedValue"], &[]);
        }
        let side = self.side(left)?;
        if let Some(right) = right {
            let right = self.side(right)?;
            let (item, value_type) = self.named(&side);
            let (name, of) = self.named(&right);
            let operand = Operand::Item { name, value_type: of };
            return Some(Test::Other(Condition::Compare { item, value_type, comparison, operand }));
        }
        let Some(value) = element.child("Value") else {
            self.notes.error(element, "has neither Value nor a second ParameterInstanceRef");
            return None;
        };
        self.against_text(value, &side, comparison, value.text())
    }

    fn operator(&mut self, element: Element<'d>, text: &str) -> Option<Comparison> {
        Some(match text {
            "==" => Comparison::Equal,
            "!=" => Comparison::NotEqual,
            "<" => Comparison::Less,
            "<=" => Comparison::LessOrEqual,
            ">" => Comparison::Greater,
            ">=" => Comparison::GreaterOrEqual,
            other => {
                let shown: String = other.chars().take(40).collect();
                self.notes.error(element, format!("there is no comparison {shown}"));
                return None;
            }
        })
    }

    /// Finds the item that a reference means.
    fn side(&mut self, element: Element<'d>) -> Option<Side<'r, 'd>> {
        current_instance(self.notes, element)?;
        let reference = Reference::of(self.notes, self.system, element, "parameterRef")?;
        let calibrated = Attributes { element, notes: self.notes }.boolean("useCalibratedValue");
        let (plain, part) = reference.split();
        let found = self.space.resolve(Kind::Parameter, plain, self.notes)?;
        let sheet = self.sheet;
        let Some((place, index)) = sheet.find(found.element.index(), part) else {
            let message = format!("{} is no part of the container", reference.text);
            self.notes.error(element, message);
            return None;
        };
        let placed = &sheet.placed[place];
        let Source::Parameter { parameter, part } = &placed.source else { return None };
        let Some(scalar) = scalar_of(&parameter.kind, part) else {
            self.notes.error(element, "a list or an aggregate cannot be compared");
            return None;
        };
        if placed.item.array_size.is_some() && index.is_empty() {
            self.notes.error(element, "a list cannot be compared");
            return None;
        }
        let form = if calibrated == Some(false) { Form::Raw } else { Form::Calibrated };
        Some(Side { place, index: index.to_owned(), scalar, form })
    }

    pub(super) fn named(&self, side: &Side<'_, 'd>) -> (String, ValueType) {
        let value_type = if side.form == Form::Raw { ValueType::Raw } else { ValueType::Converted };
        (format!("{}{}", self.names[side.place], side.index), value_type)
    }
}

/// Returns the single value that a part of a type is.
fn scalar_of<'t, 'd>(kind: &'t Type<'d>, part: &str) -> Option<&'t Scalar<'d>> {
    let mut kind = kind;
    let mut rest = part;
    loop {
        match kind {
            Type::Scalar(scalar) => return Some(scalar),
            Type::Array { element, .. } => {
                kind = element;
                rest = rest
                    .strip_prefix('[')
                    .and_then(|rest| rest.split_once(']'))
                    .map_or(rest, |it| it.1);
            }
            Type::Aggregate(members) => {
                let name = rest.strip_prefix('.')?;
                let end = name.find(['.', '[']).unwrap_or(name.len());
                let member = members.iter().find(|member| member.name == &name[..end])?;
                kind = &member.kind;
                rest = &name[end..];
            }
            Type::Refused => return None,
        }
    }
}
