//! Settings as meant: what a checked file says, defaults filled in. A value that exists is valid.
//!
//! The written form (YAML, with line and column) and the readers that turn it into these types
//! live beside them.

pub mod agent;
pub mod delivery;
