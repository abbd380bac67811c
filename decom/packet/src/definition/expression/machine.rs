//! The flat program that code is compiled to, and what runs it.

use super::Language;
use super::Surroundings;
use super::call::element;
use super::functions::Function;
use super::operators::{Binary, is_true, may_be_listed};
use crate::definition::ValueType;
use crate::value::Value;

/// Places for variables and intermediate values; code that needs more is not run.
pub(super) const SLOTS: usize = 48;
/// Programs that need no more than this keep to a smaller array, which is faster to set up.
const FEW_SLOTS: usize = 8;

/// One step. Values lie on a stack above the variables; jumps count from the step behind them.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Op {
    Push(Value),
    Load(u8),
    /// Keeps the value on the stack.
    Store(u8),
    Pop,
    Read {
        item: Box<str>,
        value_type: ValueType,
    },
    /// The bytes of the packet.
    Buffer,
    Negate,
    Invert,
    Not,
    Binary(Binary),
    Call {
        function: Function,
        arguments: u8,
    },
    /// Makes a list of the topmost values.
    List(u8),
    Index,
    Jump(u32),
    /// Takes the condition away.
    JumpIfFalse(u32),
    /// Leaves the condition where it jumps, and takes it away where it does not.
    JumpIfFalseOrPop(u32),
    JumpIfTrueOrPop(u32),
    Return,
}

/// Steps that end: there are no jumps backwards.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Program {
    pub(super) ops: Vec<Op>,
    pub(super) variables: usize,
    /// Variables and intermediate values at most.
    pub(super) slots: usize,
    pub(super) language: Language,
}

impl Program {
    /// Runs the program; `None` where the languages raise an error.
    pub(super) fn run<E>(
        &self,
        value: &Value,
        packet: Surroundings<'_, E>,
    ) -> Result<Option<Value>, E> {
        if self.slots <= FEW_SLOTS {
            Machine::<FEW_SLOTS>::new(self, value).run(packet)
        } else {
            Machine::<SLOTS>::new(self, value).run(packet)
        }
    }
}

/// Variables and, above them, intermediate values: an array, so that numbers need no allocation.
struct Machine<'a, const N: usize> {
    program: &'a Program,
    slots: [Value; N],
    top: usize,
}

impl<'a, const N: usize> Machine<'a, N> {
    fn new(program: &'a Program, value: &Value) -> Self {
        let mut slots = [const { Value::Null }; N];
        slots[0] = value.clone();
        Self { program, slots, top: program.variables }
    }

    fn run<E>(mut self, packet: Surroundings<'_, E>) -> Result<Option<Value>, E> {
        let Surroundings { buffer, read } = packet;
        let mut next = 0;
        let program = self.program;
        while let Some(op) = program.ops.get(next) {
            next += 1;
            let done = match op {
                Op::Read { item, value_type } => {
                    let value = read(item, *value_type)?;
                    self.push(value)
                }
                Op::Buffer => self.push(Value::Bytes(buffer.to_vec())),
                Op::Jump(by) => {
                    next += *by as usize;
                    Some(())
                }
                Op::JumpIfFalse(by) => self.pop().map(|condition| {
                    if !is_true(&condition, program.language) {
                        next += *by as usize;
                    }
                }),
                Op::JumpIfFalseOrPop(by) | Op::JumpIfTrueOrPop(by) => self
                    .top()
                    .map(|condition| {
                        let wanted = matches!(op, Op::JumpIfTrueOrPop(_));
                        if is_true(condition, program.language) == wanted {
                            next += *by as usize;
                            false
                        } else {
                            true
                        }
                    })
                    .and_then(|pop| if pop { self.pop().map(drop) } else { Some(()) }),
                Op::Return => return Ok(self.pop()),
                step => self.step(step),
            };
            if done.is_none() {
                return Ok(None);
            }
        }
        Ok(self.pop())
    }

    fn step(&mut self, op: &Op) -> Option<()> {
        let language = self.program.language;
        let value = match op {
            Op::Push(value) => value.clone(),
            Op::Load(slot) => self.slots.get(usize::from(*slot))?.clone(),
            Op::Store(slot) => {
                let value = self.top()?.clone();
                *self.slots.get_mut(usize::from(*slot))? = value;
                return Some(());
            }
            Op::Pop => return self.pop().map(drop),
            Op::Negate => match self.pop()? {
                Value::Int(i) => Value::Int(i.checked_neg()?),
                Value::Float(f) => Value::Float(-f),
                Value::Bool(b) if language == Language::Python => Value::Int(-i128::from(b)),
                _ => return None,
            },
            Op::Invert => Value::Int(!self.pop()?.as_int()?),
            Op::Not => Value::Bool(!is_true(&self.pop()?, language)),
            Op::Binary(operator) => {
                let right = self.pop()?;
                let left = self.pop()?;
                operator.apply(&left, &right, language)?
            }
            Op::Call { function, arguments } => {
                let first = self.first_of(*arguments)?;
                let result = function.call(self.slots.get(first..self.top)?, language)?;
                self.drop_to(first);
                result
            }
            Op::List(count) => {
                let first = self.first_of(*count)?;
                let values = self.slots.get_mut(first..self.top)?;
                if !may_be_listed(values) {
                    return None;
                }
                let list = values.iter_mut().map(std::mem::take).collect();
                self.top = first;
                Value::Array(list)
            }
            Op::Index => {
                let place = self.pop()?;
                let list = self.pop()?;
                element(&list, &place, language)?
            }
            _ => return None,
        };
        self.push(value)
    }

    /// Returns the slot of the first of the topmost values.
    fn first_of(&self, count: u8) -> Option<usize> {
        self.top.checked_sub(usize::from(count)).filter(|first| *first >= self.program.variables)
    }

    fn drop_to(&mut self, first: usize) {
        while self.top > first && self.pop().is_some() {}
    }

    fn push(&mut self, value: Value) -> Option<()> {
        *self.slots.get_mut(self.top)? = value;
        self.top += 1;
        Some(())
    }

    fn pop(&mut self) -> Option<Value> {
        self.top = self.first_of(1)?;
        self.slots.get_mut(self.top).map(std::mem::take)
    }

    fn top(&self) -> Option<&Value> {
        self.slots.get(self.first_of(1)?)
    }
}
