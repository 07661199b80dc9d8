//! The vocabulary in which Standpipe is tested from outside: start the real programs, write logs
//! that rotate, kill, wait for a fact, and hold what arrived against what was written.
//!
//! Nothing here knows how the programs work inside. The quickstart is told in the same words.

pub mod access;
pub mod agent;
pub mod binaries;
pub mod certificates;
pub mod components;
pub mod daemon;
pub mod folder;
pub mod gate;
pub mod home;
pub mod http;
pub mod journal;
pub mod kills;
pub mod ledger;
pub mod listener;
pub mod log;
pub mod mount;
pub mod objects;
pub mod order;
pub mod partitioned;
pub mod port;
pub mod postgresql;
pub mod power;
pub mod program;
pub mod proxy;
pub mod random;
pub mod readers;
pub mod redrive;
pub mod redshift;
pub mod s3;
pub mod search;
pub mod seen;
pub mod signed;
pub mod trouble;
pub mod wait;

pub use agent::Agent;
pub use daemon::Daemon;
pub use folder::Folder;
pub use ledger::Ledger;
pub use trouble::{Outcome, Trouble};
