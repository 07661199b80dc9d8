//! The process: one thread that follows files, one task per stream that ships, and what starts
//! and stops them.

mod follow;
pub(crate) mod lost;
mod parts;
mod run;
mod sender;
mod watch;

#[cfg(test)]
pub(crate) use lost::entries as remembered_by_daemon;
pub use run::{CannotStart, run};

#[cfg(test)]
pub(crate) mod stand_in;
#[cfg(test)]
mod tests;
