//! Warehouses: tables that rows are loaded into, each sealed file by exactly one committed
//! transaction (rule 25).

mod bisect;
mod feed;
mod ledger;
mod loader;
mod place;
pub mod postgresql;
pub mod redshift;
mod session;
mod sql;
mod tls;
mod verdict;

pub use place::{Loading, Server, Table, Tls};
