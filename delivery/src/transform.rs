//! Transforms: the user's own code changes records on their way.
//!
//! A portion of records goes in, one outcome per record comes out. What the code does need not be
//! the same twice: an outcome counts when its batch is sealed, and never again after that.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use standpipe_config::names::{Arrival, StreamName};
use standpipe_config::settings::delivery::{Hook, Transform as Settings};

use crate::failure::{Failure, Verdict};
use crate::record::Row;
use crate::record::portion::Portion;

pub use attempts::Attempts;

mod answer;
mod attempts;
mod call;
mod event;
pub mod http;
pub mod lambda;
#[cfg(test)]
mod vocabulary;
pub mod wasm;

/// The user's own code.
pub trait Transform {
    /// One attempt at a portion of records: one outcome for each, in order. Several portions may
    /// be under way at once. Dropping the future abandons the attempt.
    fn apply(
        &self,
        portion: &Arc<Portion>,
    ) -> impl Future<Output = Result<Vec<Outcome>, Fault>> + Send;
}

/// What became of a record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It is delivered in this form.
    Keep {
        /// Its new bytes.
        bytes: Bytes,
        /// Keys for partitioning that the code gave it.
        keys: Option<Arc<PartitionKeys>>,
    },
    /// It is left out.
    Drop,
    /// It goes under the error prefix, as it came.
    Failed(Arc<Failed>),
}

/// Keys for partitioning, by name.
pub type PartitionKeys = BTreeMap<String, String>;

/// Why a record failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failed {
    /// Firehose's code, such as `Lambda.FunctionError`.
    pub code: &'static str,
    /// Why, for people.
    pub message: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When the last attempt ended.
    pub ended: Arrival,
}

/// Why an attempt failed as a whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// Retry, or halt where an operator is needed: the code is missing or does not load.
    pub verdict: Verdict,
    /// Firehose's code, such as `Lambda.FunctionError`.
    pub code: &'static str,
    /// What was attempted, on what, and why it failed.
    pub message: String,
    /// Whether nobody was there: records may wait for that to pass.
    pub is_unreachable: bool,
}

/// The transforms that there are.
#[derive(Debug)]
pub enum AnyTransform {
    /// A function behind a web server.
    Http(http::Http),
    /// A function of AWS Lambda.
    Lambda(Box<lambda::Lambda>),
    /// A component inside this process.
    Wasm(wasm::Wasm),
}

impl AnyTransform {
    /// Makes ready what the settings of a stream name. Asks nobody yet. An error halts: the code
    /// is missing or does not load.
    pub async fn open(
        settings: &Settings,
        stream: &StreamName,
        engine: &wasm::Engine,
    ) -> Result<Self, Failure> {
        match &settings.hook {
            Hook::Http(hook) => http::Http::open(hook, settings, stream).map(Self::Http),
            Hook::Lambda(hook) => {
                let open = lambda::Lambda::open(hook, settings, stream)?;
                Ok(Self::Lambda(Box::new(open)))
            }
            Hook::Wasm(hook) => wasm::Wasm::open(hook, settings, stream, engine)
                .await
                .map(Self::Wasm),
        }
    }

    /// Whether what is called over a network is there, as far as can be asked without calling it.
    pub async fn preflight(&self) -> Result<(), Failure> {
        match self {
            Self::Http(http) => http.preflight().await,
            Self::Lambda(lambda) => lambda.preflight().await,
            Self::Wasm(_) => Ok(()),
        }
    }

    /// Whether `row` may go with what `gathered` has: as large as `size` at most, in bytes of
    /// records, and no request larger than it may be. A record goes alone in any case.
    pub fn takes(&self, gathered: &Portion, row: &Row<'_>, size: u64) -> bool {
        let (records, bytes) = (gathered.len() + 1, gathered.bytes() + row.bytes.len());
        let fits = match self {
            Self::Http(_) | Self::Lambda(_) => event::size(records, bytes) <= call::LONGEST,
            Self::Wasm(_) => true,
        };
        gathered.is_empty() || (bytes as u64 <= size && fits)
    }
}

impl Transform for AnyTransform {
    async fn apply(&self, portion: &Arc<Portion>) -> Result<Vec<Outcome>, Fault> {
        match self {
            Self::Http(http) => http.apply(portion).await,
            Self::Lambda(lambda) => lambda.apply(portion).await,
            Self::Wasm(wasm) => wasm.apply(portion).await,
        }
    }
}

impl Outcome {
    /// Whether the record goes under the error prefix.
    pub fn is_failed(&self) -> bool {
        matches!(self, Self::Failed(_))
    }

    /// A record that failed at the first attempt, for a reason of its own: it is not tried again.
    pub fn failed(code: &'static str, message: impl Into<String>) -> Self {
        Self::Failed(Arc::new(Failed {
            code,
            message: message.into(),
            attempts: 1,
            ended: Arrival::now(),
        }))
    }
}
