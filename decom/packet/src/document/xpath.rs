//! The part of XPath that names elements, attributes and texts by their place.

/// A key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum XPath {
    /// What is found first.
    Path(Path),
    /// `string(path)` and `normalize-space(path)`: its text, empty if nothing is found.
    Text { normalized: bool, path: Path },
}

/// Steps from the document, or from an element, to something in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    pub(super) absolute: bool,
    pub(super) steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    /// Whether it begins at any depth (`//`).
    pub(super) anywhere: bool,
    pub(super) test: Test,
    pub(super) predicates: Vec<Predicate>,
}

/// What a step leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Test {
    Element(String),
    AnyElement,
    Attribute(String),
    AnyAttribute,
    Text,
    Itself,
    Parent,
}

/// Which of them are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Predicate {
    /// From 1.
    Position(usize),
    Last,
    Has(Path),
    Equals(Path, String),
}

/// Predicates within predicates.
const MAX_DEPTH: usize = 8;

/// Reads a key.
pub(super) fn parse(key: &str) -> Result<XPath, String> {
    expression(key.trim()).ok_or_else(|| {
        format!(
            "the key '{key}' is no path such as /a/b[2]/@name, //a[@id='1']/text() or \
             normalize-space(/a/text())"
        )
    })
}

fn expression(key: &str) -> Option<XPath> {
    let inner = key.strip_suffix(')');
    for (function, normalized) in [("normalize-space(", true), ("string(", false)] {
        if let Some(path) = inner.and_then(|inner| inner.strip_prefix(function)) {
            return Some(XPath::Text { normalized, path: whole_path(path.trim())? });
        }
    }
    whole_path(key).map(XPath::Path)
}

fn whole_path(text: &str) -> Option<Path> {
    let mut parser = Parser { rest: text };
    parser.path(0).filter(|_| parser.rest.is_empty())
}

struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    fn takes(&mut self, word: &str) -> bool {
        match self.rest.strip_prefix(word) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn path(&mut self, depth: usize) -> Option<Path> {
        if depth > MAX_DEPTH {
            return None;
        }
        let mut anywhere = self.takes("//");
        let absolute = anywhere || self.takes("/");
        let mut steps = Vec::new();
        loop {
            steps.push(self.step(anywhere, depth)?);
            anywhere = self.takes("//");
            if !anywhere && !self.takes("/") {
                return Some(Path { absolute, steps });
            }
        }
    }

    fn step(&mut self, anywhere: bool, depth: usize) -> Option<Step> {
        let test = self.test()?;
        let mut predicates = Vec::new();
        while self.takes("[") {
            self.skip_blanks();
            predicates.push(self.predicate(depth)?);
            self.skip_blanks();
            if !self.takes("]") {
                return None;
            }
        }
        Some(Step { anywhere, test, predicates })
    }

    fn test(&mut self) -> Option<Test> {
        if self.takes("..") {
            return Some(Test::Parent);
        }
        if self.takes(".") {
            return Some(Test::Itself);
        }
        if self.takes("@") {
            return if self.takes("*") {
                Some(Test::AnyAttribute)
            } else {
                self.name().map(Test::Attribute)
            };
        }
        if self.takes("*") {
            return Some(Test::AnyElement);
        }
        if self.takes("text()") {
            return Some(Test::Text);
        }
        self.name().map(Test::Element)
    }

    fn name(&mut self) -> Option<String> {
        let ends = |c: char| c.is_whitespace() || "/[]()@=!<>'\"*|,$+".contains(c);
        let (name, rest) = self.rest.split_at(self.rest.find(ends).unwrap_or(self.rest.len()));
        // Functions and axes are more than a name.
        let plain = !name.is_empty() && !name.contains("::") && !rest.starts_with('(');
        self.rest = rest;
        plain.then(|| name.to_owned())
    }

    fn predicate(&mut self, depth: usize) -> Option<Predicate> {
        if self.takes("last()") {
            return Some(Predicate::Last);
        }
        let is_digit = |c: char| c.is_ascii_digit();
        if self.rest.starts_with(is_digit) {
            let end = self.rest.find(|c| !is_digit(c)).unwrap_or(self.rest.len());
            let (digits, rest) = self.rest.split_at(end);
            self.rest = rest;
            return digits.parse().ok().map(Predicate::Position);
        }
        let path = self.path(depth + 1)?;
        self.skip_blanks();
        if !self.takes("=") {
            return Some(Predicate::Has(path));
        }
        self.skip_blanks();
        let quote = self.rest.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
        let (text, rest) = self.rest[1..].split_once(quote)?;
        self.rest = rest;
        Some(Predicate::Equals(path, text.to_owned()))
    }
}
