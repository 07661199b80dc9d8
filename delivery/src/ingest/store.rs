//! Where a request's records go: the streams. Tests of the door put a stand-in there.

use standpipe_config::frame::HeldSource;
use standpipe_config::names::{AgentId, StreamName};

use crate::journal::Append;
use crate::stream::{AppendError, Stored, Streams};

#[cfg(test)]
pub(super) use stand_in::StandIn;

#[cfg(test)]
mod stand_in;

/// Takes requests.
#[derive(Clone, Debug)]
pub(super) enum Store {
    /// The real ones.
    Streams(Streams),
    /// What a test wants.
    #[cfg(test)]
    StandIn(std::sync::Arc<StandIn>),
}

impl Store {
    /// The streams that take records.
    pub(super) fn names(&self) -> Vec<StreamName> {
        match self {
            Self::Streams(streams) => streams.names(),
            #[cfg(test)]
            Self::StandIn(stand_in) => stand_in.names(),
        }
    }

    /// Stores one request; durable on return.
    pub(super) async fn append(
        &self,
        name: &StreamName,
        append: Append,
    ) -> Result<Stored, AppendError> {
        match self {
            Self::Streams(streams) => streams.append(name, append).await,
            #[cfg(test)]
            Self::StandIn(stand_in) => stand_in.append(name, append).await,
        }
    }

    /// What is held of an agent's sources.
    pub(super) fn sources(
        &self,
        name: &StreamName,
        agent: AgentId,
    ) -> Result<Vec<HeldSource>, AppendError> {
        match self {
            Self::Streams(streams) => streams.sources(name, agent),
            #[cfg(test)]
            Self::StandIn(stand_in) => stand_in.sources(name, agent),
        }
    }
}
