//! Standpipe's daemon, as a library: makes records durable, buffers, converts and delivers them.
//!
//! `ingest` sees only `stream`; `journal`, `transform`, `format`, `spool` and `destination` know
//! nothing of one another's insides; only `lane` and the delivery loop put them together; `daemon`
//! only constructs, starts and stops.

pub mod aws;
pub mod daemon;
pub mod destination;
pub mod disk;
pub mod failure;
pub mod faults;
pub mod format;
pub mod ingest;
pub mod journal;
pub mod lane;
pub mod operate;
pub mod record;
pub mod spool;
pub mod stream;
pub mod transform;
pub mod trial;
