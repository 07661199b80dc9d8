//! Where requests go: to a daemon of ours, which knows a repeat, or to Firehose, which does not.

use std::io;

use bytes::Bytes;
use standpipe_config::frame::{HeldSource, Reply};
use standpipe_config::names::{AgentId, StreamName};
use standpipe_config::settings::agent::Ship;

use super::client::{Client, NoClient, Trouble};
use super::firehose::{Firehose, Parcel};
use super::packer::Packer;
use crate::tail::Request;

/// Who takes what is shipped.
#[derive(Debug)]
pub enum Receiver {
    /// A daemon of ours, by its native door: exactly once.
    Standpipe(Client),
    /// An endpoint of Firehose: at least once.
    Firehose(Firehose),
}

/// A request, made ready for whom it is for.
#[derive(Debug)]
pub enum Packed {
    /// Frames, compressed.
    Frames {
        /// What is sent.
        body: Bytes,
        /// How many answers it gets.
        frames: usize,
        /// Bytes that wait beside it.
        unsent: u64,
    },
    /// Records of Firehose.
    Parcel(Parcel),
}

impl Receiver {
    /// Whom the settings name. Needs a TLS provider installed in the process. Blocks, as
    /// it may read certificates.
    pub fn new(ship: &Ship) -> Result<Self, NoClient> {
        match ship {
            Ship::Standpipe { url, token, trust } => {
                Client::new(url, token.clone(), trust).map(Self::Standpipe)
            }
            Ship::Firehose(firehose) => Firehose::new(firehose).map(Self::Firehose),
        }
    }

    /// Makes a request ready. Blocks for as long as that takes the processor.
    pub fn pack(&self, request: Request, packer: &mut Packer) -> io::Result<Packed> {
        match self {
            Self::Standpipe(_) => Ok(Packed::Frames {
                body: packer.pack(request.body)?,
                frames: request.frames,
                unsent: request.unsent,
            }),
            Self::Firehose(_) => Parcel::new(request.body.into())
                .map(Packed::Parcel)
                .map_err(io::Error::other),
        }
    }

    /// Sends what is packed, or what is left of it after trouble.
    pub async fn send(&self, stream: &StreamName, packed: &mut Packed) -> Result<Reply, Trouble> {
        match (self, packed) {
            (
                Self::Standpipe(client),
                Packed::Frames {
                    body,
                    frames,
                    unsent,
                },
            ) => client.send(stream, body.clone(), *frames, *unsent).await,
            (Self::Firehose(firehose), Packed::Parcel(parcel)) => {
                firehose.send(stream, parcel).await
            }
            (Self::Standpipe(_), Packed::Parcel(_))
            | (Self::Firehose(_), Packed::Frames { .. }) => {
                let why = "a request was packed for another receiver; restart the agent";
                Err(Trouble::Operator(why.to_owned()))
            }
        }
    }

    /// What the receiver holds of an agent's sources (rule 6); `None` where it does not know.
    pub async fn sources(
        &self,
        stream: &StreamName,
        agent: AgentId,
    ) -> Result<Option<Vec<HeldSource>>, Trouble> {
        match self {
            Self::Standpipe(client) => client.sources(stream, agent).await.map(Some),
            Self::Firehose(_) => Ok(None),
        }
    }

    /// What should be known of how it ships, if it is not exactly once.
    pub fn caveat(&self) -> Option<&'static str> {
        match self {
            Self::Standpipe(_) => None,
            Self::Firehose(_) => Some(
                "shipping to Firehose, which takes records at least once: nothing is lost, but after a lost reply or a kill records are sent again; parse: {record_id: true} lets a reader know repeats",
            ),
        }
    }
}

impl Packed {
    /// How much of it is not taken yet: less than before means that something was.
    pub fn left(&self) -> usize {
        match self {
            Self::Frames { frames, .. } => *frames,
            Self::Parcel(parcel) => parcel.left(),
        }
    }
}
