//! Who may enter, while the daemon runs: tokens and keys change with the settings, for the next
//! request. What is in hand is answered as it was let in.

use standpipe_config::process::admin::{Bearer, Gate};
use standpipe_config::settings::delivery::{AccessKey, AdminToken, Listen, Token};

use crate::ingest::NativeDoor;
use crate::ingest::firehose::FirehoseDoor;

/// The doors that ask who comes. What is `None` was not opened.
#[derive(Debug, Default)]
pub(super) struct Access {
    pub(super) native: Option<NativeDoor>,
    pub(super) firehose: Option<FirehoseDoor>,
    pub(super) admin: Option<Gate>,
}

/// Whom these tokens let in at the admin door.
pub(super) fn bearers(tokens: &[AdminToken]) -> Vec<Bearer> {
    let bearer = |token: &AdminToken| Bearer {
        token: token.token.expose().into(),
        may_command: token.may_command,
    };
    tokens.iter().map(bearer).collect()
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
        if let (Some(gate), Some(now), Some(after)) = (&self.admin, &mut now.admin, &after.admin)
            && !same_admin_tokens(&now.tokens, &after.tokens)
        {
            let names = named(after.tokens.iter().map(|token| &token.name));
            tracing::info!(
                door = "admin",
                "tokens that are accepted from now on: {names}"
            );
            gate.accept(bearers(&after.tokens));
            now.tokens.clone_from(&after.tokens);
        }
    }
}

/// By content: a secret alone compares by its source.
fn same_tokens(before: &[Token], after: &[Token]) -> bool {
    let mut pairs = before.iter().zip(after);
    before == after && pairs.all(|(a, b)| a.token.expose() == b.token.expose())
}

/// Likewise.
fn same_admin_tokens(before: &[AdminToken], after: &[AdminToken]) -> bool {
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
