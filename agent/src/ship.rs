//! Shipping: sending requests until they are answered, and knowing what the answers mean.

pub mod backoff;
pub mod client;
pub mod firehose;
pub mod packer;
pub mod receiver;
pub mod verdict;
