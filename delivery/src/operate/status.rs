//! `status` and `top`: how the daemon that runs is doing, for people.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;
use standpipe_config::names::Arrival;
use standpipe_config::units::print_size;

use super::ask::Door;
use super::{NotDone, time};
use table::Table;

mod table;

/// Switches a terminal to its other screen and hides the cursor; and back.
const ENTER: &str = "\x1b[?1049h\x1b[?25l";
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";

/// Goes to the upper left corner; clears to the end of a line, and of the screen.
const HOME: &str = "\x1b[H";
const CLEAR_LINE: &str = "\x1b[K";
const CLEAR_REST: &str = "\x1b[J";

/// What the columns are called.
const HEAD: [&str; 10] = [
    "STREAM",
    "STATE",
    "ACCEPTED",
    "DELIVERED",
    "FAILED",
    "DROPPED",
    "WAITING",
    "OLDEST",
    "SEALED",
    "DISK",
];

/// How the daemon is doing, in words or as it says it.
pub async fn status(data_dir: &Path, json: bool) -> Result<String, NotDone> {
    let said = Door::find(data_dir)?.status().await?;
    if json {
        // Nothing in it has no JSON form.
        return Ok(serde_json::to_string_pretty(&said).unwrap_or_default());
    }
    Ok(shown(&said, None))
}

/// Shows the status again and again, with rates, until Ctrl-C; so often at most if told. On what is
/// no terminal one below the other.
pub async fn top(data_dir: &Path, every: Duration, times: Option<u32>) -> Result<(), NotDone> {
    let door = Door::find(data_dir)?;
    let screen = Screen::new()?;
    let mut before: Option<(Instant, Value)> = None;
    let mut shown_times = 0;
    loop {
        let said = door.status().await?;
        let now = Instant::now();
        let past = before.as_ref();
        let past = past.map(|(then, past)| (now.duration_since(*then), past));
        screen.show(&shown(&said, past))?;
        before = Some((now, said));
        shown_times += 1;
        if times.is_some_and(|times| shown_times >= times) {
            return Ok(());
        }
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            _ = tokio::signal::ctrl_c() => return Ok(()),
        }
    }
}

/// The screen of a terminal. Dropped, it is as it was.
struct Screen {
    is_terminal: bool,
}

impl Screen {
    fn new() -> std::io::Result<Self> {
        let mut out = std::io::stdout();
        let is_terminal = out.is_terminal();
        if is_terminal {
            write!(out, "{ENTER}")?;
        }
        Ok(Self { is_terminal })
    }

    fn show(&self, text: &str) -> std::io::Result<()> {
        let mut out = std::io::stdout().lock();
        if !self.is_terminal {
            writeln!(out, "{text}")?;
            return out.flush();
        }
        write!(out, "{HOME}")?;
        for line in text.lines() {
            writeln!(out, "{line}{CLEAR_LINE}")?;
        }
        write!(out, "{CLEAR_REST}")?;
        out.flush()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if self.is_terminal {
            let mut out = std::io::stdout();
            // Whoever closed it does not look any more.
            let _ = write!(out, "{LEAVE}").and_then(|()| out.flush());
        }
    }
}

/// A status as text; with an earlier one, how long ago it was, also rates.
fn shown(said: &Value, past: Option<(Duration, &Value)>) -> String {
    let version = said["version"].as_str().unwrap_or_default();
    let read = said["settings"]["read_at"].as_i64().unwrap_or_default();
    let mut text = format!(
        "standpipe-delivery {version}, settings of {}\n",
        time(Arrival(read))
    );
    let mut table = Table::default();
    table.add(head(past.is_some()));
    let mut notes = String::new();
    let streams = said["streams"].as_object();
    for (name, stream) in streams.into_iter().flatten() {
        let rate = past.map(|(since, past)| rates(stream, &past["streams"][name], since));
        table.add(row(name, stream, rate));
        for (code, failed) in stream["errors"].as_object().into_iter().flatten() {
            let (lines, last) = (&failed["lines"], failed["samples"].as_array());
            let last = last.and_then(|all| all.last()?["message"].as_str());
            let last = last.unwrap_or_default().escape_debug();
            let _ = writeln!(
                notes,
                "{name}: {lines} failed with {code}, the last: {last}"
            );
        }
        if let Some(error) = stream["last_error"].as_str() {
            // Writing to a String cannot fail.
            let _ = writeln!(notes, "{name}: {error}");
        }
    }
    text += &table.text();
    text += &notes;
    if let Some(error) = said["settings"]["last_error"].as_str() {
        let _ = writeln!(text, "the settings were not read again: {error}");
    }
    text.trim_end().to_owned()
}

fn head(has_rates: bool) -> Vec<String> {
    let rates: &[&str] = if has_rates { &["IN/S", "OUT/S"] } else { &[] };
    let all = HEAD.iter().chain(rates);
    all.map(|name| (*name).to_owned()).collect()
}

fn row(name: &str, stream: &Value, rates: Option<[f64; 2]>) -> Vec<String> {
    let number = |of: &Value| of.as_u64().unwrap_or_default();
    let size = |of: &Value| rough_size(number(of));
    let books = &stream["books"];
    let mut cells = vec![
        name.to_owned(),
        stream["state"].as_str().unwrap_or("?").to_owned(),
    ];
    let counted = ["accepted", "delivered", "failed", "dropped", "waiting"];
    cells.extend(counted.map(|book| number(&books[book]).to_string()));
    cells.push(age(stream["oldest_waiting_seconds"].as_f64()));
    cells.push(number(&stream["sealed_files"]).to_string());
    let (used, quota) = (size(&stream["disk_used"]), size(&stream["disk_quota"]));
    cells.push(format!("{used} of {quota}"));
    cells.extend(rates.into_iter().flatten().map(|rate| format!("{rate:.0}")));
    cells
}

/// Records accepted, and records settled, in a second.
fn rates(stream: &Value, past: &Value, since: Duration) -> [f64; 2] {
    let seconds = since.as_secs_f64().max(0.001);
    let gone = |names: &[&str]| {
        let of = |status: &Value| -> f64 {
            let numbers = names.iter().map(|name| status["books"][name].as_u64());
            numbers
                .map(|number| number.unwrap_or_default() as f64)
                .sum()
        };
        (of(stream) - of(past)).max(0.0) / seconds
    };
    match past.is_null() {
        true => [0.0; 2],
        false => [
            gone(&["accepted"]),
            gone(&["delivered", "failed", "dropped"]),
        ],
    }
}

fn age(seconds: Option<f64>) -> String {
    match seconds.unwrap_or_default() {
        0.0 => "-".to_owned(),
        seconds if seconds < 120.0 => format!("{seconds:.1} s"),
        seconds if seconds < 7200.0 => format!("{:.0} min", seconds / 60.0),
        seconds => format!("{:.1} h", seconds / 3600.0),
    }
}

/// A size for people: to the unit below which it has at most four digits.
fn rough_size(bytes: u64) -> String {
    const UNIT: u64 = 1024;
    let mut unit = 1;
    while bytes / unit >= 10 * UNIT {
        unit *= UNIT;
    }
    print_size(bytes / unit * unit)
}

#[cfg(test)]
mod tests;
