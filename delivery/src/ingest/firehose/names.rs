//! What streams are called outside, and what is said of those that are not there.
#![allow(dead_code, reason = "for operations that put no records")]

use standpipe_config::names::StreamName;

use super::exception::{Exception, Kind};

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

    /// There is no such stream.
    pub(super) fn not_found(&self, stream: &StreamName) -> Exception {
        let message = format!(
            "Firehose {stream} under account {} not found.",
            self.account
        );
        Exception::new(Kind::NotFound, message)
    }
}
