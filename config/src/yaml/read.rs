//! Readers: they walk the tree, take what they need, and note every problem on the way.
//!
//! A reader returns `None` where it noted a problem, and goes on with its neighbours first, so
//! that one run finds everything.

use std::cell::RefCell;
use std::fmt::Display;
use std::path::{Path, PathBuf};

use super::problem::{Place, Problem, Problems};
use super::table::Table;
use super::tree::{Node, Value};

mod fields;
mod values;

pub use fields::Fields;

/// A text that is being read, and what was found wrong with it so far.
#[derive(Debug)]
pub struct Document {
    file: String,
    folder: PathBuf,
    root: Node,
    problems: RefCell<Vec<Problem>>,
    warnings: RefCell<Vec<Problem>>,
}

/// A value in a document: where it stands, and what its path is.
#[derive(Clone, Debug)]
pub struct At<'a> {
    document: &'a Document,
    node: &'a Node,
    path: String,
    /// Where to say that something is missing: at the key.
    key: Place,
}

impl Document {
    /// Reads a text. `file` is what problems call it, `folder` is what relative paths in it are
    /// taken from. A syntax error or a key that is there twice is reported alone.
    pub fn parse(text: &str, file: &str, folder: &Path) -> Result<Self, Problems> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let root = Node::parse(text).map_err(|error| {
            Problems(vec![Problem {
                file: file.to_owned(),
                place: error.place,
                path: String::new(),
                message: error.message,
            }])
        })?;
        Ok(Self {
            file: file.to_owned(),
            folder: folder.to_owned(),
            root,
            problems: RefCell::default(),
            warnings: RefCell::default(),
        })
    }

    /// The file itself.
    pub fn root(&self) -> At<'_> {
        At {
            document: self,
            node: &self.root,
            path: String::new(),
            key: Place {
                line: 1,
                column: 1,
                start: 0,
                end: 0,
            },
        }
    }

    /// What was noted: problems and warnings, each in the order of the file.
    pub fn finish(self) -> (Vec<Problem>, Vec<Problem>) {
        let in_order = |found: RefCell<Vec<Problem>>| {
            let mut found = found.into_inner();
            found.sort_by_key(|problem| problem.place.map(|place| (place.line, place.column)));
            found
        };
        (in_order(self.problems), in_order(self.warnings))
    }
}

impl<'a> At<'a> {
    /// Notes that this value is wrong. The message says what was found and what is allowed.
    pub fn problem(&self, message: impl Display) {
        self.note(&self.document.problems, self.node.place, message);
    }

    /// Notes that this value is wrong, at its key: for what is missing inside of it.
    pub fn problem_at_key(&self, message: impl Display) {
        self.note(&self.document.problems, self.key, message);
    }

    /// Notes something that is allowed and probably not meant.
    pub fn warn(&self, message: impl Display) {
        self.note(&self.document.warnings, self.node.place, message);
    }

    fn note(&self, list: &RefCell<Vec<Problem>>, place: Place, message: impl Display) {
        list.borrow_mut().push(Problem {
            file: self.document.file.clone(),
            place: Some(place),
            path: self.path.clone(),
            message: message.to_string(),
        });
    }

    /// The folder that relative paths are taken from.
    pub fn folder(&self) -> &'a Path {
        &self.document.folder
    }

    /// The value as it stands in the tree.
    pub fn value(&self) -> &'a Value {
        &self.node.value
    }

    /// A mapping whose keys stand in a table. Unknown keys, and those that a later version will
    /// have, are noted. Nothing is read as an empty mapping.
    pub fn fields(&self, table: &'static Table) -> Option<Fields<'a>> {
        match &self.node.value {
            Value::Null => Some(Fields::new(self.clone(), &[], table)),
            Value::Map(pairs) => Some(Fields::new(self.clone(), pairs, table)),
            _ => {
                self.wrong_type(&format!("a mapping with the keys {}", table.names()));
                None
            }
        }
    }

    /// A mapping whose keys are names that the operator chose: each key, and its value.
    pub fn entries(&self) -> Option<Vec<(At<'a>, At<'a>)>> {
        match &self.node.value {
            Value::Null => Some(Vec::new()),
            Value::Map(pairs) => Some(pairs.iter().map(|pair| self.entry(pair)).collect()),
            _ => {
                self.wrong_type("a mapping");
                None
            }
        }
    }

    /// A mapping's keys and values as they are; `None` for anything else, without a problem.
    pub fn entries_if_map(&self) -> Option<Vec<(At<'a>, At<'a>)>> {
        match &self.node.value {
            Value::Map(_) => self.entries(),
            _ => None,
        }
    }

    /// The value of a key of a mapping that another reader checks.
    pub fn child(&self, name: &str) -> Option<At<'a>> {
        let mut entries = self.entries_if_map()?.into_iter();
        entries
            .find(|(key, _)| fields::name_of(key.node) == name)
            .map(|(_, value)| value)
    }

    fn entry(&self, (key, value): &'a (Node, Node)) -> (At<'a>, At<'a>) {
        let path = self.below(&fields::name_of(key));
        let at = |node: &'a Node| At {
            document: self.document,
            node,
            path: path.clone(),
            key: key.place,
        };
        (at(key), at(value))
    }

    /// A list.
    pub fn items(&self) -> Option<Vec<At<'a>>> {
        let Value::List(list) = &self.node.value else {
            self.wrong_type("a list");
            return None;
        };
        let item = |(i, node): (usize, &'a Node)| At {
            document: self.document,
            node,
            path: format!("{}[{i}]", self.path),
            key: node.place,
        };
        Some(list.iter().enumerate().map(item).collect())
    }

    fn below(&self, name: &str) -> String {
        match self.path.is_empty() {
            true => name.to_owned(),
            false => format!("{}.{name}", self.path),
        }
    }
}
