//! The reader of `delivery.yaml`.

use std::path::{Path, PathBuf};

use super::tables::{BUFFERING, DISK, LIMITS, ROOT, STREAM};
use super::{
    Buffering, Destination, Format, HighWater, Limits, Raw, RawCompression, Settings, Stream,
};
use super::{deaggregation, destination, format, listen, partitioning, transform, warehouse};
use crate::limits::{BUFFERING_INTERVAL_SECONDS, BUFFERING_SIZE, MIN_MEMORY};
use crate::settings::{Loaded, loaded, read_file, values};
use crate::units::{parse_size, print_size};
use crate::yaml::{At, Document, Fields, Problems};

/// The smallest quota, in bytes: a journal segment and a spool file fit.
const MIN_QUOTA: u64 = 1024 * 1024;

/// Rule 28: below so many batches the door closes while one batch is filled and one delivered.
const SENSIBLE_BATCHES: u64 = 3;

/// Firehose's default for the size of a batch that is converted.
const CONVERTED_SIZE: &str = "128MiB";

/// Firehose's default for the size of a batch that is not converted.
const RAW_SIZE: &str = "5MiB";

/// The default for the size of an object of a partition: what Firehose's own tools ask for at least.
const PARTITION_SIZE: &str = "64MiB";

/// Reads and checks a file. All problems at once, unless the file is no YAML.
pub fn load(path: &Path) -> Result<Loaded<Settings>, Problems> {
    let (text, folder) = read_file(path)?;
    read(&text, &path.display().to_string(), &folder)
}

/// Reads only where the data lies: for commands that look at it, and need no secret for that.
pub fn load_data_dir(path: &Path) -> Result<PathBuf, Problems> {
    let (text, folder) = read_file(path)?;
    let document = Document::parse(&text, &path.display().to_string(), &folder)?;
    let fields = document.root().fields(&ROOT);
    let data_dir = fields.and_then(|fields| fields.read("data_dir", values::path));
    let (problems, warnings) = document.finish();
    loaded(data_dir, problems, warnings).map(|loaded| loaded.settings)
}

/// Reads and checks a text. `file` is what problems call it, `folder` is what relative paths are
/// taken from and should be absolute.
pub fn read(text: &str, file: &str, folder: &Path) -> Result<Loaded<Settings>, Problems> {
    let document = Document::parse(text, file, folder)?;
    let settings = settings(&document.root());
    let (problems, warnings) = document.finish();
    loaded(settings, problems, warnings)
}

/// Reads what [`write_stream`](super::write_stream) wrote.
pub fn read_stream(text: &str) -> Result<Stream, Problems> {
    let document = Document::parse(text, "settings of a stream", Path::new("/"))?;
    let root = document.root();
    let stream = root.entries().and_then(|streams| match &streams[..] {
        [(name, value)] => stream(name, value),
        _ => {
            root.problem("one stream under its name is allowed");
            None
        }
    });
    let (problems, warnings) = document.finish();
    loaded(stream, problems, warnings).map(|loaded| loaded.settings)
}

fn settings(root: &At<'_>) -> Option<Settings> {
    let fields = root.fields(&ROOT)?;
    let data_dir = fields.read("data_dir", values::path);
    let allow_tmpfs = fields.read("allow_tmpfs", |at| at.flag());
    let listen = match fields.get("listen") {
        Some(at) => listen::read(&at),
        None => {
            fields.missing("listen");
            None
        }
    };
    let limits = fields.under("limits", &LIMITS, limits);
    let streams = streams(&fields);
    if let (Some(listen), Some(streams)) = (&listen, &streams) {
        let at = fields.get("listen")?;
        listen::warn_of_idle_tokens(listen, streams, &at);
    }
    if let (Some(limits), Some(streams)) = (&limits, &streams) {
        refuse_guests_too_large(&fields, limits, streams);
    }
    Some(Settings {
        data_dir: data_dir?,
        allow_tmpfs: allow_tmpfs?,
        listen: listen?,
        limits: limits?,
        streams: streams?,
    })
}

/// Rule 29: the memory of components is part of the process's.
fn refuse_guests_too_large(fields: &Fields<'_>, limits: &Limits, streams: &[Stream]) {
    let transforms = streams.iter().filter_map(|s| s.transform.as_ref());
    let wanted: u64 = transforms.map(|transform| transform.memory()).sum();
    if wanted > limits.memory / 2 {
        fields.at.problem(format!(
            "the components of all streams may take {}, which is more than half of limits.memory: set that to {} or more",
            print_size(wanted),
            print_size(wanted * 2)
        ));
    }
}

fn limits(fields: &Fields<'_>) -> Option<Limits> {
    let memory = fields.read("memory", |at| at.size(MIN_MEMORY..=u64::MAX));
    let disk = fields.read("disk", |at| {
        at.parsed("a share such as 90%, or a size", high_water)
    });
    Some(Limits {
        memory: memory?,
        disk: disk?,
    })
}

