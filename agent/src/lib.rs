//! Standpipe's agent, as a library: follows rotating log files and ships their lines exactly once.
//!
//! It stays small: no arrow, no object store, nothing of the daemon.

pub mod ask;
pub mod checkpoint;
pub mod daemon;
mod dead;
pub mod discover;
pub mod disk;
pub mod faults;
pub mod identity;
mod journald;
pub mod kinesis;
mod metrics;
pub mod parse;
pub mod progress;
pub mod ship;
pub mod split;
pub mod tail;
