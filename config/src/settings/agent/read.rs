//! The reader of `agent.yaml` and of the files that it includes.

use std::path::Path;

use super::flow::{self, Seen};
use super::tables::{IDENTITY, INCLUDED, LIMITS, LISTEN, ROOT, SHIP, STANDPIPE};
use super::{Flow, Settings, Ship, firehose, include};
use crate::settings::admin::admin;
use crate::settings::{Loaded, loaded, read_file, tls, url, values};
use crate::tls::{Trust, authorities};
use crate::yaml::{At, Document, Fields, Problem, Problems};

/// How many bytes may be read and not acknowledged: one request at least fits.
const IN_FLIGHT: std::ops::RangeInclusive<u64> = 1024 * 1024..=1024 * 1024 * 1024;

/// Reads and checks a file and those that it includes. All problems at once, unless a file is
/// no YAML.
pub fn load(path: &Path) -> Result<Loaded<Settings>, Problems> {
    let (text, folder) = read_file(path)?;
    read(&text, &path.display().to_string(), &folder)
}

/// Reads and checks a text, and the files that it includes. `file` is what problems call it,
/// `folder` is what relative paths are taken from and should be absolute.
pub fn read(text: &str, file: &str, folder: &Path) -> Result<Loaded<Settings>, Problems> {
    let document = Document::parse(text, file, folder)?;
    let mut below = Below::default();
    let settings = settings(&document.root(), &mut below);
    let (mut problems, mut warnings) = document.finish();
    problems.append(&mut below.problems);
    warnings.append(&mut below.warnings);
    loaded(settings, problems, warnings)
}

/// What the included files say.
#[derive(Default)]
struct Below {
    flows: Vec<Flow>,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
}

fn settings(root: &At<'_>, below: &mut Below) -> Option<Settings> {
    let fields = root.fields(&ROOT)?;
    let data_dir = fields.read("data_dir", values::path);
    let allow_tmpfs = fields.read("allow_tmpfs", |at| at.flag());
    let admin = fields.under("listen", &LISTEN, |fields| fields.optional("admin", admin));
    let ship = ship(&fields);
    let in_flight = fields.under("limits", &LIMITS, |fields| {
        fields.read("in_flight", |at| at.size(IN_FLIGHT))
    });
    let flows = all_flows(&fields, below);
    Some(Settings {
        data_dir: data_dir?,
        allow_tmpfs: allow_tmpfs?,
        admin: admin?,
        ship: ship?,
        in_flight: in_flight?,
        flows: flows?,
    })
}

fn ship(fields: &Fields<'_>) -> Option<Ship> {
    let Some(at) = fields.get("ship") else {
        fields.missing("ship");
        return None;
    };
    let (to, at) = at.fields(&SHIP)?.only()?;
    match to.name {
        "firehose" => firehose::firehose(&at).map(Ship::Firehose),
        _ => standpipe(&at),
    }
}

fn standpipe(at: &At<'_>) -> Option<Ship> {
    let fields = at.fields(&STANDPIPE)?;
    let url = fields.read("url", |at| at.parsed("an address", url::parse));
    let token = fields.optional("token", values::secret);
    let trust = trust(&fields);
    let (url, token, trust) = (url?, token?, trust?);
    if token.is_some() && url::is_open(&url) {
        fields
            .at
            .warn("the token travels unencrypted to another machine: use https");
    }
    if url.starts_with("http://") && trust != Trust::default() {
        fields.at.problem(format!(
            "conflict: ca and identity are for https, but the url is {url}"
        ));
        return None;
    }
    Some(Ship::Standpipe { url, token, trust })
}

/// Reads whom the agent takes for the daemon, and looks into the files.
fn trust(fields: &Fields<'_>) -> Option<Trust> {
    let ca = fields.optional("ca", |at| {
        let path = values::path(at)?;
        let read = authorities(&path);
        read.map_err(|wrong| at.problem(wrong)).ok()?;
        Some(path)
    });
    let identity = fields.optional("identity", |at| {
        let fields = at.fields(&IDENTITY)?;
        let identity = tls::identity(&fields)?;
        let pair = identity
            .read()
            .and_then(|pair| pair.certified().map(|_| pair));
        let pair = pair.map_err(|wrong| tls::report(&fields, "ca", &wrong));
        tls::warn(&fields, &pair.ok()?);
        Some(identity)
    });
    Some(Trust {
        ca: ca?,
        identity: identity?,
    })
}

/// The flows of the file and of those that it includes.
fn all_flows(fields: &Fields<'_>, below: &mut Below) -> Option<Vec<Flow>> {
    let mut seen = Seen::default();
    let own = fields.optional("flows", |at| flow::flows(at, &mut seen));
    let files = fields.optional("include", include::files);
    for file in files.iter().flatten().flatten() {
        included(file, below, &mut seen);
    }
    let (own, files) = (own?.unwrap_or_default(), files?);
    if own.is_empty() && below.flows.is_empty() && below.problems.is_empty() {
        match files {
            Some(_) => fields.missing_because("flows", "is empty, and no included file has flows"),
            None => fields.missing("flows"),
        }
        return None;
    }
    Some([own, std::mem::take(&mut below.flows)].concat())
}

fn included(path: &Path, below: &mut Below, seen: &mut Seen) {
    let document = read_file(path)
        .and_then(|(text, folder)| Document::parse(&text, &path.display().to_string(), &folder));
    let document = match document {
        Ok(document) => document,
        Err(Problems(problems)) => return below.problems.extend(problems),
    };
    if let Some(fields) = document.root().fields(&INCLUDED) {
        match fields.get("flows") {
            Some(at) => below
                .flows
                .extend(flow::flows(&at, seen).unwrap_or_default()),
            None => fields.missing("flows"),
        }
    }
    let (problems, warnings) = document.finish();
    below.problems.extend(problems);
    below.warnings.extend(warnings);
}
