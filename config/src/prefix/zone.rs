//! The time zone in which the times of keys are written: UTC, or one by its IANA name.

use jiff::Zoned;
use jiff::tz::TimeZone;

use super::PrefixError;
use crate::names::Arrival;

/// A time zone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Zone(TimeZone);

impl Zone {
    /// The zone of an IANA name, such as `Europe/Berlin`: by the rules of this machine, and where
    /// it has none, by those that this program brings along.
    pub fn named(name: &str) -> Result<Self, PrefixError> {
        let unknown = || {
            PrefixError(format!(
                "{name:?} is no time zone: allowed is a name of the IANA time zone database, such \
                 as Europe/Berlin or UTC"
            ))
        };
        let zone = TimeZone::get(name).map_err(|_| unknown())?;
        // Without a name it could not be kept among the settings.
        match zone.iana_name() {
            Some(_) => Ok(Self(zone)),
            None => Err(unknown()),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// Whether it is UTC, which is what holds where nothing else is said.
    pub fn is_utc(&self) -> bool {
        *self == Self::default()
    }

    /// The time there.
    pub fn at(&self, arrival: Arrival) -> Result<Zoned, PrefixError> {
        let stamp = jiff::Timestamp::from_millisecond(arrival.0).map_err(|error| {
            PrefixError(format!("the arrival {} ms is no time: {error}", arrival.0))
        })?;
        Ok(stamp.to_zoned(self.0.clone()))
    }
}

impl Default for Zone {
    /// UTC.
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}
