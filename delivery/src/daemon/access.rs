//! Who may enter, while the daemon runs: tokens and keys change with the settings, for the next
//! request. What is in hand is answered as it was let in.

use standpipe_config::process::admin::Gate;
use standpipe_config::settings::delivery::{AccessKey, Listen, Token};

use crate::ingest::NativeDoor;
use crate::ingest::firehose::FirehoseDoor;

/// The doors that ask who comes. What is `None` was not opened.
#[derive(Debug, Default)]
pub(super) struct Access {
    pub(super) native: Option<NativeDoor>,
    pub(super) firehose: Option<FirehoseDoor>,
    pub(super) admin: Option<Gate>,
}

impl Access {
    /// Lets in whom `after` names, and notes that in `now`, by which the doors were opened or changed
    /// last. A door that only one of them has opens and closes with the process.
    pub(super) fn change(&self, now: &mut Listen, after: &Listen) {
        if let (Some(door), Some(now), Some(after)) = (&self.native, &mut now.native, &after.native)
            && !same_tokens(&now.tokens, &after.tokens)
        {
            let names = named(after.tokens.iter().map(|token| &token.name));
            tracing::info!(
                door = "native",
                "tokens that are accepted from now on: {names}"
            );
            door.accept(after.tokens.clone());
            now.tokens.clone_from(&after.tokens);
        }
        if let (Some(door), Some(now), Some(after)) =
            (&self.firehose, &mut now.firehose, &after.firehose)
            && !same_keys(&now.keys, &after.keys)
        {
            let names = named(after.keys.iter().map(|key| &key.id));
            tracing::info!(
                door = "firehose",
                "keys that are accepted from now on: {names}"
            );
            door.accept(after.keys.clone());
            now.keys.clone_from(&after.keys);
        }
        if let (Some(gate), Some(now), Some(after)) = (&self.admin, &mut now.admin, &after.admin) {
            gate.change(&mut now.tokens, &after.tokens);
        }
    }
}

/// By content: a secret alone compares by its source.
fn same_tokens(before: &[Token], after: &[Token]) -> bool {
    let mut pairs = before.iter().zip(after);
    before == after && pairs.all(|(a, b)| a.token.expose() == b.token.expose())
}

/// Likewise.
fn same_keys(before: &[AccessKey], after: &[AccessKey]) -> bool {
    let mut pairs = before.iter().zip(after);
    before == after && pairs.all(|(a, b)| a.secret.expose() == b.secret.expose())
}

fn named<'a>(names: impl Iterator<Item = &'a String>) -> String {
    let names: Vec<_> = names.map(String::as_str).collect();
    match names.is_empty() {
        true => "none".to_owned(),
        false => names.join(", "),
    }
}
