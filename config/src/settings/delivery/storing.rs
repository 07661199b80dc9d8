//! How objects are stored in a bucket: encryption, storage class, tags, checksum.

use std::collections::BTreeMap;

use super::write::quoted_path;
use crate::secret::{Secret, SecretSource};
use crate::settings::values;
use crate::yaml::{At, Fields, Key, Table, Value, quoted};

/// What S3 allows: tags of one object, and characters of a key and of a value.
const MAX_TAGS: usize = 10;
const MAX_TAG_KEY: usize = 128;
const MAX_TAG_VALUE: usize = 256;

/// How objects are stored.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Storing {
    /// What the store is asked to encrypt with; `None`: whatever the bucket says.
    pub encryption: Option<Encryption>,
    /// Such as `STANDARD_IA`; `None`: the store's default.
    pub class: Option<String>,
    /// The tags of each object.
    pub tags: BTreeMap<String, String>,
    /// Whether the SHA-256 of what is sent goes with it, for the store to check and to keep.
    pub checksum: bool,
}

/// What a store encrypts with.
#[derive(Clone, PartialEq, Debug)]
pub enum Encryption {
    /// Keys of the store's own.
    Store,
    /// A key of its key management.
    Kms {
        /// Its ARN or id.
        key: String,
        /// Whether a key of the bucket stands between, which makes fewer requests.
        bucket_key: bool,
    },
    /// A key that we send with each request, and that the store forgets: 32 bytes in base64.
    Customer(Secret),
}

pub(super) const ENCRYPTION: Key = Key::new(
    "encryption",
    "What the store is asked to encrypt with. Without it: whatever the bucket says.",
    "none",
    "store, or a mapping with the key kms or customer_key",
);
pub(super) const STORAGE_CLASS: Key = Key::new(
    "storage_class",
    "The storage class of objects.",
    "none",
    "the name of a storage class, such as STANDARD_IA",
);
pub(super) const TAGS: Key = Key::new(
    "tags",
    "The tags of each object.",
    "none",
    "a mapping of at most 10 names to texts",
);
pub(super) const CHECKSUM: Key = Key::new(
    "checksum",
    "A checksum that goes with what is sent, for the store to check and to keep.",
    "none",
    "one of none, sha256",
);

pub(super) static ENCRYPTIONS: Table = Table {
    path: "streams.*.destination.*.s3.encryption",
    keys: &[
        Key::new(
            "kms",
            "A key of the store's key management.",
            "none",
            "the ARN or id of a key",
        ),
        Key::new(
            "bucket_key",
            "Whether a key of the bucket stands between, which makes fewer requests.",
            "false",
            "true or false",
        ),
        Key::new(
            "customer_key",
            "A key that goes with each request: 32 bytes in base64.",
            "none",
            "{file: PATH} or {env: NAME}",
        ),
    ],
};

/// Reads it from the fields of an S3 destination.
pub(super) fn read(fields: &Fields<'_>) -> Option<Storing> {
    let encryption = fields.optional("encryption", encryption);
    let class = fields.optional("storage_class", class);
    let tags = fields.optional("tags", tags);
    let checksum = fields.read("checksum", |at| {
        at.choice(&[("none", false), ("sha256", true)])
    });
    Some(Storing {
        encryption: encryption?,
        class: class?,
        tags: tags?.unwrap_or_default(),
        checksum: checksum?,
    })
}

fn encryption(at: &At<'_>) -> Option<Encryption> {
    if let Value::Scalar(_) = at.value() {
        return at.choice(&[("store", ())]).map(|()| Encryption::Store);
    }
    let fields = at.fields(&ENCRYPTIONS)?;
    let kms = fields.optional("kms", |at| at.filled("the ARN or id of a key"))?;
    let bucket_key = fields.read("bucket_key", |at| at.flag())?;
    let customer = fields.optional("customer_key", values::secret)?;
    match (kms, customer) {
        (Some(key), None) => Some(Encryption::Kms { key, bucket_key }),
        (None, Some(key)) if !bucket_key => Some(Encryption::Customer(key)),
        (None, None) => {
            at.problem("is missing: one of kms, customer_key");
            None
        }
        _ => {
            at.problem("conflict: kms, with bucket_key, or customer_key is allowed");
            None
        }
    }
}

