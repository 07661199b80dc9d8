//! `try`: records from stdin pass a stream of the settings, and what became of them is printed. No
//! daemon is needed, and none that runs is asked.

use std::io::Write as _;
use std::path::Path;

use standpipe_config::process::check;
use standpipe_config::process::exit::Exit;
use standpipe_config::process::signals::Signals;
use standpipe_config::settings::delivery::{self, Settings, Stream};

use super::runtime;
use crate::failure::Failure;
use crate::trial::{self, Report};

/// Runs the records of stdin, a line each, through the stream of this name. `Failed` also where one
/// record failed.
pub fn run(config: &Path, name: &str, json: bool) -> Exit {
    let settings = match check::usable(delivery::load(config)) {
        Ok(settings) => settings,
        Err(exit) => return exit,
    };
    let Some(stream) = settings.streams.iter().find(|s| s.name.as_str() == name) else {
        let _ = writeln!(std::io::stderr(), "{}", no_such(name, &settings, config));
        return Exit::Wrong;
    };
    let tried = match runtime() {
        Ok(runtime) => {
            let tried = runtime.block_on(attempt(stream));
            // A call that is still under way has nobody to tell.
            runtime.shutdown_background();
            tried
        }
        Err(e) => Err(Failure::halt(format!(
            "the operating system gives no threads: {e}"
        ))),
    };
    match tried {
        Ok(report) => print(&report, json),
        Err(failure) => {
            tracing::error!("{name} cannot be tried: {failure}");
            Exit::Failed
        }
    }
}

/// A signal ends it as any failure does, so that its folder is removed.
async fn attempt(stream: &Stream) -> Result<Report, Failure> {
    let signals = Signals::catch();
    let mut signals =
        signals.map_err(|e| Failure::halt(format!("signals cannot be caught: {e}")))?;
    let told = |trouble: &str| tracing::warn!("{trouble}");
    tokio::select! {
        tried = trial::run(stream, std::io::stdin(), told) => tried,
        signal = signals.stop() => Err(Failure::halt(format!("stopped by {signal}"))),
    }
}

fn print(report: &Report, json: bool) -> Exit {
    let text = match json {
        true => serde_json::to_string(report).unwrap_or_default(),
        false => report.to_string(),
    };
    // Whoever closed stdout does not want to know.
    let _ = writeln!(std::io::stdout(), "{text}");
    match report.outcomes.failed {
        0 => Exit::Done,
        _ => Exit::Failed,
    }
}

fn no_such(name: &str, settings: &Settings, config: &Path) -> String {
    let names = settings.streams.iter().map(|stream| stream.name.as_str());
    let names: Vec<_> = names.collect();
    format!(
        "there is no stream {name} in {}; there are: {}",
        config.display(),
        names.join(", ")
    )
}
