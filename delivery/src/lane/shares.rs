//! What all lanes of a process share, so that their memory is bounded.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::CHUNK;
use super::partitions::PartitionMemory;
use crate::transform::wasm::Engine;

pub use threads::Threads;

mod threads;

/// What all lanes of a process share, so that their memory is bounded.
#[derive(Clone, Debug)]
pub struct Shares {
    /// Chunks that may be in memory.
    pub chunks: Arc<Semaphore>,
    /// Encoders that may run.
    pub encoders: Arc<Semaphore>,
    /// Bytes for what passes transforms.
    pub transforms: Arc<Semaphore>,
    /// What compiles and runs components.
    pub engine: Engine,
    /// Where lanes run.
    pub threads: Threads,
    /// Bytes for rows of open partitions.
    pub partitions: Arc<PartitionMemory>,
}

/// Below the data folder: what was compiled.
const COMPILED: &str = "compiled";

impl Shares {
    /// Shares of `memory` bytes, for the lanes of one data folder.
    pub fn of(memory: u64, data_dir: &Path, threads: Threads) -> Self {
        let chunks = (memory / 8 / CHUNK as u64).clamp(2, 16) as usize;
        let encoders = if memory < 512 * 1024 * 1024 { 1 } else { 2 };
        Self {
            chunks: Arc::new(Semaphore::new(chunks)),
            encoders: Arc::new(Semaphore::new(encoders)),
            transforms: Arc::new(Semaphore::new((memory / 4) as usize)),
            threads,
            engine: Engine::new(Some(data_dir.join(COMPILED))),
            partitions: Arc::new(PartitionMemory::new((memory / 8) as usize)),
        }
    }
}
