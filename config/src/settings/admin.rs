//! The admin door as settings have it, the same in both programs; and what is said of every door that
//! other machines reach.

use std::net::SocketAddr;

use super::tls::{DOOR_TLS, tls};
use super::values::{self, is_loopback};
use crate::secret::Secret;
use crate::tls::Tls;
use crate::yaml::{At, Fields, Key, Table};

/// What an address of a door may be.
pub(crate) const ADDRESS: &str = "an IP address and a port";

/// The admin door.
pub(crate) static ADMIN: Table = Table {
    path: "listen.admin",
    keys: &[
        Key::new("address", "Where it listens.", "", ADDRESS),
        Key::new(
            "tokens",
            "Who may ask. Without tokens only loopback is accepted.",
            "none",
            "a list of {name, token, actions}",
        ),
        DOOR_TLS,
    ],
};

/// A bearer of one of its tokens.
pub(crate) static ADMIN_TOKEN: Table = Table {
    path: "listen.admin.tokens[]",
    keys: &[
        Key::new("name", "What logs call it.", "", "a text, each name once"),
        Key::new(
            "token",
            "The bearer token; a browser sends it as a password.",
            "",
            "{file: PATH} or {env: NAME}",
        ),
        Key::new(
            "actions",
            "What its bearer may do: read status, metrics and samples of records; command (pause, divert, redrive and so on; an agent takes no commands).",
            "[read]",
            "a list of read, command",
        ),
    ],
};

/// The admin door.
#[derive(Clone, PartialEq, Debug)]
pub struct Admin {
    /// Where it listens.
    pub address: SocketAddr,
    /// Who may ask. Empty: only loopback is accepted, and needs no token.
    pub tokens: Vec<AdminToken>,
    /// How it speaks TLS; `None`: it does not.
    pub tls: Option<Tls>,
}

/// A bearer token of the admin door.
#[derive(Clone, PartialEq, Debug)]
pub struct AdminToken {
    /// What logs call it.
    pub name: String,
    /// The token.
    pub token: Secret,
    /// Whether its bearer may order something; to look is allowed to every token.
    pub may_command: bool,
}

impl Admin {
    /// What it means, in words.
    pub(crate) fn summary(admin: Option<&Self>) -> String {
        let Some(admin) = admin else {
            return "admin door: none".to_owned();
        };
        let place = place(admin.address, admin.tls.as_ref());
        let names = tokens(admin.tokens.iter().map(|token| token.name.as_str()));
        format!("admin door: {place}, {names}")
    }
}

/// Reads the door.
pub(crate) fn admin(at: &At<'_>) -> Option<Admin> {
    let fields = at.fields(&ADMIN)?;
    let address = fields.read("address", values::address);
    let tokens = match fields.get("tokens") {
        Some(at) => admin_tokens(&at),
        None => Some(Vec::new()),
    };
    let tls = fields.optional("tls", tls);
    let (address, tokens, tls) = (address?, tokens?, tls?);
    if tokens.is_empty() && !is_loopback(&address) {
        open_to_all(&fields, address);
        return None;
    }
    warn_of_open_door(&fields, address, tls.as_ref());
    Some(Admin {
        address,
        tokens,
        tls,
    })
}

fn admin_tokens(at: &At<'_>) -> Option<Vec<AdminToken>> {
    let items = at.items()?;
    let tokens: Vec<_> = items.iter().map(admin_token).collect();
    let tokens: Vec<AdminToken> = tokens.into_iter().collect::<Option<_>>()?;
    let names: Vec<_> = tokens.iter().map(|token| token.name.as_str()).collect();
    each_once(&items, &names)?;
    Some(tokens)
}

fn admin_token(at: &At<'_>) -> Option<AdminToken> {
    let fields = at.fields(&ADMIN_TOKEN)?;
    let name = fields.read("name", |at| at.filled("a name"));
    let token = fields.read("token", values::secret);
    let may_command = match fields.get("actions") {
        Some(at) => may_command(&at),
        None => Some(false),
    };
    Some(AdminToken {
        name: name?,
        token: token?,
        may_command: may_command?,
    })
}

fn may_command(at: &At<'_>) -> Option<bool> {
    let items = at.items()?;
    if items.is_empty() {
        at.wrong_type("a list of read, command");
        return None;
    }
    let actions: Vec<_> = items
        .iter()
        .map(|at| at.choice(&[("read", false), ("command", true)]))
        .collect();
    let actions: Vec<bool> = actions.into_iter().collect::<Option<_>>()?;
    Some(actions.contains(&true))
}

/// Two tokens of one name could not be told apart in a log.
pub(crate) fn each_once(items: &[At<'_>], names: &[&str]) -> Option<()> {
    for (i, name) in names.iter().enumerate() {
        if names[..i].contains(name) {
            items[i].problem(format!("conflict: another token has the name {name:?}"));
            return None;
        }
    }
    Some(())
}

/// Refuses a door that everybody could enter.
pub(crate) fn open_to_all(fields: &Fields<'_>, address: SocketAddr) {
    let message =
        format!("{address} is open to other machines: without tokens only loopback is allowed");
    match fields.get("address") {
        Some(at) => at.problem(message),
        None => fields.at.problem(message),
    }
}

/// Without TLS whoever is on the way reads records and tokens.
pub(crate) fn warn_of_open_door(fields: &Fields<'_>, address: SocketAddr, tls: Option<&Tls>) {
    if tls.is_some() || is_loopback(&address) {
        return;
    }
    let at = fields.get("address");
    at.as_ref().unwrap_or(&fields.at).warn(format!(
        "{address} is open to other machines without tls: records and what opens the door travel unencrypted"
    ));
}

/// Where a door listens, and how it speaks.
pub(crate) fn place(address: SocketAddr, tls: Option<&Tls>) -> String {
    let Some(tls) = tls else {
        return address.to_string();
    };
    let certificate = tls.identity.certificate.display();
    match &tls.client_ca {
        None => format!("{address}, TLS with {certificate}"),
        Some(ca) => {
            let ca = ca.display();
            format!("{address}, TLS with {certificate}, callers with certificates from {ca}")
        }
    }
}

/// Whose tokens open a door.
pub(crate) fn tokens<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.collect();
    match names.is_empty() {
        true => "without tokens".to_owned(),
        false => format!("tokens: {}", names.join(", ")),
    }
}
