//! What streams are called outside, and what is said of those that are not there.

use standpipe_config::names::StreamName;

use super::exception::{Exception, Kind};
use crate::stream::NotDescribed;

/// Where the door says that its streams are.
#[derive(Clone, Debug)]
pub(super) struct Names {
    /// The region.
    pub(super) region: String,
    /// The account, of 12 digits.
    pub(super) account: String,
}

impl Names {
    /// A stream's ARN.
    pub(super) fn arn(&self, stream: &StreamName) -> String {
        let Self { region, account } = self;
        format!("arn:aws:firehose:{region}:{account}:deliverystream/{stream}")
    }

    /// The role that descriptions name, because every client expects one.
    pub(super) fn role(&self) -> String {
        format!("arn:aws:iam::{}:role/standpipe", self.account)
    }

    /// A stream is not described.
    pub(super) fn not_described(&self, stream: &StreamName, why: NotDescribed) -> Exception {
        match why {
            NotDescribed::NoSuchStream => self.not_found(stream),
            NotDescribed::Folder(why) => {
                tracing::error!(%stream, "{why}");
                Exception::new(Kind::Internal, why)
            }
        }
    }

    /// There is a stream of this name.
    pub(super) fn exists(&self, stream: &StreamName) -> Exception {
        let message = format!(
            "Firehose {stream} under accountId {} already exists",
            self.account
        );
        Exception::new(Kind::InUse, message)
    }

    /// There is no such stream.
    pub(super) fn not_found(&self, stream: &StreamName) -> Exception {
        let message = format!(
            "Firehose {stream} under account {} not found.",
            self.account
        );
        Exception::new(Kind::NotFound, message)
    }
}
