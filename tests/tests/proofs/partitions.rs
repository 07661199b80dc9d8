//! Partitions, end to end: each record once under its key wherever the daemon is killed, and
//! thousands of them open at once in bounded memory.

#[cfg(feature = "faults")]
mod killed;
mod many;
