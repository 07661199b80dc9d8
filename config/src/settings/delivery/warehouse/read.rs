//! The readers of warehouses.

use std::time::Duration;

use super::{
    Loading, POSTGRESQL, PostgresqlDestination, SIDE_COLUMN, Server, ServerTls, TableName,
    UnknownColumns, redshift,
};
use crate::settings::delivery::{Destination, Format, destination};
use crate::settings::{url, values};
use crate::yaml::{At, Fields, Value};

/// The longest retry duration; Firehose's is two hours.
const LONGEST_RETRY: Duration = Duration::from_secs(24 * 3600);

/// The longest statement: a COPY of a large seal into a busy cluster.
const LONGEST_STATEMENT: Duration = Duration::from_secs(6 * 3600);

/// How long a ledger remembers at most.
const LONGEST_MEMORY: Duration = Duration::from_secs(87_600 * 3600);

const URL_ALLOWED: &str = "postgresql://USER@HOST:PORT/DATABASE";

const TABLE_ALLOWED: &str =
    "NAME or SCHEMA.NAME, to the letter: without quotes, and 63 bytes each at most";

/// What PostgreSQL keeps of a name, in bytes.
const LONGEST_NAME: usize = 63;

/// Reads a PostgreSQL destination.
pub(in crate::settings::delivery) fn postgresql(at: &At<'_>) -> Option<PostgresqlDestination> {
    let fields = at.fields(&POSTGRESQL)?;
    let loading = loading(&fields, 5432);
    let unknown_columns = fields.read("unknown_columns", unknown_columns);
    let backup = match fields.get("backup") {
        Some(at) => destination::backup(&at),
        None => {
            fields.missing("backup");
            None
        }
    };
    let backup_all = fields.read("backup_mode", |at| {
        at.choice(&[("failed", false), ("all", true)])
    });
    Some(PostgresqlDestination {
        loading: loading?,
        unknown_columns: unknown_columns?,
        backup: Box::new(backup?),
        backup_all: backup_all?,
    })
}

/// Checks that a warehouse takes what is written.
pub(in crate::settings::delivery) fn check_format(
    fields: &Fields<'_>,
    destination: &Destination,
    format: &Format,
) {
    match (destination, format) {
        (Destination::Postgresql(_), Format::Parquet(_) | Format::Orc(_)) => {
            let at = fields.get("format").unwrap_or_else(|| fields.at.clone());
            at.problem(
                "conflict: postgresql takes rows from the records themselves: raw is allowed",
            );
        }
        (Destination::Redshift(found), _) => redshift::check_format(fields, found, format),
        _ => {}
    }
}

/// Reads what all warehouses have in common.
pub(super) fn loading(fields: &Fields<'_>, port: u16) -> Option<Loading> {
    let server = server(fields, port);
    let table = fields.read("table", table);
    let columns = fields.optional("columns", columns);
    let ledger = fields.read("ledger", self::table);
    let create_ledger = fields.read("create_ledger", |at| at.flag());
    let ledger_memory = fields.read("ledger_memory", |at| {
        at.span(Duration::ZERO..=LONGEST_MEMORY)
    });
    let statement_timeout = fields.read("statement_timeout", |at| {
        at.span(Duration::from_secs(1)..=LONGEST_STATEMENT)
    });
    let retry = fields.read("retry", |at| at.span(Duration::ZERO..=LONGEST_RETRY));
    Some(Loading {
        server: server?,
        table: table?,
        columns: columns?.unwrap_or_default(),
        ledger: ledger?,
        create_ledger: create_ledger?,
        ledger_memory: ledger_memory?,
        statement_timeout: statement_timeout?,
        retry: retry?,
    })
}

