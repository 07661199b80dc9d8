//! Where a request's records go: the streams. Tests of the door put a stand-in there.

use std::collections::BTreeMap;

use standpipe_config::frame::HeldSource;
use standpipe_config::names::{AgentId, StreamName};
use standpipe_config::settings::delivery::Deaggregation;

use crate::journal::Append;
use crate::stream::{AppendError, Described, NotDescribed, Stored, Streams};

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

    /// What a stream's settings ask to take records apart into.
    pub(super) fn deaggregation(&self, name: &StreamName) -> Option<Deaggregation> {
        match self {
            Self::Streams(streams) => streams.deaggregation(name),
            #[cfg(test)]
            Self::StandIn(stand_in) => stand_in.deaggregation.clone(),
        }
    }

    /// A stream, described.
    pub(super) async fn describe(&self, name: &StreamName) -> Result<Described, NotDescribed> {
        match self {
            Self::Streams(streams) => streams.describe(name).await,
            #[cfg(test)]
            Self::StandIn(_) => Err(NotDescribed::NoSuchStream),
        }
    }

    /// Changes a stream's tags, durably, unless `change` fails.
    pub(super) async fn change_tags<E: Send + 'static>(
        &self,
        name: &StreamName,
        change: impl FnOnce(&mut BTreeMap<String, String>) -> Result<(), E> + Send + 'static,
    ) -> Result<Result<(), E>, NotDescribed> {
        match self {
            Self::Streams(streams) => streams.change_tags(name, change).await,
            #[cfg(test)]
            Self::StandIn(_) => Err(NotDescribed::NoSuchStream),
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
