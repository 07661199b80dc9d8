//! What cannot change while the daemon runs.

use standpipe_config::settings::delivery::{Listen, Settings};

/// The settings that differ and count at the next start only, by their paths.
pub(super) fn fixed(before: &Settings, after: &Settings) -> Vec<&'static str> {
    let folder = |s: &Settings| (s.data_dir.clone(), s.allow_tmpfs);
    let (old, new) = (
        without_access(&before.listen),
        without_access(&after.listen),
    );
    [
        ("data_dir", folder(before) != folder(after)),
        ("limits.memory", before.limits.memory != after.limits.memory),
        ("listen.firehose", old.firehose != new.firehose),
        ("listen.native", old.native != new.native),
        ("listen.admin", old.admin != new.admin),
    ]
    .into_iter()
    .filter_map(|(name, differs)| differs.then_some(name))
    .collect()
}

/// The doors but for whom they let in.
fn without_access(listen: &Listen) -> Listen {
    let mut listen = listen.clone();
    if let Some(native) = &mut listen.native {
        native.tokens.clear();
    }
    if let Some(admin) = &mut listen.admin {
        admin.tokens.clear();
    }
    if let Some(firehose) = &mut listen.firehose {
        firehose.keys.clear();
    }
    listen
}
