//! An OpenSearch destination written out, for its stream's folder and for people.

use super::read::ROTATIONS;
use super::{DocumentIds, OpenSearchDestination, Rotation, SearchAccess};
use crate::secret::SecretSource;
use crate::settings::delivery::Access;
use crate::units::print_span;
use crate::yaml::quoted;

/// Its keys and values as YAML, but for the backup itself.
pub(in crate::settings::delivery) fn lines(found: &OpenSearchDestination) -> Vec<String> {
    let nodes: Vec<_> = found.nodes.iter().map(|node| quoted(node)).collect();
    let mut lines = vec![
        format!("nodes: [{}]", nodes.join(", ")),
        format!("index: {}", quoted(&found.index)),
        format!("rotation: {}", word(found.rotation)),
        format!("data_stream: {}", found.is_data_stream),
        match &found.ids {
            DocumentIds::Position => "id: position".to_owned(),
            DocumentIds::None => "id: none".to_owned(),
            DocumentIds::Field(field) => format!("id: {{field: {}}}", quoted(field)),
        },
        format!("timeout: {}", print_span(found.timeout)),
        format!("retry: {}", print_span(found.retry)),
        format!(
            "backup_mode: {}",
            if found.backup_all { "all" } else { "failed" }
        ),
    ];
    let texts = [("routing", &found.routing), ("pipeline", &found.pipeline)];
    let paths = [("ca", &found.ca), ("template", &found.template)];
    let path = |(key, path): (&'static str, &Option<std::path::PathBuf>)| {
        let path = path.as_ref()?.to_string_lossy().into_owned();
        Some((key, path))
    };
    let texts = texts.into_iter().filter_map(|(k, v)| Some((k, v.clone()?)));
    let more = texts.chain(paths.into_iter().filter_map(path));
    lines.extend(more.map(|(key, value)| format!("{key}: {}", quoted(&value))));
    lines.extend(access(&found.access));
    lines
}

fn access(access: &SearchAccess) -> Vec<String> {
    match access {
        SearchAccess::Open => Vec::new(),
        SearchAccess::Basic { user, password } => vec![
            format!("user: {}", quoted(user)),
            format!("password: {}", source(password.source())),
        ],
        SearchAccess::ApiKey(key) => vec![format!("api_key: {}", source(key.source()))],
        SearchAccess::SigV4 {
            service,
            region,
            access,
        } => {
            let key = access.as_ref().map(|Access { key_id, secret }| {
                format!(
                    ", access_key_id: {}, secret_access_key: {}",
                    quoted(key_id),
                    source(secret.source())
                )
            });
            vec![format!(
                "sigv4: {{service: {service}, region: {}{}}}",
                quoted(region),
                key.unwrap_or_default()
            )]
        }
    }
}

fn source(source: &SecretSource) -> String {
    match source {
        SecretSource::File(path) => format!("{{file: {}}}", quoted(&path.to_string_lossy())),
        SecretSource::Env(name) => format!("{{env: {}}}", quoted(name)),
    }
}

/// What it means, for people, but for the backup.
pub(in crate::settings::delivery) fn summary(found: &OpenSearchDestination) -> Vec<String> {
    let nodes = found.nodes.join(", ");
    let kind = match found.is_data_stream {
        true => "data stream",
        false => "index",
    };
    let rotation = match found.rotation {
        Rotation::None => "never rotates".to_owned(),
        rotation => format!("rotates by {} of arrival, UTC", word(rotation)),
    };
    let ids = match &found.ids {
        DocumentIds::Position => "of lane, run, position".to_owned(),
        DocumentIds::Field(field) => {
            format!("of the field {field}, the last record of a value stays")
        }
        DocumentIds::None => "the cluster's: a lost reply makes duplicates".to_owned(),
    };
    let mut lines = vec![
        format!(
            "  destination: {kind} {} at {nodes}, {rotation}",
            found.index
        ),
        format!("    document ids: {ids}"),
        format!(
            "    tried for {}, a bulk request may take {}",
            print_span(found.retry),
            print_span(found.timeout)
        ),
    ];
    let routing = found.routing.as_ref();
    lines.extend(routing.map(|field| format!("    routed by the field {field}")));
    let pipeline = found.pipeline.as_ref();
    lines.extend(pipeline.map(|name| format!("    through the pipeline {name}")));
    lines.push(match &found.access {
        SearchAccess::Open => "    nobody logs in".to_owned(),
        SearchAccess::Basic { user, password } => {
            format!("    user {user}, the password from {}", password.source())
        }
        SearchAccess::ApiKey(key) => format!("    API key from {}", key.source()),
        SearchAccess::SigV4 {
            service, region, ..
        } => format!("    requests signed for {service} in {region}"),
    });
    lines
}

fn word(rotation: Rotation) -> &'static str {
    let found = ROTATIONS.iter().find(|(_, other)| *other == rotation);
    found.map_or("none", |(word, _)| word)
}