fn class(at: &At<'_>) -> Option<String> {
    let allowed = "the name of a storage class, such as STANDARD_IA";
    let text = at.filled(allowed)?;
    if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        at.wrong_type(allowed);
        return None;
    }
    Some(text)
}

fn tags(at: &At<'_>) -> Option<BTreeMap<String, String>> {
    let entries = at.entries()?;
    if entries.len() > MAX_TAGS {
        at.problem(format!(
            "{} tags are too many: {MAX_TAGS} fit",
            entries.len()
        ));
        return None;
    }
    let read = entries.iter().map(|(key, value)| {
        let key = tag(key, 1, MAX_TAG_KEY);
        let value = tag(value, 0, MAX_TAG_VALUE);
        Some((key?, value?))
    });
    // All of them, so that all problems are said at once.
    let read: Vec<_> = read.collect();
    read.into_iter().collect()
}

/// What S3 takes in a tag.
fn tag(at: &At<'_>, least: usize, most: usize) -> Option<String> {
    let allowed = format!("{least} to {most} letters, digits, spaces or _ . : / = + - @");
    let text = at.text(&allowed)?;
    let legal = |c: char| c.is_alphanumeric() || " _.:/=+-@".contains(c);
    let length = text.chars().count();
    if !(least..=most).contains(&length) || !text.chars().all(legal) {
        at.wrong_type(&allowed);
        return None;
    }
    Some(text.to_owned())
}

impl Storing {
    /// As lines of the settings.
    pub(super) fn written(&self) -> Vec<String> {
        let encryption = self.encryption.as_ref().map(|encryption| match encryption {
            Encryption::Store => "encryption: store".to_owned(),
            Encryption::Kms { key, bucket_key } => {
                format!(
                    "encryption: {{kms: {}, bucket_key: {bucket_key}}}",
                    quoted(key)
                )
            }
            Encryption::Customer(key) => {
                let source = match key.source() {
                    SecretSource::File(path) => format!("file: {}", quoted_path(path)),
                    SecretSource::Env(name) => format!("env: {}", quoted(name)),
                };
                format!("encryption: {{customer_key: {{{source}}}}}")
            }
        });
        let class = self.class.as_ref();
        let class = class.map(|class| format!("storage_class: {}", quoted(class)));
        let pairs = self.tags.iter();
        let pairs: Vec<_> = pairs
            .map(|(key, value)| format!("{}: {}", quoted(key), quoted(value)))
            .collect();
        let tags = (!pairs.is_empty()).then(|| format!("tags: {{{}}}", pairs.join(", ")));
        let checksum = self.checksum.then(|| "checksum: sha256".to_owned());
        [encryption, class, tags, checksum]
            .into_iter()
            .flatten()
            .collect()
    }

    /// What it means, for people; `None` where nothing is said.
    pub(super) fn meaning(&self) -> Option<String> {
        let encryption = self.encryption.as_ref().map(|encryption| match encryption {
            Encryption::Store => "encrypted with keys of the store".to_owned(),
            Encryption::Kms { key, bucket_key } => {
                let through = if *bucket_key {
                    ", through a key of the bucket"
                } else {
                    ""
                };
                format!("encrypted with the key {key}{through}")
            }
            Encryption::Customer(key) => {
                format!("encrypted with the key from {}", key.source())
            }
        });
        let class = self.class.as_ref().map(|class| format!("class {class}"));
        let pairs = self.tags.iter();
        let pairs: Vec<_> = pairs.map(|(key, value)| format!("{key}={value}")).collect();
        let tags = (!pairs.is_empty()).then(|| format!("tags {}", pairs.join(" ")));
        let checksum = self.checksum.then(|| "sent with their SHA-256".to_owned());
        let all = [encryption, class, tags, checksum];
        let all: Vec<_> = all.into_iter().flatten().collect();
        (!all.is_empty()).then(|| format!("    objects are {}", all.join(", ")))
    }
}
