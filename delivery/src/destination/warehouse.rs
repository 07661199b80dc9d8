//! Warehouses: tables that rows are loaded into, each sealed file by exactly one committed
//! transaction (rule 25).

mod bisect;
mod ledger;
mod place;
pub mod postgresql;
mod session;
mod sql;
mod tls;
mod verdict;

pub use place::{Loading, Server, Table, Tls};
