//! Finds what a path leads to.

use super::markup::{Content, Markup};
use super::xpath::{Path, Predicate, Step, Test};

/// Nodes that one path may look at: predicates with paths of their own look at many again.
const MAX_VISITS: usize = 5_000_000;

/// What a path leads to: a node, or an attribute of an element; in the order of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hit {
    Node(usize),
    Attribute(usize, usize),
}

/// Returns the first of what a path leads to from the document on.
pub(super) fn first(markup: &Markup, path: &Path) -> Result<Option<Hit>, String> {
    let mut search = Search { markup, visits: MAX_VISITS };
    search
        .hits(path, 0)
        .map(|hits| hits.first().copied())
        .ok_or_else(|| "the document is too large for the key".to_owned())
}

struct Search<'a> {
    markup: &'a Markup,
    visits: usize,
}

impl Search<'_> {
    /// Returns what a path leads to; `None` when there was too much to look at.
    fn hits(&mut self, path: &Path, context: usize) -> Option<Vec<Hit>> {
        let mut hits = vec![Hit::Node(if path.absolute { 0 } else { context })];
        for step in &path.steps {
            let nodes = hits.iter().filter_map(|hit| match hit {
                Hit::Node(index) => Some(*index),
                Hit::Attribute(..) => None,
            });
            let mut contexts: Vec<usize> = nodes.collect();
            if step.anywhere {
                contexts = self.with_descendants(contexts)?;
            }
            let mut next = Vec::new();
            for context in contexts {
                next.extend(self.step(step, context)?);
            }
            next.sort_unstable();
            next.dedup();
            hits = next;
        }
        Some(hits)
    }

    fn visit(&mut self, nodes: usize) -> Option<()> {
        self.visits = self.visits.checked_sub(nodes)?;
        Some(())
    }

    fn with_descendants(&mut self, mut waiting: Vec<usize>) -> Option<Vec<usize>> {
        self.visit(self.markup.len())?;
        let mut seen = vec![false; self.markup.len()];
        let mut found = Vec::new();
        while let Some(index) = waiting.pop() {
            match seen.get_mut(index) {
                Some(seen) if !*seen => *seen = true,
                _ => continue,
            }
            found.push(index);
            waiting.extend(&self.markup.node(index).children);
        }
        found.sort_unstable();
        Some(found)
    }

    /// Takes one step from one node; positions count what it leads to from there.
    fn step(&mut self, step: &Step, context: usize) -> Option<Vec<Hit>> {
        let node = self.markup.node(context);
        self.visit(1 + node.children.len())?;
        let mut hits: Vec<Hit> = match &step.test {
            Test::Itself => vec![Hit::Node(context)],
            Test::Parent => vec![Hit::Node(node.parent)],
            Test::Attribute(_) | Test::AnyAttribute => match &node.content {
                Content::Element { attributes, .. } => {
                    let wanted = |name: &str| match &step.test {
                        Test::Attribute(wanted) => wanted == name,
                        _ => true,
                    };
                    let all = attributes.iter().enumerate();
                    let found = all.filter(|(_, (name, _))| wanted(name));
                    found.map(|(index, _)| Hit::Attribute(context, index)).collect()
                }
                _ => Vec::new(),
            },
            test => {
                let wanted = |child: &usize| match (&self.markup.node(*child).content, test) {
                    (Content::Element { name, .. }, Test::Element(wanted)) => name == wanted,
                    (Content::Element { .. }, Test::AnyElement)
                    | (Content::Text(_), Test::Text) => true,
                    _ => false,
                };
                node.children.iter().copied().filter(wanted).map(Hit::Node).collect()
            }
        };
        for predicate in &step.predicates {
            hits = self.chosen(predicate, hits)?;
        }
        Some(hits)
    }

    fn chosen(&mut self, predicate: &Predicate, hits: Vec<Hit>) -> Option<Vec<Hit>> {
        let position = match predicate {
            Predicate::Position(position) => Some(position.checked_sub(1)),
            Predicate::Last => Some(hits.len().checked_sub(1)),
            _ => None,
        };
        if let Some(position) = position {
            return Some(position.and_then(|index| hits.get(index)).copied().into_iter().collect());
        }
        let mut chosen = Vec::new();
        for hit in hits {
            let (Hit::Node(context), Predicate::Has(path) | Predicate::Equals(path, _)) =
                (hit, predicate)
            else {
                continue;
            };
            let found = self.hits(path, context)?;
            let holds = match predicate {
                Predicate::Equals(_, text) => {
                    found.iter().any(|hit| self.markup.text(*hit) == *text)
                }
                _ => !found.is_empty(),
            };
            if holds {
                chosen.push(hit);
            }
        }
        Some(chosen)
    }
}
