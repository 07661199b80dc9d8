//! Warehouses written out, for their stream's folder and for people.

use std::path::Path;

use super::{
    CopyAccess, Loading, PostgresqlDestination, RedshiftDestination, Server, ServerTls, TableName,
    UnknownColumns,
};
use crate::secret::SecretSource;
use crate::units::print_span;
use crate::yaml::quoted;

/// Keys and values of a PostgreSQL destination as YAML, but for the backup itself.
pub(in crate::settings::delivery) fn postgresql_lines(
    found: &PostgresqlDestination,
) -> Vec<String> {
    let mut lines = loading(&found.loading);
    lines.push(match &found.unknown_columns {
        UnknownColumns::Ignore => "unknown_columns: ignore".to_owned(),
        UnknownColumns::Refuse => "unknown_columns: refuse".to_owned(),
        UnknownColumns::Column(name) => format!("unknown_columns: {{column: {}}}", quoted(name)),
    });
    lines.push(backup_mode(found.backup_all));
    lines
}

/// Keys and values of a Redshift destination as YAML, but for staging and the backup themselves.
pub(in crate::settings::delivery) fn redshift_lines(found: &RedshiftDestination) -> Vec<String> {
    let mut lines = loading(&found.loading);
    let options = quoted(&found.options.to_string());
    lines.push(format!("copy_options: {options}"));
    match &found.access {
        CopyAccess::Role(role) => lines.push(format!("iam_role: {}", quoted(role))),
        CopyAccess::Key(key) => lines.extend([
            format!("access_key_id: {}", quoted(&key.key_id)),
            format!("secret_access_key: {}", source(key.secret.source())),
        ]),
    }
    lines.push(backup_mode(found.backup_all));
    lines
}

fn backup_mode(all: bool) -> String {
    let mode = match all {
        true => "all",
        false => "failed",
    };
    format!("backup_mode: {mode}")
}

fn loading(loading: &Loading) -> Vec<String> {
    let Server {
        host,
        port,
        database,
        user,
        password,
        tls,
    } = &loading.server;
    let host = match host.contains(':') {
        true => format!("[{host}]"),
        false => host.clone(),
    };
    let url = format!("postgresql://{user}@{host}:{port}/{database}");
    let columns: Vec<_> = loading.columns.iter().map(|name| quoted(name)).collect();
    let mut lines = vec![
        format!("url: {}", quoted(&url)),
        format!("tls: {}", tls.as_ref().map_or("none", |_| "verify")),
        format!("table: {}", quoted(&name(&loading.table))),
        format!("ledger: {}", quoted(&name(&loading.ledger))),
        format!("create_ledger: {}", loading.create_ledger),
        format!("ledger_memory: {}", print_span(loading.ledger_memory)),
        format!(
            "statement_timeout: {}",
            print_span(loading.statement_timeout)
        ),
        format!("retry: {}", print_span(loading.retry)),
    ];
    if let Some(password) = password {
        lines.push(format!("password: {}", source(password.source())));
    }
    if let Some(ServerTls { ca: Some(ca) }) = tls {
        lines.push(format!("ca: {}", path(ca)));
    }
    if !columns.is_empty() {
        lines.push(format!("columns: [{}]", columns.join(", ")));
    }
    lines
}

/// What a warehouse means, for people: `how` says how rows get there.
pub(in crate::settings::delivery) fn summary(loading: &Loading, how: &str) -> Vec<String> {
    let Loading {
        server,
        table,
        columns,
        ledger,
        ..
    } = loading;
    let tls = match &server.tls {
        None => "not encrypted".to_owned(),
        Some(ServerTls { ca: None }) => "encrypted, certificate as the system trusts".to_owned(),
        Some(ServerTls { ca: Some(ca) }) => {
            format!("encrypted, certificate by {}", ca.display())
        }
    };
    let password = match &server.password {
        None => "no password".to_owned(),
        Some(password) => format!("its password from {}", password.source()),
    };
    let columns = match columns.is_empty() {
        true => "all columns".to_owned(),
        false => format!("columns {}", columns.join(", ")),
    };
    vec![
        format!(
            "  destination: table {} of {} at {}:{}, {how}",
            name(table),
            server.database,
            server.host,
            server.port
        ),
        format!("    user {}, {password}, {tls}", server.user),
        format!("    {columns}, ledger {}", name(ledger)),
        format!(
            "    tried for {}, a statement may take {}",
            print_span(loading.retry),
            print_span(loading.statement_timeout)
        ),
    ]
}

/// What Redshift means, for people, but for staging. Who it reads as is said without a name.
pub(in crate::settings::delivery) fn redshift_summary(found: &RedshiftDestination) -> Vec<String> {
    let mut lines = summary(&found.loading, "by COPY of what is staged");
    let access = match &found.access {
        CopyAccess::Role(_) => "in a role".to_owned(),
        CopyAccess::Key(key) => format!(
            "with an access key, its secret from {}",
            key.secret.source()
        ),
    };
    lines.push(format!(
        "    read {access}, with the options {}",
        found.options
    ));
    lines
}

/// A table as the settings name it.
fn name(table: &TableName) -> String {
    match &table.schema {
        Some(schema) => format!("{schema}.{}", table.name),
        None => table.name.clone(),
    }
}

fn source(source: &SecretSource) -> String {
    match source {
        SecretSource::File(file) => format!("{{file: {}}}", path(file)),
        SecretSource::Env(name) => format!("{{env: {}}}", quoted(name)),
    }
}

fn path(path: &Path) -> String {
    quoted(&path.to_string_lossy())
}
