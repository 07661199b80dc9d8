//! The settings of streams that are made over the wire: the part that is the operator's to say.

use super::Bucket;
use super::bucket;
use super::tables::{ACCESS_KEY_ID, ENDPOINT, PATH_STYLE, REGION, SECRET_ACCESS_KEY};
use crate::yaml::{At, Key, Table};

/// What streams that are made over the wire have in common.
#[derive(Clone, PartialEq, Debug)]
pub struct Created {
    /// A bucket but for its name.
    store: Bucket,
    /// Whether the operator says that the disk of `data_dir` is encrypted: whoever asks for
    /// encryption over the wire gets it then.
    pub disk_is_encrypted: bool,
}

impl Created {
    /// The bucket of this name.
    pub fn bucket(&self, name: &str) -> Bucket {
        Bucket {
            name: name.to_owned(),
            ..self.store.clone()
        }
    }

    /// Where all buckets are.
    pub(super) fn store(&self) -> &Bucket {
        &self.store
    }
}

pub(super) static CREATED: Table = Table {
    path: "listen.firehose.created",
    keys: &[
        Key::new(
            "s3",
            "Object storage, and who asks there. Buckets are named over the wire.",
            "",
            "a mapping",
        ),
        Key::new(
            "disk_is_encrypted",
            "Whether the disk of data_dir is encrypted, for those who ask for encryption.",
            "false",
            "true or false",
        ),
    ],
};

pub(super) static CREATED_S3: Table = Table {
    path: "listen.firehose.created.s3",
    keys: &[
        ENDPOINT,
        REGION,
        PATH_STYLE,
        ACCESS_KEY_ID,
        SECRET_ACCESS_KEY,
    ],
};

/// Reads them.
pub(super) fn read(at: &At<'_>) -> Option<Created> {
    let fields = at.fields(&CREATED)?;
    let store = match fields.has("s3") {
        true => fields.under("s3", &CREATED_S3, |fields| {
            bucket::store(fields, String::new())
        }),
        false => {
            fields.missing("s3");
            None
        }
    };
    let disk_is_encrypted = fields.read("disk_is_encrypted", |at| at.flag());
    Some(Created {
        store: store?,
        disk_is_encrypted: disk_is_encrypted?,
    })
}
