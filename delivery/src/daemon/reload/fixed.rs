//! What cannot change while the daemon runs.

use standpipe_config::settings::delivery::{Listen, Settings};

/// The settings that differ and count at the next start only, by their paths.
pub(super) fn fixed(before: &Settings, after: &Settings) -> Vec<&'static str> {
    let folder = |s: &Settings| (s.data_dir.clone(), s.allow_tmpfs);
    let listen = (&before.listen, &after.listen);
    [
        ("data_dir", folder(before) != folder(after)),
        ("limits", before.limits != after.limits),
        ("listen.firehose", {
            listen.0.firehose != listen.1.firehose || keys(listen.0) != keys(listen.1)
        }),
        ("listen.native", {
            listen.0.native != listen.1.native || tokens(listen.0) != tokens(listen.1)
        }),
        ("listen.admin", listen.0.admin != listen.1.admin),
    ]
    .into_iter()
    .filter_map(|(name, differs)| differs.then_some(name))
    .collect()
}

/// By content: a secret alone compares by its source.
fn tokens(listen: &Listen) -> Vec<&str> {
    let tokens = listen.native.iter().flat_map(|door| &door.tokens);
    tokens.map(|token| token.token.expose()).collect()
}

fn keys(listen: &Listen) -> Vec<&str> {
    let keys = listen.firehose.iter().flat_map(|door| &door.keys);
    keys.map(|key| key.secret.expose()).collect()
}
