//! What the settings say of a hook that changes records: as meant, read, written and explained.

use std::path::PathBuf;
use std::time::Duration;

use super::tables::{HOOK_HINTS, HTTP, LAMBDA, TRANSFORM, WASM};
use super::{Access, Buffering, bucket};
use crate::limits::{BUFFERING_INTERVAL_SECONDS, HOOK_BUFFERING_SIZE};
use crate::secret::SecretSource;
use crate::settings::{url, values};
use crate::units::{print_size, print_span};
use crate::yaml::{At, Fields, quoted};

/// A hook that changes records on their way.
#[derive(Clone, PartialEq, Debug)]
pub struct Transform {
    /// What is called.
    pub hook: Hook,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// Attempts after the first one.
    pub retries: u32,
    /// How long the first retry waits; each further one five times as long.
    pub retry_pause: Duration,
    /// Which records pass it together.
    pub buffering: Buffering,
    /// How many portions of records may be in it at once.
    pub in_flight: u32,
    /// What becomes of records while it cannot be reached.
    pub on_unreachable: OnUnreachable,
}

/// What is called.
#[derive(Clone, PartialEq, Debug)]
pub enum Hook {
    /// A web server that answers as a transformation function of Firehose does.
    Http(HttpHook),
    /// A function of AWS Lambda, by its Invoke API.
    Lambda(LambdaHook),
    /// A WebAssembly component, run inside the daemon.
    Wasm(WasmHook),
}

/// What becomes of records while a hook cannot be reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnUnreachable {
    /// They fail after the retries, as in Firehose.
    Fail,
    /// They wait.
    Wait,
}

/// A web server that answers as a transformation function of Firehose does.
#[derive(Clone, PartialEq, Debug)]
pub struct HttpHook {
    /// Where requests are posted.
    pub url: String,
    /// Whether requests are compressed.
    pub gzip: bool,
    /// The region that the function is told.
    pub region: String,
}

/// A function of AWS Lambda.
#[derive(Clone, PartialEq, Debug)]
pub struct LambdaHook {
    /// Its name or ARN.
    pub function: String,
    /// The address of the server; `None`: AWS.
    pub endpoint: Option<String>,
    /// The region that requests are signed for.
    pub region: String,
    /// Who asks; `None`: whom the usual AWS chain finds.
    pub access: Option<Access>,
}

/// A WebAssembly component.
#[derive(Clone, PartialEq, Debug)]
pub struct WasmHook {
    /// Its file.
    pub component: PathBuf,
    /// What one call may use of the memory, in bytes.
    pub memory: u64,
}

/// What a call of a component may use of the memory, in bytes.
const WASM_MEMORY: std::ops::RangeInclusive<u64> = 1 << 20..=4 << 30;

/// Bytes that the outcomes of one call of a component may take: more than Lambda's answer of 6 MB.
pub const WASM_RESULTS: u64 = 8 * 1024 * 1024;

/// A component gets what there is, at once: a call costs little.
const WASM_HINTS: Buffering = Buffering {
    size: 1024 * 1024,
    interval: Duration::ZERO,
};

const UNREACHABLE: &[(&str, OnUnreachable)] =
    &[("fail", OnUnreachable::Fail), ("wait", OnUnreachable::Wait)];

const COMPRESSIONS: &[(&str, bool)] = &[("none", false), ("gzip", true)];

/// How long one attempt may take. Firehose's functions have 5 minutes, Lambda's 15.
const TIMEOUTS: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(100)..=Duration::from_secs(900);

const RETRY_PAUSES: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(10)..=Duration::from_secs(300);

/// Reads the hook of a stream. The outer `None`: a problem was noted.
pub(super) fn read(stream: &Fields<'_>) -> Option<Option<Transform>> {
    stream.optional("transform", transform)
}

fn transform(at: &At<'_>) -> Option<Transform> {
    let (key, at) = at.fields(&TRANSFORM)?.only()?;
    match key.name {
        "lambda" => {
            let fields = at.fields(&LAMBDA)?;
            let hook = lambda(&fields).map(Hook::Lambda);
            called(&fields, hook)
        }
        "wasm" => wasm(&at.fields(&WASM)?),
        _ => {
            let fields = at.fields(&HTTP)?;
            let hook = http(&fields).map(Hook::Http);
            called(&fields, hook)
        }
    }
}

