//! The lane: from the journal's records to sealed files.

pub mod checkpoint;
pub mod object;
