//! Where logs go and how they look: to stderr, as text for people, as JSON lines on request, and
//! under the system's journal as text with its priority prefix and without the time, which the
//! journal adds itself. No line has a secret in it that this process knows.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, IsTerminal, Write};

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt::format::{Format, Full, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::secret::known;

/// Whatever is asked for: this library logs whole statements, and a COPY may hold a key. Its modules
/// are named too, as the most exact name counts.
const QUIET: &[&str] = &[
    "tokio_postgres=off",
    "tokio_postgres::query=off",
    "tokio_postgres::simple_query=off",
];

/// The options about logs that every command has.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Logging {
    /// What is logged: a level (error, warn, info, debug, trace) or directives as in RUST_LOG,
    /// which counts where this is not given [default: info]
    #[arg(long = "log", value_name = "LEVEL", global = true)]
    filter: Option<String>,
    /// How it looks; text is fitted to the system's journal where that reads it
    #[arg(
        long = "log-format",
        value_name = "FORMAT",
        global = true,
        value_enum,
        default_value_t
    )]
    format: LogFormat,
}

/// How logs look.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// A filter that cannot be read. Wrong usage.
#[derive(Debug, thiserror::Error)]
#[error("{from} says {text:?}, which is no level and no list of directives: {source}")]
pub struct WrongFilter {
    from: &'static str,
    text: String,
    source: ParseError,
}

impl Logging {
    /// Logs from here on. What was started before stays.
    pub fn start(&self) -> Result<(), WrongFilter> {
        let builder = tracing_subscriber::fmt()
            .with_env_filter(self.filter(std::env::var("RUST_LOG").ok())?)
            .with_writer(|| Masked(io::stderr()))
            .with_ansi(std::io::stderr().is_terminal());
        // An error says that something logs already, as in a test.
        let _ = match self.format {
            LogFormat::Json => builder.json().flatten_event(true).try_init(),
            LogFormat::Text if is_read_by_journal() => builder.event_format(Journal).try_init(),
            LogFormat::Text => builder.with_target(false).try_init(),
        };
        Ok(())
    }

    fn filter(&self, environment: Option<String>) -> Result<EnvFilter, WrongFilter> {
        let (from, text) = match (&self.filter, environment) {
            (Some(text), _) => ("--log", text.clone()),
            (None, Some(text)) if !text.is_empty() => ("RUST_LOG", text),
            _ => ("the default", "info".to_owned()),
        };
        let wrong = |source| WrongFilter {
            from,
            text: text.clone(),
            source,
        };
        let mut filter = EnvFilter::builder().parse(&text).map_err(wrong)?;
        for quiet in QUIET {
            filter = filter.add_directive(quiet.parse().map_err(wrong)?);
        }
        Ok(filter)
    }
}

/// Masks secrets in what is written, which is a whole line at each call.
struct Masked<W>(W);

impl<W: Write> Write for Masked<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        match known::mask(&text) {
            Cow::Borrowed(_) => self.0.write_all(line)?,
            Cow::Owned(masked) => self.0.write_all(masked.as_bytes())?,
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Whether stderr goes to the journal: `JOURNAL_STREAM` names its device and inode. The variable
/// alone proves nothing, as a child whose stderr was redirected inherits it.
fn is_read_by_journal() -> bool {
    let stderr = rustix::fs::fstat(std::io::stderr());
    match (std::env::var("JOURNAL_STREAM"), stderr) {
        (Ok(named), Ok(stderr)) => named == format!("{}:{}", stderr.st_dev, stderr.st_ino),
        _ => false,
    }
}

/// Lines as the journal likes them: `<3>` and so on before each line, no time, no level.
struct Journal;

/// The syslog priority of a level, `man 3 sd-daemon`.
fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        _ => 7,
    }
}

impl<S, N> FormatEvent<S, N> for Journal
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let plain: Format<Full, ()> = Format::default()
            .without_time()
            .with_level(false)
            .with_target(false);
        let mut text = String::new();
        plain.format_event(context, Writer::new(&mut text), event)?;
        let priority = priority(*event.metadata().level());
        text.lines()
            .try_for_each(|line| writeln!(writer, "<{priority}>{line}"))
    }
}

#[cfg(test)]
mod tests;
