//! How a process of ours behaves: what it logs and where, which signals it obeys, what its exit
//! code means, what it tells the service manager, and the HTTP doors it opens.
//!
//! Both programs behave alike, because both use this.

pub mod admin;
pub mod check;
pub mod door;
pub mod exit;
pub mod logging;
pub mod manual;
pub mod metrics;
pub mod published;
pub mod readiness;
pub mod service;
pub mod signals;
