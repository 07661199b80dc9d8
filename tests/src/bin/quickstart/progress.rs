//! Shows how far things are: one line that changes on a terminal, else a line now and then.

use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressStyle};

const EVERY: Duration = Duration::from_secs(2);

/// Where lines are at one moment.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counts {
    /// Lines in the logs.
    pub(crate) lines: u64,
    /// Records the daemon has acknowledged.
    pub(crate) accepted: u64,
    /// Records that lie in Parquet files.
    pub(crate) delivered: u64,
    /// Parquet files.
    pub(crate) files: usize,
}

/// What is shown.
pub(crate) struct Progress {
    bar: ProgressBar,
    told: Option<Instant>,
}

impl Progress {
    /// Nothing is shown yet.
    pub(crate) fn new() -> Self {
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            bar.set_style(style);
        }
        Self { bar, told: None }
    }

    /// Shows the counts, if it is time to.
    pub(crate) fn show(&mut self, counts: &Counts) {
        let text = counts.text();
        if self.bar.is_hidden() && self.told.is_none_or(|at| at.elapsed() > EVERY) {
            eprintln!("{text}");
            self.told = Some(Instant::now());
        }
        self.bar.set_message(text);
        self.bar.tick();
    }

    /// Shows the last counts and ends.
    pub(crate) fn end(&mut self, counts: &Counts) {
        self.bar.finish_and_clear();
        eprintln!("{}", counts.text());
    }
}

impl Counts {
    fn text(&self) -> String {
        let behind = self.lines.saturating_sub(self.accepted);
        format!(
            "{} lines in the logs · {} on the daemon's disk ({} behind) · {} delivered in {} Parquet files",
            HumanCount(self.lines),
            HumanCount(self.accepted),
            HumanCount(behind),
            HumanCount(self.delivered),
            self.files,
        )
    }
}
