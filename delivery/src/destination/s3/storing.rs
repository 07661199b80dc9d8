//! How objects are stored: what the checkpoint keeps of it (rule 16), and the client's options.

use std::collections::BTreeMap;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, Checksum};
use object_store::{Attribute, Attributes, TagSet};
use serde::{Deserialize, Serialize};
use standpipe_config::secret::{Secret, SecretSource};
use standpipe_config::settings::delivery as settings;

use crate::failure::Failure;

/// How objects are stored. Never a secret: only where it is to be found.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
pub struct Storing {
    /// What the store is asked to encrypt with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<Encryption>,
    /// The storage class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// The tags of each object.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Whether the SHA-256 of what is sent goes with it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub checksum: bool,
}

/// What a store encrypts with.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encryption {
    /// Keys of the store's own.
    Store,
    /// A key of its key management.
    Kms {
        /// Its ARN or id.
        key: String,
        /// Whether a key of the bucket stands between.
        bucket_key: bool,
    },
    /// A key of ours, by reference.
    Customer(SecretSource),
}

impl Storing {
    /// What the settings say.
    pub fn of(settings: &settings::Storing) -> Self {
        let encryption = settings.encryption.as_ref().map(|e| match e {
            settings::Encryption::Store => Encryption::Store,
            settings::Encryption::Kms { key, bucket_key } => Encryption::Kms {
                key: key.clone(),
                bucket_key: *bucket_key,
            },
            settings::Encryption::Customer(key) => Encryption::Customer(key.source().clone()),
        });
        Self {
            encryption,
            class: settings.class.clone(),
            tags: settings.tags.clone(),
            checksum: settings.checksum,
        }
    }

    /// Whether nothing is said.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// What each request of a client says. Reads the customer's key.
    pub(super) fn tell(&self, builder: AmazonS3Builder) -> Result<AmazonS3Builder, Failure> {
        let builder = match self.checksum {
            true => builder.with_checksum_algorithm(Checksum::SHA256),
            false => builder,
        };
        Ok(match &self.encryption {
            None => builder,
            Some(Encryption::Store) => {
                let kind: Result<AmazonS3ConfigKey, _> = "aws_server_side_encryption".parse();
                let kind = kind.map_err(|e| Failure::halt(format!("cannot encrypt: {e}")))?;
                builder.with_config(kind, "AES256")
            }
            Some(Encryption::Kms { key, bucket_key }) => builder
                .with_sse_kms_encryption(key)
                .with_bucket_key(*bucket_key),
            Some(Encryption::Customer(source)) => {
                let cannot = |why: String| {
                    Failure::halt(format!("the key of encryption.customer_key: {why}"))
                };
                let key = Secret::read(source.clone()).map_err(|e| cannot(e.to_string()))?;
                let bytes = base64_simd::STANDARD.decode_to_vec(key.expose());
                if bytes.map(|bytes| bytes.len()).ok() != Some(32) {
                    let why = format!("{source} does not hold 32 bytes in base64");
                    return Err(cannot(why));
                }
                builder.with_ssec_encryption(key.expose())
            }
        })
    }

    /// Adds what an object is put with.
    pub(super) fn describe(&self, attributes: &mut Attributes) {
        if let Some(class) = &self.class {
            attributes.insert(Attribute::StorageClass, class.clone().into());
        }
    }

    /// The tags that an object is put with.
    pub(super) fn tag_set(&self) -> TagSet {
        let mut tags = TagSet::default();
        for (key, value) in &self.tags {
            tags.push(key, value);
        }
        tags
    }
}
