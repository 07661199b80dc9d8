//! The daemon: constructs, starts and stops the parts, and ends when one of them does.
//!
//! Start: settings, the lock on the data folder, the admin door (so that a long recovery can be
//! watched), streams, the native door, ready. Stop: not ready, the native door closes and answers
//! what it has in hand, streams finish or are abandoned at the deadline, the admin door closes.
//! What is abandoned lies on disk and is delivered after the next start.

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use standpipe_config::process::check;
use standpipe_config::process::exit::Exit;
use standpipe_config::process::metrics::Metrics;
use standpipe_config::process::signals::{Asked, Signals};
use standpipe_config::settings::Loaded;
use standpipe_config::settings::delivery::{self, Settings};
use standpipe_config::yaml::Problems;

pub use crate::stream::redrive::Selection;
pub use redrive::command::{Asking, errors, redrive};
use start::{CannotStart, Running};

mod access;
mod components;
mod control;
mod doors;
pub mod metrics;
mod page;
mod preflight;
mod redrive;
mod reload;
mod room;
mod start;
mod status;
mod stop;
pub mod trial;

/// How long a stop may take unless told otherwise. Below the 90 s after which systemd kills.
pub const STOP_DEADLINE: &str = "20s";

/// Runs the daemon until it is told to stop, or a part of it ends that should not.
pub fn run(config: &Path, stop_deadline: Duration) -> Exit {
    let settings = match check::usable(load(config)) {
        Ok(settings) => settings,
        Err(exit) => return exit,
    };
    match runtime() {
        Ok(runtime) => {
            let exit = runtime.block_on(live(settings, config, stop_deadline));
            // What still runs was abandoned at the deadline, which is safe.
            runtime.shutdown_background();
            exit
        }
        Err(error) => {
            tracing::error!(%error, "cannot start: the operating system gives no threads");
            Exit::Failed
        }
    }
}

/// Prints what a configuration means, or everything that is wrong with it; with `connect` also
/// what the real destinations say.
pub fn check(config: &Path, json: bool, connect: bool) -> Exit {
    let loaded = load(config);
    let answer = match &loaded {
        Ok(loaded) if connect => check_connected(config, loaded, json),
        _ => check::answer(&loaded, delivery::summary, json),
    };
    // Whoever closed stdout does not want to know.
    let _ = writeln!(std::io::stdout(), "{}", answer.text);
    answer.exit
}

fn load(config: &Path) -> Result<Loaded<Settings>, Problems> {
    components::judge(room::load(config)?, config)
}

fn check_connected(config: &Path, loaded: &Loaded<Settings>, json: bool) -> check::Answer {
    let (answers, (loads, not_loaded)) = match runtime() {
        Ok(runtime) => runtime.block_on(async {
            let answers = preflight::ask(&loaded.settings).await;
            let transforms = preflight::ask_transforms(&loaded.settings, config).await;
            (answers, transforms)
        }),
        Err(error) => {
            return check::Answer {
                text: format!("nobody was asked: the operating system gives no threads: {error}"),
                exit: Exit::Failed,
            };
        }
    };
    let problems = answers.iter().filter_map(|a| a.problem(config));
    let problems: Vec<_> = problems.chain(not_loaded).collect();
    if problems.is_empty() {
        let lines = answers.iter().map(preflight::Answer::line);
        let lines: Vec<_> = lines.chain(loads).collect();
        let summary = |settings: &Settings| delivery::summary(settings) + &lines.join("\n");
        return check::answer(&Ok(loaded.clone()), summary, json);
    }
    // The settings can be used; it is the world that is not as they say.
    check::Answer {
        exit: Exit::Failed,
        ..check::answer::<Settings>(&Err(Problems(problems)), delivery::summary, json)
    }
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    // The one crypto provider of the process. A second call is no trouble: one is there then.
    let _ = rustls::crypto::ring::default_provider().install_default();
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
}

async fn live(settings: Settings, config: &Path, stop_deadline: Duration) -> Exit {
    match try_live(settings, config, stop_deadline).await {
        Ok(exit) => exit,
        Err(error) => {
            tracing::error!("cannot start: {error}");
            error.exit()
        }
    }
}

async fn try_live(
    settings: Settings,
    config: &Path,
    stop_deadline: Duration,
) -> Result<Exit, CannotStart> {
    let mut signals = Signals::catch().map_err(CannotStart::Signals)?;
    let metrics = Metrics::install().map_err(CannotStart::Metrics)?;
    metrics::describe();
    let mut running = tokio::select! {
        running = Running::start(settings, metrics) => running?,
        signal = signals.stop() => {
            tracing::info!("stopped by {signal} before everything was up");
            return Ok(Exit::Done);
        }
    };
    let failed = match until_its_end(&mut running, &mut signals, config).await {
        End::Part(what) => {
            tracing::error!("stopping, because a part of the daemon ended that should not: {what}");
            true
        }
        End::Signal(signal) => {
            tracing::info!(
                "stopping after {signal}, for at most {} s",
                stop_deadline.as_secs()
            );
            false
        }
    };
    let exit = tokio::select! {
        exit = running.stop(Instant::now() + stop_deadline) => exit,
        signal = signals.stop() => {
            tracing::warn!("a second signal, {signal}: what was not finished waits for the next start");
            Exit::WorkLeft
        }
    };
    Ok(if failed { Exit::Failed } else { exit })
}

/// Why it must end.
enum End {
    Part(String),
    Signal(&'static str),
}

/// Runs, and reads the settings again as often as it is asked to.
async fn until_its_end(running: &mut Running, signals: &mut Signals, config: &Path) -> End {
    loop {
        let asked = tokio::select! {
            what = running.unexpected_end() => return End::Part(what),
            asked = signals.next() => asked,
        };
        if let Asked::Stop(signal) = asked {
            return End::Signal(signal);
        }
        // A stop does not wait for a stream that is slow to leave; what was not done of the reload
        // is done by the next start.
        tokio::select! {
            () = running.reload(config) => {}
            signal = signals.stop() => return End::Signal(signal),
        }
    }
}

#[cfg(test)]
mod tests;
