//! What a template is once it is parsed: steps and expressions.

use std::rc::Rc;

use super::value::Operand;

/// An expression.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Literal(Operand),
    /// Text with `#{}` in it.
    Interpolated(Vec<Node>),
    Name(String),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
    Range {
        from: Box<Node>,
        to: Box<Node>,
        exclusive: bool,
    },
    /// `!`, `-`, `~`
    Prefix {
        operator: &'static str,
        of: Box<Node>,
    },
    /// Operators of one precedence, from left to right.
    Chain {
        first: Box<Node>,
        rest: Vec<(&'static str, Node)>,
    },
    Ternary {
        condition: Box<Node>,
        then: Box<Node>,
        otherwise: Box<Node>,
    },
    /// Methods and indexes, from left to right.
    Postfix {
        base: Box<Node>,
        accesses: Vec<Access>,
    },
    /// A call without a receiver, such as `render` and `format`.
    Function {
        name: String,
        args: Vec<Node>,
    },
    /// `defined?(name)`
    Defined(String),
}

/// One method or index.
#[derive(Debug, Clone)]
pub(super) enum Access {
    Index(Vec<Node>),
    Call { method: String, args: Vec<Node>, block: Option<Rc<Block>>, safe: bool },
}

/// The block of a method.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) params: Vec<Param>,
    pub(super) body: Vec<Step>,
}

/// One name between the bars of a block, or a list that is taken apart.
#[derive(Debug, Clone)]
pub(super) enum Param {
    One(String),
    Many(Vec<String>),
}

/// One step of rendering, and the tag it stands in.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) tag: usize,
    pub(super) kind: Kind,
}

/// What a step does.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    Text(Rc<str>),
    Show(Node),
    Evaluate(Node),
    /// `targets = value`, or `target operator= value`
    Assign {
        targets: Vec<Target>,
        operator: Option<&'static str>,
        value: Node,
    },
    /// `target << value`
    Append {
        target: Target,
        values: Vec<Node>,
    },
    /// Conditions with their bodies; the last one may have none.
    Choice(Vec<(Option<Node>, Vec<Step>)>),
    /// Values with their bodies, and the body for all others.
    Case {
        subject: Node,
        branches: Vec<(Vec<Node>, Vec<Step>)>,
        otherwise: Vec<Step>,
    },
    While {
        condition: Node,
        body: Vec<Step>,
    },
    Next(Option<Node>),
    Break,
}

/// What can be changed.
#[derive(Debug, Clone)]
pub(super) enum Target {
    Name(String),
    Entry { name: String, key: Node },
}
