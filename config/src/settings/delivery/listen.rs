//! The reader of the doors.

use std::net::SocketAddr;

use super::firehose;
use super::tables::{LISTEN, NATIVE, TOKEN};
use super::{Listen, Native, Stream, StreamPattern, Token};
use crate::settings::admin::{admin, each_once, open_to_all, warn_of_open_door};
use crate::settings::tls::tls;
use crate::settings::values::{self, is_loopback};
use crate::yaml::{At, Fields};

pub(super) fn read(at: &At<'_>) -> Option<Listen> {
    let fields = at.fields(&LISTEN)?;
    let firehose = fields.optional("firehose", firehose::read);
    let native = fields.optional("native", native);
    let admin = fields.optional("admin", admin);
    if !fields.given("native") && !fields.given("firehose") {
        fields.at.problem_at_key(
            "no door is open through which records could come: name firehose or native",
        );
        return None;
    }
    let listen = Listen {
        firehose: firehose?,
        native: native?,
        admin: admin?,
    };
    check_addresses(&fields, &listen)?;
    Some(listen)
}

/// Two doors on one address would fail when they open. Port 0 is any free one.
fn check_addresses(fields: &Fields<'_>, listen: &Listen) -> Option<()> {
    let doors = [
        (
            "firehose",
            listen.firehose.as_ref().map(|door| door.address),
        ),
        ("native", listen.native.as_ref().map(|door| door.address)),
        ("admin", listen.admin.as_ref().map(|door| door.address)),
    ];
    let mut taken: Vec<(&str, SocketAddr)> = Vec::new();
    for (name, address) in doors {
        let Some(address) = address.filter(|address| address.port() != 0) else {
            continue;
        };
        if let Some((other, _)) = taken.iter().find(|(_, other)| *other == address) {
            fields
                .get(name)?
                .problem(format!("conflict: {address} is the address of {other} too"));
            return None;
        }
        taken.push((name, address));
    }
    Some(())
}

fn native(at: &At<'_>) -> Option<Native> {
    let fields = at.fields(&NATIVE)?;
    let address = fields.read("address", values::address);
    let tokens = match fields.get("tokens") {
        Some(at) => tokens(&at),
        None => Some(Vec::new()),
    };
    let tls = fields.optional("tls", tls);
    let (address, tokens, tls) = (address?, tokens?, tls?);
    if tokens.is_empty() && !is_loopback(&address) {
        open_to_all(&fields, address);
        return None;
    }
    warn_of_open_door(&fields, address, tls.as_ref());
    Some(Native {
        address,
        tokens,
        tls,
    })
}

fn tokens(at: &At<'_>) -> Option<Vec<Token>> {
    let items = at.items()?;
    let tokens: Vec<_> = items.iter().map(token).collect();
    let tokens: Vec<Token> = tokens.into_iter().collect::<Option<_>>()?;
    let names: Vec<_> = tokens.iter().map(|token| token.name.as_str()).collect();
    each_once(&items, &names)?;
    Some(tokens)
}

fn token(at: &At<'_>) -> Option<Token> {
    let fields = at.fields(&TOKEN)?;
    let name = fields.read("name", |at| at.filled("a name"));
    let token = fields.read("token", values::secret);
    let streams = match fields.get("streams") {
        Some(at) => patterns(&at),
        None => Some(vec![StreamPattern("*".to_owned())]),
    };
    Some(Token {
        name: name?,
        token: token?,
        streams: streams?,
    })
}

pub(super) fn patterns(at: &At<'_>) -> Option<Vec<StreamPattern>> {
    let items = at.items()?;
    if items.is_empty() {
        at.wrong_type("a list of at least one name, in which * stands for any characters");
        return None;
    }
    let patterns: Vec<_> = items.iter().map(pattern).collect();
    patterns.into_iter().collect()
}

fn pattern(at: &At<'_>) -> Option<StreamPattern> {
    let allowed = "the name of a stream, in which * stands for any characters";
    let text = at.text(allowed)?;
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '*');
    if text.is_empty() || !text.chars().all(legal) {
        at.wrong_type(allowed);
        return None;
    }
    Some(StreamPattern(text.to_owned()))
}

/// A token or key that opens no stream is probably misspelt.
pub(super) fn warn_of_idle_tokens(listen: &Listen, streams: &[Stream], at: &At<'_>) {
    let tokens = listen.native.iter().flat_map(|native| &native.tokens);
    let tokens = tokens.map(|token| ("token", &token.name, &token.streams));
    let keys = listen.firehose.iter().flat_map(|door| &door.keys);
    let keys = keys.map(|key| ("key", &key.id, &key.streams));
    for (what, name, patterns) in tokens.chain(keys) {
        for pattern in patterns {
            if !streams.iter().any(|stream| pattern.matches(&stream.name)) {
                at.warn(format!(
                    "the {what} {name:?} names {:?}, but no stream is called so",
                    pattern.0
                ));
            }
        }
    }
}