/// What all hooks that are called over a network have.
fn called(fields: &Fields<'_>, hook: Option<Hook>) -> Option<Transform> {
    let on_unreachable = fields.read("on_unreachable", |at| at.choice(UNREACHABLE));
    let transform = common(fields, hook)?;
    Some(Transform {
        on_unreachable: on_unreachable?,
        ..transform
    })
}

/// What all hooks have.
fn common(fields: &Fields<'_>, hook: Option<Hook>) -> Option<Transform> {
    let timeout = fields.read("timeout", |at| at.span(TIMEOUTS));
    let retries = fields.read("retries", |at| at.count(0..=300));
    let retry_pause = fields.read("retry_pause", |at| at.span(RETRY_PAUSES));
    let buffering = fields.under("buffering", &HOOK_HINTS, hints);
    let in_flight = fields.read("in_flight", |at| at.count(1..=64));
    Some(Transform {
        hook: hook?,
        timeout: timeout?,
        retries: retries? as u32,
        retry_pause: retry_pause?,
        buffering: buffering?,
        in_flight: in_flight? as u32,
        on_unreachable: OnUnreachable::Fail,
    })
}

fn wasm(fields: &Fields<'_>) -> Option<Transform> {
    let component = fields.read("component", values::path);
    let memory = fields.read("memory", |at| at.size(WASM_MEMORY));
    let timeout = fields.read("timeout", |at| at.span(TIMEOUTS));
    let retries = fields.read("retries", |at| at.count(0..=300));
    let retry_pause = fields.read("retry_pause", |at| at.span(RETRY_PAUSES));
    let in_flight = fields.read("in_flight", |at| at.count(1..=64));
    Some(Transform {
        hook: Hook::Wasm(WasmHook {
            component: component?,
            memory: memory?,
        }),
        timeout: timeout?,
        retries: retries? as u32,
        retry_pause: retry_pause?,
        buffering: WASM_HINTS,
        in_flight: in_flight? as u32,
        on_unreachable: OnUnreachable::Fail,
    })
}

fn hints(fields: &Fields<'_>) -> Option<Buffering> {
    let size = fields.read("size", |at| at.size(HOOK_BUFFERING_SIZE));
    let seconds = Duration::from_secs;
    let range =
        seconds(*BUFFERING_INTERVAL_SECONDS.start())..=seconds(*BUFFERING_INTERVAL_SECONDS.end());
    let interval = fields.read("interval", |at| at.span(range));
    Some(Buffering {
        size: size?,
        interval: interval?,
    })
}

fn http(fields: &Fields<'_>) -> Option<HttpHook> {
    let url = fields.read("url", |at| {
        // A slash at its end is part of the path, and stays.
        at.parsed("an address", |text| {
            url::parse(text).map(|_| text.to_owned())
        })
    });
    let gzip = fields.read("compression", |at| at.choice(COMPRESSIONS));
    let region = fields.read("region", bucket::region);
    Some(HttpHook {
        url: url?,
        gzip: gzip?,
        region: region?,
    })
}

fn lambda(fields: &Fields<'_>) -> Option<LambdaHook> {
    let function = fields.read("function", function);
    let endpoint = fields.optional("endpoint", |at| at.parsed("an address", url::parse));
    let usual = function.as_deref().and_then(region_of);
    let region = fields.read_or("region", usual.unwrap_or("us-east-1"), bucket::region);
    let access = bucket::access(fields);
    Some(LambdaHook {
        function: function?,
        endpoint: endpoint?,
        region: region?,
        access: access?,
    })
}

/// The region that an ARN names.
fn region_of(function: &str) -> Option<&str> {
    let region = function.strip_prefix("arn:")?.split(':').nth(2);
    region.filter(|region| !region.is_empty())
}

/// The name or ARN of a function (Lambda's model: at most 170 characters).
fn function(at: &At<'_>) -> Option<String> {
    let allowed = "the name or the ARN of a function: 1 to 170 characters of [a-zA-Z0-9:$._-]";
    let text = at.filled(allowed)?;
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '$' | '.' | '_' | '-');
    if text.len() > 170 || !text.chars().all(legal) {
        at.wrong_type(allowed);
        return None;
    }
    Some(text)
}

impl Transform {
    /// What error lines and logs call the user's code: its address or name.
    pub fn name(&self) -> &str {
        match &self.hook {
            Hook::Http(http) => &http.url,
            Hook::Lambda(lambda) => &lambda.function,
            Hook::Wasm(wasm) => wasm.component.to_str().unwrap_or("the component"),
        }
    }