fn high_water(text: &str) -> Result<HighWater, String> {
    let Some(percent) = text.strip_suffix('%') else {
        return parse_size(text)
            .map(HighWater::Free)
            .map_err(|_| format!("found {text:?}, allowed is a share of the file system such as 90%, or the room to leave such as 1GiB"));
    };
    match percent.parse() {
        Ok(percent @ 1..=100) => Ok(HighWater::Percent(percent)),
        _ => Err(format!("{text} is out of range: 1% to 100% is allowed")),
    }
}

fn streams(fields: &Fields<'_>) -> Option<Vec<Stream>> {
    let Some(entries) = fields.get("streams").map(|at| at.entries()) else {
        fields.missing("streams");
        return None;
    };
    let entries = entries?;
    if entries.is_empty() {
        fields.missing("streams");
    }
    check_former_names(&entries);
    let streams: Vec<_> = entries.iter().map(|(name, at)| stream(name, at)).collect();
    streams.into_iter().collect()
}

/// A former name must be free: no stream has it now, and no other had it before.
fn check_former_names(entries: &[(At<'_>, At<'_>)]) {
    let mut taken: Vec<&str> = entries
        .iter()
        .filter_map(|(name, _)| name.written())
        .collect();
    for (_, stream) in entries {
        let Some(former) = stream.child("former_name") else {
            continue;
        };
        let Some(name) = former.written() else {
            continue;
        };
        if taken.contains(&name) {
            former.problem(format!(
                "conflict: {name:?} is the name of another stream, now or formerly"
            ));
        }
        taken.push(name);
    }
}

/// Reads one stream.
pub(super) fn stream(name: &At<'_>, at: &At<'_>) -> Option<Stream> {
    let name = values::stream_name(name);
    let fields = at.fields(&STREAM)?;
    let former_name = fields.optional("former_name", values::stream_name);
    let deaggregation = fields.read("deaggregate", deaggregation::read);
    let format = format::read(&fields);
    let stream_is_partitioned = fields.given("partitioning");
    let buffering = fields.under("buffering", &BUFFERING, |fields| {
        let default = default_size(format.as_ref(), stream_is_partitioned);
        buffering(fields, default)
    });
    let quota = fields.under("disk", &DISK, |fields| {
        fields.read("quota", |at| at.size(MIN_QUOTA..=u64::MAX))
    });
    let transform = transform::read(&fields);
    let destination = destination::read(&fields);
    let around = partitioning::Around {
        destination: destination.as_ref(),
        buffering,
        transform: transform.as_ref().and_then(Option::as_ref),
    };
    let partitioning = partitioning::read(&fields, &around);
    if let (Some(Destination::OpenSearch(_)), Some(format)) = (&destination, &format) {
        check_documents(&fields, format);
    }
    if let (Some(destination), Some(format)) = (&destination, &format) {
        warehouse::check_format(&fields, destination, format);
    }
    if let (Some(quota), Some(buffering)) = (quota, buffering) {
        warn_of_small_quota(&fields, quota, buffering);
    }
    Some(Stream {
        name: name?,
        former_name: former_name?,
        deaggregation: deaggregation?,
        quota: quota?,
        buffering: buffering?,
        transform: transform?,
        partitioning: partitioning?,
        format: format?,
        destination: destination?,
    })
}

/// What is sent to a cluster is one document a line.
fn check_documents(fields: &Fields<'_>, format: &Format) {
    let lines = Raw {
        newline: true,
        compression: RawCompression::None,
    };
    if *format != Format::Raw(lines) {
        let at = fields.get("format").unwrap_or_else(|| fields.at.clone());
        at.problem("conflict: opensearch takes documents: raw with delimiter newline and compression none is allowed");
    }
}

fn default_size(format: Option<&Format>, is_partitioned: bool) -> &'static str {
    match format {
        Some(Format::Parquet(_) | Format::Orc(_)) => CONVERTED_SIZE,
        _ if is_partitioned => PARTITION_SIZE,
        _ => RAW_SIZE,
    }
}

fn buffering(fields: &Fields<'_>, default: &str) -> Option<Buffering> {
    let size = fields.read_or("size", default, |at| at.size(BUFFERING_SIZE));
    let seconds = std::time::Duration::from_secs;
    let range =
        seconds(*BUFFERING_INTERVAL_SECONDS.start())..=seconds(*BUFFERING_INTERVAL_SECONDS.end());
    let interval = fields.read("interval", |at| at.span(range));
    Some(Buffering {
        size: size?,
        interval: interval?,
    })
}

/// Rule 28.
fn warn_of_small_quota(fields: &Fields<'_>, quota: u64, buffering: Buffering) {
    let sensible = buffering.size.saturating_mul(SENSIBLE_BATCHES);
    if quota < sensible {
        fields.at.warn(format!(
            "disk.quota {} is under {SENSIBLE_BATCHES} batches of {}: {} or more is sensible",
            print_size(quota),
            print_size(buffering.size),
            print_size(sensible)
        ));
    }
}
