//! Whose key signs: the settings', or that of whom the usual chain of AWS finds, held until it
//! runs out.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use standpipe_config::names::Arrival;
use standpipe_config::secret::{Secret, known};
use tokio::sync::Mutex;

use super::sources;
use crate::ship::client::Trouble;

/// So long before a key runs out another one is asked for.
const EARLY: Duration = Duration::from_secs(300);

/// An access key. No `Debug`: it is a secret.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Keys {
    pub(super) id: String,
    pub(super) secret: String,
    /// Goes with the keys of a role.
    pub(super) token: Option<String>,
}

/// A key and until when it holds; `None`: until it is changed.
#[derive(Clone)]
pub(super) struct Found {
    pub(super) keys: Keys,
    pub(super) until: Option<Timestamp>,
}

/// What the environment says.
pub(super) struct Variables(BTreeMap<String, String>);

impl Variables {
    /// Those of this process that matter to AWS.
    pub(super) fn of_process() -> Self {
        let matters = |name: &str| name.starts_with("AWS_") || name == "HOME";
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        let all = std::env::vars_os().filter_map(text);
        Self(all.filter(|(name, _)| matters(name)).collect())
    }

    #[cfg(test)]
    pub(super) fn new(pairs: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self(pairs.iter().map(owned).collect())
    }

    /// The value of a variable that is set and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.get(name)?;
        (!value.is_empty()).then_some(value)
    }
}

/// The time of day.
pub(super) fn now() -> Timestamp {
    Timestamp::from_millisecond(Arrival::now().0).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Whose key signs.
pub(super) struct Credentials {
    settings: Option<Keys>,
    variables: Variables,
    held: Mutex<Option<Found>>,
}

impl Credentials {
    /// The key of the settings, or whom the environment of this process leads to.
    pub(super) fn new(key: Option<(String, Secret)>) -> Self {
        let keys = |(id, secret): (String, Secret)| Keys {
            id,
            secret: secret.expose().to_owned(),
            token: None,
        };
        Self {
            settings: key.map(keys),
            variables: Variables::of_process(),
            held: Mutex::new(None),
        }
    }

    /// A key that holds now.
    pub(super) async fn keys(&self, http: &reqwest::Client) -> Result<Keys, Trouble> {
        if let Some(keys) = &self.settings {
            return Ok(keys.clone());
        }
        let mut held = self.held.lock().await;
        let now = now();
        let holds =
            |found: &Found, early: Duration| found.until.is_none_or(|end| now + early < end);
        if let Some(found) = held.as_ref().filter(|found| holds(found, EARLY)) {
            return Ok(found.keys.clone());
        }
        match (sources::find(&self.variables, http).await, held.as_ref()) {
            (Ok(found), _) => {
                let keys = found.keys.clone();
                let secrets = [Some(&keys.secret), keys.token.as_ref()];
                secrets
                    .into_iter()
                    .flatten()
                    .for_each(|s| known::remember(s));
                *held = Some(found);
                Ok(keys)
            }
            // The old one is as good as it was.
            (Err(_), Some(old)) if holds(old, Duration::ZERO) => Ok(old.keys.clone()),
            (Err(trouble), _) => Err(trouble),
        }
    }

    /// The next request asks for a key anew.
    pub(super) async fn forget(&self) {
        *self.held.lock().await = None;
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}

#[cfg(test)]
mod tests;