    /// What its code may use of the daemon's memory, in bytes: all calls at once.
    pub fn memory(&self) -> u64 {
        match &self.hook {
            Hook::Http(_) | Hook::Lambda(_) => 0,
            Hook::Wasm(wasm) => u64::from(self.in_flight) * (wasm.memory + WASM_RESULTS),
        }
    }

    /// The hook as a mapping in one line of YAML, every value written.
    pub(super) fn written(&self) -> String {
        let mut pairs = match &self.hook {
            Hook::Http(http) => http.written(),
            Hook::Lambda(lambda) => lambda.written(),
            Hook::Wasm(wasm) => wasm.written(),
        };
        let (size, interval) = (self.buffering.size, self.buffering.interval);
        pairs.push(format!("timeout: {}", print_span(self.timeout)));
        pairs.push(format!("retries: {}", self.retries));
        pairs.push(format!("retry_pause: {}", print_span(self.retry_pause)));
        pairs.push(format!("in_flight: {}", self.in_flight));
        if !matches!(self.hook, Hook::Wasm(_)) {
            pairs.push(format!(
                "buffering: {{size: {}, interval: {}}}",
                print_size(size),
                print_span(interval)
            ));
            pairs.push(format!("on_unreachable: {}", self.unreachable_word()));
        }
        format!("{{{}: {{{}}}}}", self.hook.key(), pairs.join(", "))
    }

    /// What the hook means, in words.
    pub(super) fn meaning(&self) -> Vec<String> {
        let Self {
            hook,
            timeout,
            retries,
            buffering,
            in_flight,
            ..
        } = self;
        let mut lines = vec![
            format!("  transform: {}", hook.meaning()),
            format!(
                "    {} or {} of records at once, {in_flight} times side by side",
                print_size(buffering.size),
                print_span(buffering.interval)
            ),
            format!(
                "    an attempt may take {}; {retries} retries, the first after {}",
                print_span(*timeout),
                print_span(self.retry_pause)
            ),
        ];
        lines.push(match hook {
            Hook::Wasm(wasm) => format!("    each with {} of memory", print_size(wasm.memory)),
            _ => format!(
                "    while nobody answers, records {}",
                self.unreachable_word()
            ),
        });
        lines
    }

    fn unreachable_word(&self) -> &'static str {
        match self.on_unreachable {
            OnUnreachable::Fail => "fail",
            OnUnreachable::Wait => "wait",
        }
    }
}

impl Hook {
    fn key(&self) -> &'static str {
        match self {
            Self::Http(_) => "http",
            Self::Lambda(_) => "lambda",
            Self::Wasm(_) => "wasm",
        }
    }

    fn meaning(&self) -> String {
        match self {
            Self::Http(http) => format!("the function at {}", http.url),
            Self::Wasm(wasm) => format!("the component {}", wasm.component.display()),
            Self::Lambda(lambda) => {
                let endpoint = lambda.endpoint.as_deref().unwrap_or("AWS");
                format!(
                    "the Lambda function {} at {endpoint}, region {}",
                    lambda.function, lambda.region
                )
            }
        }
    }
}

impl HttpHook {
    fn written(&self) -> Vec<String> {
        let compression = if self.gzip { "gzip" } else { "none" };
        vec![
            format!("url: {}", quoted(&self.url)),
            format!("compression: {compression}"),
            format!("region: {}", quoted(&self.region)),
        ]
    }
}

impl WasmHook {
    fn written(&self) -> Vec<String> {
        vec![
            format!("component: {}", quoted(&self.component.to_string_lossy())),
            format!("memory: {}", print_size(self.memory)),
        ]
    }
}

impl LambdaHook {
    fn written(&self) -> Vec<String> {
        let mut pairs = vec![
            format!("function: {}", quoted(&self.function)),
            format!("region: {}", quoted(&self.region)),
        ];
        if let Some(endpoint) = &self.endpoint {
            pairs.push(format!("endpoint: {}", quoted(endpoint)));
        }
        if let Some(access) = &self.access {
            let source = match access.secret.source() {
                SecretSource::File(path) => format!("file: {}", quoted(&path.to_string_lossy())),
                SecretSource::Env(name) => format!("env: {}", quoted(name)),
            };
            pairs.push(format!("access_key_id: {}", quoted(&access.key_id)));
            pairs.push(format!("secret_access_key: {{{source}}}"));
        }
        pairs
    }
}
