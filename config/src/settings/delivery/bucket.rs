//! The reader of a bucket.

use super::{Access, Bucket};
use crate::settings::{url, values};
use crate::yaml::{At, Fields};

/// What S3 allows of a bucket's name, in bytes.
const NAME: std::ops::RangeInclusive<usize> = 3..=63;

const NAME_ALLOWED: &str = "the name of a bucket: 3 to 63 characters of [a-zA-Z0-9._-]";

const REGION_ALLOWED: &str = "the name of a region, such as us-east-1";

/// Reads what says which bucket it is and how to get in.
pub(super) fn read(fields: &Fields<'_>) -> Option<Bucket> {
    let name = fields.read("bucket", name);
    let store = store(fields, String::new());
    Some(Bucket {
        name: name?,
        ..store?
    })
}

/// Reads how to get into any bucket; this one has a name already.
pub(super) fn store(fields: &Fields<'_>, name: String) -> Option<Bucket> {
    let endpoint = fields.optional("endpoint", |at| at.parsed("an address", url::parse));
    let region = fields.read("region", region);
    // Of other servers than AWS hardly one finds the bucket in the name of its host.
    let usual = match fields.given("endpoint") {
        true => "true",
        false => "false",
    };
    let path_style = fields.read_or("path_style", usual, |at| at.flag());
    let access = access(fields);
    Some(Bucket {
        name,
        endpoint: endpoint?,
        region: region?,
        path_style: path_style?,
        access: access?,
    })
}

fn name(at: &At<'_>) -> Option<String> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let text = at.text(NAME_ALLOWED)?;
    if !NAME.contains(&text.len()) || !text.chars().all(legal) || text.contains("..") {
        at.wrong_type(NAME_ALLOWED);
        return None;
    }
    Some(text.to_owned())
}

/// The name of a region.
pub(super) fn region(at: &At<'_>) -> Option<String> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let text = at.text(REGION_ALLOWED)?;
    if text.is_empty() || !text.chars().all(legal) {
        at.wrong_type(REGION_ALLOWED);
        return None;
    }
    Some(text.to_owned())
}

/// Both halves of an access key, or neither. The outer `None`: a problem was noted.
pub(super) fn access(fields: &Fields<'_>) -> Option<Option<Access>> {
    let key = values::access_key(fields)?;
    Some(key.map(|(key_id, secret)| Access { key_id, secret }))
}
