//! Whether the disk has what all quotas together promise (rule 28): where it has not, streams whose
//! destinations are dead can fill it for all, and their doors close together.

use std::path::Path;

use standpipe_config::settings::Loaded;
use standpipe_config::settings::delivery::{self, HighWater, Settings};
use standpipe_config::units::print_size;
use standpipe_config::yaml::{Problem, Problems};

use crate::disk::DataFolder;

/// Reads the settings; warns where the quotas are more than the disk.
pub(super) fn load(config: &Path) -> Result<Loaded<Settings>, Problems> {
    let mut loaded = delivery::load(config)?;
    let settings = &loaded.settings;
    // The folder may not be there yet; what lies above it tells the same.
    let mut above = settings.data_dir.ancestors();
    let whole = above.find_map(|folder| {
        let folder = DataFolder::new(folder, settings.limits.disk);
        folder.whole().ok()
    });
    let message = whole.and_then(|whole| missing(settings, whole));
    loaded.warnings.extend(message.map(|message| Problem {
        file: config.display().to_string(),
        place: None,
        path: "streams".to_owned(),
        message,
    }));
    Ok(loaded)
}

/// What to say about a file system of `whole` bytes, if its room does not suffice.
fn missing(settings: &Settings, whole: u64) -> Option<String> {
    let usable = match settings.limits.disk {
        HighWater::Percent(share) => whole / 100 * u64::from(share),
        HighWater::Free(bytes) => whole.saturating_sub(bytes),
    };
    let quotas = settings.streams.iter().map(|stream| stream.quota);
    let promised = quotas.fold(0, u64::saturating_add);
    (promised > usable).then(|| {
        format!(
            "all quotas together are {}, and the disk of {} has {} up to limits.disk: streams whose destinations are down can fill it and close every door; lower disk.quota, or use a larger disk",
            print_size(promised),
            settings.data_dir.display(),
            print_size(usable),
        )
    })
}

#[cfg(test)]
mod tests;
