//! What Standpipe's agent and daemon must agree on, and nothing else: settings, names, limits,
//! the native frame, and how a process of ours behaves.
//!
//! This crate imports nothing of ours. It knows nothing of journals, lanes, tailing or delivery.

pub mod faults;
pub mod files;
pub mod frame;
pub mod limits;
pub mod names;
pub mod prefix;
pub mod process;
pub mod profile;
pub mod query;
pub mod records;
pub mod secret;
pub mod settings;
pub mod tls;
pub mod units;
pub mod yaml;
