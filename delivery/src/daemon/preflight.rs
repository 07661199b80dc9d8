//! Asking the destinations, before the doors open and for `check --connect`.
//!
//! Who refuses us at the first start of a stream with this destination refuses an operator who is
//! at work: nothing is started. A stream that ran with it before starts all the same, and keeps what
//! it accepts: a bucket that was lost, or a key that was withdrawn, must not close its door. Who
//! does not answer never keeps anything from starting: a dead destination is a normal state.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use futures::StreamExt as _;
use standpipe_config::names::StreamName;
use standpipe_config::prefix::Prefix;
use standpipe_config::settings::delivery::{Destination, Hook, Settings, Stream, Transform};
use standpipe_config::yaml::Problem;
use tokio::time::{Instant, timeout, timeout_at};

use crate::destination::Target;
use crate::destination::s3::Conditions;
use crate::destination::s3::memory::UploadMemory;
use crate::failure::{Failure, Verdict};
use crate::stream::known_targets;
use crate::transform::AnyTransform;
use crate::transform::wasm::Engine;

/// How long all destinations together have for their answers: records wait outside meanwhile.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many are asked at once.
const AT_ONCE: usize = 16;

/// What a destination answered.
#[derive(Debug)]
pub(super) struct Answer {
    stream: StreamName,
    /// `destination` or `destination.backup`.
    role: &'static str,
    target: Target,
    answer: Result<Option<Conditions>, Failure>,
}

/// Asks all destinations beyond this machine.
pub(super) async fn ask(settings: &Settings) -> Vec<Answer> {
    let deadline = Instant::now() + PATIENCE;
    let all = settings.streams.iter().flat_map(|stream| {
        let main = &stream.destination;
        // Where copies and failed records go is one place, if they do not go to the main one.
        let beside = main.backup().unwrap_or(main.errors());
        let roles = [("destination", main), ("destination.backup", beside)];
        let places = if std::ptr::eq(main, beside) { 1 } else { 2 };
        roles
            .into_iter()
            .take(places)
            .map(move |(role, d)| (stream, role, d))
    });
    let beyond = all.filter(|(_, _, d)| !matches!(d, Destination::File(_)));
    let asked = beyond.map(|(stream, role, destination)| async move {
        let target = Target::of(destination);
        let answer = match timeout_at(deadline, ask_one(&target, destination)).await {
            Ok(answer) => answer,
            Err(_) => Err(Failure::retry(format!(
                "{target} did not answer within {} s",
                PATIENCE.as_secs()
            ))),
        };
        Answer {
            stream: stream.name.clone(),
            role,
            target,
            answer,
        }
    });
    futures::stream::iter(asked.collect::<Vec<_>>())
        .buffered(AT_ONCE)
        .collect()
        .await
}

/// What became of the transforms: the line of each that loads, and is there where it is called over
/// a network; and what is wrong with the others.
pub(super) async fn ask_transforms(
    settings: &Settings,
    file: &Path,
) -> (Vec<String>, Vec<Problem>) {
    let streams = settings.streams.iter();
    let all = streams.filter_map(|stream| Some((&stream.name, stream.transform.as_ref()?)));
    // Keeps nothing: the data folder is the daemon's, and who checks may be somebody else.
    let engine = &Engine::new(None);
    let asked = all.map(|(stream, transform)| async move {
        (
            stream,
            transform,
            ask_transform(transform, stream, engine).await,
        )
    });
    let asked = futures::stream::iter(asked.collect::<Vec<_>>()).buffered(AT_ONCE);
    let (mut lines, mut problems) = (Vec::new(), Vec::new());
    for (stream, transform, answer) in asked.collect::<Vec<_>>().await {
        match answer {
            Ok(what) => lines.push(format!("stream {stream}: {} {what}", transform.name())),
            Err(failure) => problems.push(Problem {
                file: file.display().to_string(),
                place: None,
                path: format!("streams.{stream}.transform"),
                message: failure.to_string(),
            }),
        }
    }
    (lines, problems)
}

async fn ask_transform(
    transform: &Transform,
    stream: &StreamName,
    engine: &Engine,
) -> Result<&'static str, Failure> {
    // A component may take long to compile, and asks nobody.
    let open = AnyTransform::open(transform, stream, engine).await?;
    match timeout(PATIENCE, open.preflight()).await {
        Ok(answer) => answer?,
        Err(_) => {
            let (name, patience) = (transform.name(), PATIENCE.as_secs());
            let why = format!("{name} did not answer within {patience} s");
            return Err(Failure::retry(why));
        }
    }
    Ok(match transform.hook {
        Hook::Http(_) => "answers",
        Hook::Lambda(_) => "answers, and may be called",
        Hook::Wasm(_) => "loads",
    })
}

/// Asks at the beginnings of both prefixes: rights may be given for these only.
async fn ask_one(
    target: &Target,
    destination: &Destination,
) -> Result<Option<Conditions>, Failure> {
    let open = target.open(&UploadMemory::of(0))?;
    let Some(data) = destination.prefix().map(Prefix::start) else {
        // Failed records go elsewhere, and that is asked too.
        return open.preflight("").await;
    };
    let card = open.preflight(data).await?;
    let elsewhere = !std::ptr::eq(destination, destination.errors());
    match destination.error_output_prefix().start() {
        errors if errors == data || elsewhere => Ok(card),
        errors => open.preflight(errors).await,
    }
}

/// Says what is wrong; `Err` names all that must keep the daemon from starting.
pub(super) fn judge(
    answers: Vec<Answer>,
    streams: &[Stream],
    data_dir: &Path,
) -> Result<(), String> {
    let streams: BTreeMap<_, _> = streams.iter().map(|s| (&s.name, s)).collect();
    let mut refusals = Vec::new();
    for Answer {
        stream,
        target,
        answer,
        role,
    } in answers
    {
        let failure = match answer {
            Ok(Some(card)) => {
                tracing::info!(%stream, "{target} answers; {card}");
                continue;
            }
            Ok(None) => continue,
            Err(failure) => failure,
        };
        let known = || {
            let settings = streams.get(&stream);
            settings.is_some_and(|s| {
                known_targets(data_dir, s)
                    .iter()
                    .any(|t| t.is_place(&target))
            })
        };
        match failure.verdict {
            Verdict::Retry => tracing::warn!(
                %stream,
                "{failure}; records are accepted, and delivered when it answers"
            ),
            _ if known() => tracing::error!(
                %stream,
                "{failure}; records are accepted and kept, and delivered when that is corrected"
            ),
            _ => refusals.push(format!("streams.{stream}.{role}: {failure}")),
        }
    }
    match refusals.is_empty() {
        true => Ok(()),
        false => Err(refusals.join("\n")),
    }
}

impl Answer {
    /// What `check --connect` says where all is well.
    pub(super) fn line(&self) -> String {
        let card = match &self.answer {
            Ok(Some(card)) => format!("; {card}"),
            _ => String::new(),
        };
        format!(
            "stream {}: {} answers, and may be read and written{card}",
            self.stream, self.target
        )
    }

    /// What it says where it is not.
    pub(super) fn problem(&self, file: &Path) -> Option<Problem> {
        let failure = self.answer.as_ref().err()?;
        Some(Problem {
            file: file.display().to_string(),
            place: None,
            path: format!("streams.{}.{}", self.stream, self.role),
            message: failure.to_string(),
        })
    }
}
