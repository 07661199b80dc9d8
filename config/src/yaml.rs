//! Reading settings from YAML so that every problem is found at once, each with its place.
//!
//! The text becomes a [tree](Node) in which every key and value knows its line and column;
//! [readers](At) walk it, take what they need, and note what is wrong instead of stopping. What
//! a mapping may contain stands in a [table](Table), which is also what `check` and the manual
//! print. Source lines are not repeated in messages: a secret could stand in them.

mod problem;
mod quote;
mod read;
mod table;
mod tree;

pub use problem::{Place, Problem, Problems};
pub use quote::quoted;
pub use read::{At, Document, Fields};
pub use table::{Key, Table};
pub use tree::{Node, Scalar, Value};

#[cfg(test)]
pub(crate) use table::asked;

#[cfg(test)]
mod tests;