fn server(fields: &Fields<'_>, port: u16) -> Option<Server> {
    let address = fields.read("url", |at| {
        at.parsed(URL_ALLOWED, |text| parse_url(text, port))
    });
    let password = fields.optional("password", values::secret);
    let usual = match &address {
        Some(address) if !url::is_this_machine(&address.host) => "verify",
        _ => "none",
    };
    let is_verified = fields.read_or("tls", usual, |at| {
        at.choice(&[("none", false), ("verify", true)])
    });
    let ca = fields.optional("ca", values::path);
    let (mut server, is_verified, ca) = (address?, is_verified?, ca?);
    if !is_verified && ca.is_some() {
        fields
            .at
            .problem("conflict: ca is given, but tls is none: verify is allowed");
    }
    if !is_verified && !url::is_this_machine(&server.host) {
        fields
            .at
            .warn("records, and a password, go to the server where they can be read on the way");
    }
    server.password = password?;
    server.tls = is_verified.then_some(ServerTls { ca });
    Some(server)
}

/// What may be a secret in it is not repeated.
fn parse_url(text: &str, usual_port: u16) -> Result<Server, String> {
    let wrong = |why: &str| format!("{why}: {URL_ALLOWED} is allowed");
    let rest = ["postgresql://", "postgres://", "redshift://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme))
        .ok_or_else(|| wrong("is no address with a known scheme"))?;
    let (user, rest) = rest
        .rsplit_once('@')
        .ok_or_else(|| wrong("names no user"))?;
    if user.contains(':') {
        return Err(wrong("contains a password, which has a key of its own"));
    }
    if rest.contains(['?', '#']) {
        return Err(wrong("contains parameters, which have keys of their own"));
    }
    let (address, database) = rest
        .split_once('/')
        .ok_or_else(|| wrong("names no database"))?;
    let (host, port) = url::split(address);
    let port = match port {
        Some(port) => port.parse().ok().filter(|port| *port > 0),
        None => Some(usual_port),
    };
    let is_name = |name: &str| {
        let odd = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '/' | '%' | '@');
        !name.is_empty() && name.len() <= LONGEST_NAME && !name.contains(odd)
    };
    match port {
        Some(port) if url::is_host(host) && is_name(user) && is_name(database) => Ok(Server {
            host: host.trim_matches(['[', ']']).to_owned(),
            port,
            database: database.to_owned(),
            user: user.to_owned(),
            password: None,
            tls: None,
        }),
        _ => Err(wrong("is no address")),
    }
}

fn table(at: &At<'_>) -> Option<TableName> {
    let text = at.filled(TABLE_ALLOWED)?;
    let (schema, name) = match text.split_once('.') {
        Some((schema, name)) => (Some(schema), name),
        None => (None, text.as_str()),
    };
    if !schema.is_none_or(is_name) || !is_name(name) {
        at.wrong_type(TABLE_ALLOWED);
        return None;
    }
    Some(TableName {
        schema: schema.map(str::to_owned),
        name: name.to_owned(),
    })
}

/// Whether a table or a column can be called so.
fn is_name(name: &str) -> bool {
    let odd = |c: char| c.is_control() || matches!(c, '"' | '.');
    !name.is_empty() && name.len() <= LONGEST_NAME && !name.contains(odd)
}

fn columns(at: &At<'_>) -> Option<Vec<String>> {
    let items = at.items()?;
    if items.is_empty() {
        at.problem("is empty, allowed is a list of one name at least");
        return None;
    }
    let mut names: Vec<String> = Vec::with_capacity(items.len());
    for item in &items {
        let name = column(item)?;
        if names.contains(&name) {
            item.problem(format!("{name:?} is there twice"));
            return None;
        }
        names.push(name);
    }
    Some(names)
}

fn column(at: &At<'_>) -> Option<String> {
    let allowed = "the name of a column, to the letter, 63 bytes at most";
    let name = at.filled(allowed)?;
    if name.len() > LONGEST_NAME || name.contains(char::is_control) {
        at.wrong_type(allowed);
        return None;
    }
    Some(name)
}

fn unknown_columns(at: &At<'_>) -> Option<UnknownColumns> {
    match at.value() {
        Value::Map(_) => {
            let fields = at.fields(&SIDE_COLUMN)?;
            fields.read("column", column).map(UnknownColumns::Column)
        }
        _ => match at.written() {
            Some("ignore") => Some(UnknownColumns::Ignore),
            Some("refuse") => Some(UnknownColumns::Refuse),
            _ => {
                at.wrong_type("ignore, refuse or {column: NAME}");
                None
            }
        },
    }
}

#[cfg(test)]
mod tests;
