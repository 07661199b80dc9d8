//! The commands `errors` and `redrive`: they ask the daemon that runs on this machine, by its admin
//! door, and say what it says.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use reqwest::{Client, RequestBuilder};
use secrecy::ExposeSecret;
use standpipe_config::names::{Arrival, StreamName};
use standpipe_config::process::admin::COMMAND;
use standpipe_config::process::check;
use standpipe_config::process::exit::Exit;
use standpipe_config::process::published;
use standpipe_config::settings::delivery::{self, Settings};

use crate::daemon::runtime;
use crate::stream::redrive::{Counts, Said, Selection, Summary};

/// Whom a command asks, and how it answers.
#[derive(Debug)]
pub struct Asking<'a> {
    /// The configuration of the daemon.
    pub config: &'a Path,
    /// The stream.
    pub stream: &'a StreamName,
    /// One JSON object, and nothing for people.
    pub json: bool,
}

/// Prints what lies under a stream's error prefix, grouped by code.
pub fn errors(asking: &Asking<'_>) -> Exit {
    asking.run("errors", None)
}

/// Puts back what failed, shows how that goes, and prints the counts.
pub fn redrive(asking: &Asking<'_>, selection: &Selection) -> Exit {
    asking.run("redrive", Some(selection))
}

impl Asking<'_> {
    fn run(&self, what: &str, selection: Option<&Selection>) -> Exit {
        let settings = match check::usable(delivery::load(self.config)) {
            Ok(settings) => settings,
            Err(exit) => return exit,
        };
        let asked = runtime()
            .map_err(|e| format!("the operating system gives no threads: {e}"))
            .and_then(|runtime| runtime.block_on(self.ask(&settings, what, selection)));
        match asked {
            Ok(Said::Done(counts)) => self.print(&counts, &told(&counts, selection)),
            Ok(Said::Errors(summary)) => self.print(&summary, &listed(&summary)),
            Ok(Said::Failed { message, counts }) => {
                if what == "redrive" {
                    self.print(&counts, &told(&counts, selection));
                }
                self.failed(what, &message)
            }
            Ok(Said::Progress(_)) => self.failed(what, "the daemon ended before it was done"),
            Err(why) => self.failed(what, &why),
        }
    }

    fn print(&self, value: &impl serde::Serialize, text: &str) -> Exit {
        let text = match self.json {
            true => serde_json::to_string(value).unwrap_or_default(),
            false => text.to_owned(),
        };
        // Whoever closed stdout does not want to know.
        let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
        Exit::Done
    }

    fn failed(&self, what: &str, why: &str) -> Exit {
        let stream = self.stream;
        let _ = writeln!(std::io::stderr(), "{what} {stream}: {why}");
        Exit::Failed
    }

    /// Asks, and shows progress; the last thing that was said.
    async fn ask(
        &self,
        settings: &Settings,
        what: &str,
        selection: Option<&Selection>,
    ) -> Result<Said, String> {
        let request = self.request(settings, what, selection)?;
        let lost = |e: reqwest::Error| format!("the daemon does not answer: {}", causes(&e));
        let mut answer = request.send().await.map_err(lost)?;
        if !answer.status().is_success() {
            let status = answer.status();
            let text = answer.text().await.map_err(lost)?;
            let said: Option<serde_json::Value> = serde_json::from_str(&text).ok();
            let said = said.and_then(|said| Some(said["message"].as_str()?.to_owned()));
            return Err(said.unwrap_or_else(|| format!("the daemon says {status}: {text}")));
        }
        let bar = bar();
        let mut lines = Vec::new();
        let mut last = Said::Progress(Counts::default());
        while let Some(piece) = answer.chunk().await.map_err(lost)? {
            lines.extend_from_slice(&piece);
            while let Some(end) = lines.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = lines.drain(..=end).collect();
                last = serde_json::from_slice(&line)
                    .map_err(|e| format!("the daemon says what is not understood: {e}"))?;
                if let Said::Progress(counts) = &last {
                    let records = counts.redriven;
                    bar.set_message(format!("{} objects, {records} records", counts.objects));
                    bar.tick();
                }
            }
        }
        bar.finish_and_clear();
        Ok(last)
    }

    fn request(
        &self,
        settings: &Settings,
        what: &str,
        selection: Option<&Selection>,
    ) -> Result<RequestBuilder, String> {
        let admin = settings.listen.admin.as_ref();
        let admin =
            admin.ok_or("listen.admin is not set, and the daemon is asked there: set it")?;
        let address = address(settings)?;
        let scheme = if admin.tls.is_some() { "https" } else { "http" };
        // Nobody but this machine is asked: its certificate is for others.
        let client = Client::builder()
            .no_proxy()
            .tls_danger_accept_invalid_certs(true)
            .build()
            .map_err(|e| causes(&e))?;
        let url = format!("{scheme}://{address}/streams/{}/{what}", self.stream);
        let request = match selection {
            Some(selection) => client.post(url).header(COMMAND, "1").json(selection),
            None => client.get(url),
        };
        Ok(match published::token(&settings.data_dir) {
            Some(token) => request.bearer_auth(token.expose_secret()),
            None => request,
        })
    }
}

/// Where the admin door of the daemon that runs is.
fn address(settings: &Settings) -> Result<SocketAddr, String> {
    let doors = published::addresses(&settings.data_dir).map_err(|e| e.to_string())?;
    match doors.get("admin") {
        Some(address) => Ok(published::here(*address)),
        None => Err(format!(
            "no daemon runs on {}: start it, and run this again",
            settings.data_dir.display()
        )),
    }
}

/// Shown on a terminal only.
fn bar() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {msg}") {
        bar.set_style(style);
    }
    bar
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(deeper) = source {
        text = format!("{text}: {deeper}");
        source = deeper.source();
    }
    text
}

/// The counts for people.
fn told(counts: &Counts, selection: Option<&Selection>) -> String {
    let is_dry = selection.is_some_and(|selection| selection.dry_run);
    let done = if is_dry {
        "would be put back"
    } else {
        "put back"
    };
    let mut lines = vec![format!(
        "{} records ({} bytes) {done}, from {} objects; {} objects moved aside",
        counts.redriven, counts.bytes, counts.objects, counts.moved
    )];
    let others = [
        (
            counts.left,
            "records left: not selected, or failed meanwhile",
        ),
        (counts.earlier, "records put back by an earlier redrive"),
        (counts.foreign, "lines that are none of this stream's"),
        (
            counts.undelivered,
            "objects whose delivery is not noted yet: run it again later",
        ),
    ];
    let others = others.into_iter().filter(|(number, _)| *number > 0);
    lines.extend(others.map(|(number, what)| format!("{number} {what}")));
    lines.join("\n")
}

/// A summary for people.
fn listed(summary: &Summary) -> String {
    let mut lines = vec![format!("{} records failed and lie there", summary.records)];
    for group in &summary.groups {
        lines.push(format!(
            "\n{} {}: {} records, arrived {} to {}",
            group.kind,
            group.code,
            group.records,
            time(group.oldest),
            time(group.newest)
        ));
        for sample in &group.samples {
            lines.push(format!("  {} {}", sample.id, sample.message.escape_debug()));
            lines.push(format!("    {}", sample.data.escape_debug()));
        }
    }
    lines.join("\n")
}

fn time(arrival: Arrival) -> String {
    Timestamp::from_millisecond(arrival.0).map_or_else(|_| arrival.0.to_string(), |t| t.to_string())
}
