//! The one table: what was measured, as medians over the rounds.

use std::time::Duration;

/// One measurement of one row.
#[derive(Default)]
pub(crate) struct Sample {
    /// Bytes of data that went through.
    pub(crate) bytes: u64,
    /// How long it took.
    pub(crate) wall: Duration,
    /// User and system time of the processes measured.
    pub(crate) cpu: Duration,
    /// How long each acknowledgement took, where there are some.
    pub(crate) waits: Vec<Duration>,
    /// Bytes that the process holds, where that is what is asked; then the share of a core that it
    /// takes is, too.
    pub(crate) resident: Option<u64>,
}

/// What was measured so far.
#[derive(Default)]
pub(crate) struct Table {
    rows: Vec<(String, Vec<Figures>)>,
}

/// A sample in the units of the table; `None` where a row has no such figure.
type Figures = [Option<f64>; 7];

const HEAD: [&str; 7] = [
    "MB/s",
    "MB per CPU s",
    "acks/s",
    "p50 ms",
    "p99 ms",
    "resident MiB",
    "% of a core",
];

impl Table {
    /// Adds a measurement to the row of this name; rows stand in the order in which they came.
    pub(crate) fn add(&mut self, row: &str, sample: Sample) {
        let figures = sample.figures();
        eprintln!("  {row}: {}", cells(&figures).join("  "));
        match self.rows.iter_mut().find(|(name, _)| name == row) {
            Some((_, all)) => all.push(figures),
            None => self.rows.push((row.to_owned(), vec![figures])),
        }
    }
}

impl Sample {
    fn figures(mut self) -> Figures {
        self.waits.sort_unstable();
        let megabytes = self.bytes as f64 / 1e6;
        let per =
            |amount: f64, time: Duration| (!time.is_zero()).then(|| amount / time.as_secs_f64());
        let acknowledged = self.waits.len() as f64;
        let quantile = |share: f64| {
            let place = (share * (acknowledged - 1.0)).round() as usize;
            self.waits.get(place).map(|wait| wait.as_secs_f64() * 1e3)
        };
        let moved = self.bytes > 0;
        let share = self
            .resident
            .and_then(|_| per(self.cpu.as_secs_f64(), self.wall));
        [
            per(megabytes, self.wall).filter(|_| moved),
            per(megabytes, self.cpu).filter(|_| moved),
            per(acknowledged, self.wall).filter(|_| acknowledged > 0.0),
            quantile(0.5),
            quantile(0.99),
            self.resident.map(|bytes| bytes as f64 / f64::from(1 << 20)),
            share.map(|share| 100.0 * share),
        ]
    }
}

fn median(mut of: Vec<f64>) -> Option<f64> {
    of.sort_unstable_by(f64::total_cmp);
    of.get(of.len() / 2).copied()
}

fn cells(figures: &Figures) -> Vec<String> {
    figures.iter().map(|figure| cell(*figure)).collect()
}

fn cell(figure: Option<f64>) -> String {
    match figure {
        None => String::new(),
        Some(figure) if figure < 10.0 => format!("{figure:.2}"),
        Some(figure) => format!("{figure:.0}"),
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let width = self.rows.iter().map(|(name, _)| name.chars().count()).max();
        let width = width.unwrap_or(0);
        let line = |f: &mut std::fmt::Formatter<'_>, name: &str, cells: &[String]| {
            write!(f, "| {name:width$} |")?;
            for (cell, head) in cells.iter().zip(HEAD) {
                write!(f, " {cell:>0$} |", head.len())?;
            }
            writeln!(f)
        };
        line(f, "", &HEAD.map(str::to_owned))?;
        let rule = HEAD.map(|head| format!("{}:", "-".repeat(head.len() - 1)));
        line(f, &"-".repeat(width), &rule)?;
        for (name, all) in &self.rows {
            let column = |place: usize| median(all.iter().filter_map(|f| f[place]).collect());
            line(f, name, &cells(&std::array::from_fn(column)))?;
        }
        Ok(())
    }
}
