//! The reader of an OpenSearch destination.

use std::time::Duration;

use super::{DocumentIds, OPENSEARCH, OpenSearchDestination, Rotation, SIGV4, SearchAccess};
use crate::settings::delivery::{bucket, destination};
use crate::settings::{url, values};
use crate::yaml::{At, Fields, Value};

/// The words for rotations.
pub(super) const ROTATIONS: &[(&str, Rotation)] = &[
    ("none", Rotation::None),
    ("hour", Rotation::Hour),
    ("day", Rotation::Day),
    ("week", Rotation::Week),
    ("iso-week", Rotation::IsoWeek),
    ("month", Rotation::Month),
];

const INDEX_ALLOWED: &str = "the name of an index: small letters, digits and others but \\ / * ? \" < > | , # : and spaces, not beginning with - _ + or .";

/// What OpenSearch allows of an index's name, in bytes, without what rotation appends.
const LONGEST_INDEX: usize = 255 - "-2016-02-25-13".len();

/// The longest bulk timeout: a lost reply is looked into only when it has passed twice.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(300);

/// The longest retry duration; Firehose's is two hours.
const LONGEST_RETRY: Duration = Duration::from_secs(24 * 3600);

const ID_ALLOWED: &str = "position, none or {field: NAME}";

pub(in crate::settings::delivery) fn read(at: &At<'_>) -> Option<OpenSearchDestination> {
    let fields = at.fields(&OPENSEARCH)?;
    let nodes = fields.read("nodes", nodes);
    let index = fields.read("index", index);
    let is_data_stream = fields.read("data_stream", |at| at.flag());
    let usual = match is_data_stream {
        Some(true) => "none",
        _ => "day",
    };
    let rotation = fields.read_or("rotation", usual, |at| at.choice(ROTATIONS));
    let ids = fields.read("id", ids);
    let routing = fields.optional("routing", |at| at.filled("the name of a field"));
    let pipeline = fields.optional("pipeline", name);
    let access = access(&fields);
    let ca = fields.optional("ca", values::path);
    let template = fields.optional("template", values::path);
    let timeout = fields.read("timeout", |at| {
        at.span(Duration::from_secs(1)..=LONGEST_TIMEOUT)
    });
    let retry = fields.read("retry", |at| at.span(Duration::ZERO..=LONGEST_RETRY));
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
    let found = OpenSearchDestination {
        nodes: nodes?,
        index: index?,
        rotation: rotation?,
        is_data_stream: is_data_stream?,
        ids: ids?,
        routing: routing?,
        pipeline: pipeline?,
        access: access?,
        ca: ca?,
        template: template?,
        timeout: timeout?,
        retry: retry?,
        backup: Box::new(backup?),
        backup_all: backup_all?,
    };
    check(&fields, &found);
    Some(found)
}

/// What does not go together.
fn check(fields: &Fields<'_>, found: &OpenSearchDestination) {
    if found.is_data_stream && found.rotation != Rotation::None {
        fields
            .at
            .problem("conflict: a data stream rolls over by itself, so rotation must be none");
    }
    if found.is_data_stream && matches!(found.ids, DocumentIds::Field(_)) {
        fields.at.problem(
            "conflict: a data stream takes no document twice, so id cannot be that of a field",
        );
    }
    if found.access != SearchAccess::Open && found.nodes.iter().any(|node| url::is_open(node)) {
        fields
            .at
            .warn("secrets go to a node over plain http, where they can be read on the way");
    }
}

fn nodes(at: &At<'_>) -> Option<Vec<String>> {
    let items = at.items()?;
    if items.is_empty() {
        at.problem("is empty, allowed is a list of one address at least");
        return None;
    }
    let nodes: Vec<_> = items
        .iter()
        .map(|at| at.parsed("an address", url::parse))
        .collect();
    nodes.into_iter().collect()
}

fn index(at: &At<'_>) -> Option<String> {
    let text = at.filled(INDEX_ALLOWED)?;
    let illegal = |c: char| {
        c.is_uppercase() || c.is_whitespace() || c.is_control() || "\\/*?\"<>|,#:".contains(c)
    };
    let begins_wrong = text.starts_with(['-', '_', '+', '.']);
    if begins_wrong || text.len() > LONGEST_INDEX || text.chars().any(illegal) {
        at.wrong_type(INDEX_ALLOWED);
        return None;
    }
    Some(text)
}

/// A name that stands in the query of an address.
fn name(at: &At<'_>) -> Option<String> {
    let allowed = "a name of letters, digits, _ . and -";
    let text = at.filled(allowed)?;
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    if !text.chars().all(legal) {
        at.wrong_type(allowed);
        return None;
    }
    Some(text)
}

fn ids(at: &At<'_>) -> Option<DocumentIds> {
    if let Value::Scalar(scalar) = at.value() {
        match scalar.text.as_str() {
            "position" => return Some(DocumentIds::Position),
            "none" => return Some(DocumentIds::None),
            _ => {}
        }
    }
    let field = at.child("field").and_then(|at| at.filled(ID_ALLOWED));
    let is_only = at.entries_if_map().is_some_and(|all| all.len() == 1);
    match field.filter(|_| is_only) {
        Some(field) => Some(DocumentIds::Field(field)),
        None => {
            at.wrong_type(ID_ALLOWED);
            None
        }
    }
}

fn access(fields: &Fields<'_>) -> Option<SearchAccess> {
    let user = fields.optional("user", user);
    let password = fields.optional("password", values::secret);
    let api_key = fields.optional("api_key", values::secret);
    let sigv4 = fields.optional("sigv4", sigv4);
    match (user?, password?, api_key?, sigv4?) {
        (None, None, None, None) => Some(SearchAccess::Open),
        (Some(user), Some(password), None, None) => Some(SearchAccess::Basic { user, password }),
        (None, None, Some(key), None) => Some(SearchAccess::ApiKey(key)),
        (None, None, None, Some(sigv4)) => Some(sigv4),
        (Some(_), None, None, None) => {
            fields.missing("password");
            None
        }
        (None, Some(_), None, None) => {
            fields.missing("user");
            None
        }
        _ => {
            fields
                .at
                .problem("conflict: one of user with password, api_key and sigv4 is allowed");
            None
        }
    }
}

fn user(at: &At<'_>) -> Option<String> {
    let allowed = "the name of a user, without a colon";
    let text = at.filled(allowed)?;
    if text.contains(':') || text.chars().any(char::is_control) {
        at.wrong_type(allowed);
        return None;
    }
    Some(text)
}

fn sigv4(at: &At<'_>) -> Option<SearchAccess> {
    let fields = at.fields(&SIGV4)?;
    let service = fields.read("service", |at| at.choice(&[("es", "es"), ("aoss", "aoss")]));
    let region = fields.read("region", bucket::region);
    let access = bucket::access(&fields);
    Some(SearchAccess::SigV4 {
        service: service?.to_owned(),
        region: region?,
        access: access?,
    })
}
