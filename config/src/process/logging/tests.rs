use std::io;
use std::sync::{Arc, Mutex};

use tracing_subscriber::fmt::MakeWriter;

use super::*;
use crate::secret::known::remember;

fn logging(filter: Option<&str>) -> Logging {
    Logging {
        filter: filter.map(str::to_owned),
        format: LogFormat::Text,
    }
}

#[test]
fn the_option_beats_the_environment_which_beats_the_default() {
    let shown = |logging: Logging, env: Option<&str>| {
        let filter = logging.filter(env.map(str::to_owned)).unwrap().to_string();
        let asked = filter.split(',').filter(|part| !QUIET.contains(part));
        asked.collect::<Vec<_>>().join(",")
    };
    assert_eq!(shown(logging(Some("debug")), Some("warn")), "debug");
    assert_eq!(
        shown(logging(None), Some("warn,hyper=error")),
        "hyper=error,warn"
    );
    assert_eq!(shown(logging(None), Some("")), "info");
    assert_eq!(shown(logging(None), None), "info");
}

#[test]
fn a_wrong_filter_says_where_it_came_from() {
    let wrong = logging(Some("a=loud")).filter(None).unwrap_err();
    assert!(
        wrong.to_string().contains("--log says \"a=loud\""),
        "{wrong}"
    );
    let wrong = logging(None).filter(Some("a=loud".into())).unwrap_err();
    assert!(wrong.to_string().contains("RUST_LOG says"), "{wrong}");
}

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Written {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[test]
fn the_journal_gets_a_priority_on_every_line_and_no_time() {
    let written = Written::default();
    let subscriber = tracing_subscriber::fmt()
        .event_format(Journal)
        .with_writer(written.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        tracing::error!(stream = "web", "two\nlines");
        tracing::warn!("one");
        tracing::info!("quiet");
    });
    let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
    assert_eq!(text, "<3>two\n<3>lines stream=\"web\"\n<4>one\n<6>quiet\n");
}

#[test]
fn a_secret_is_masked_whoever_logs_it_and_however() {
    let written = Written::default();
    let masked = written.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_writer(move || Masked(masked.clone()))
        .finish();
    remember("logged\"secret");
    tracing::subscriber::with_default(subscriber, || {
        tracing::error!(said = "it was logged\"secret", "logged\"secret");
        tracing::error!("something else");
    });
    let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
    assert!(!text.contains("logged"), "{text}");
    assert!(
        text.contains("it was ***") && text.contains("something else"),
        "{text}"
    );
}

#[test]
fn statements_are_logged_at_no_level() {
    let written = Written::default();
    let asked = "trace,tokio_postgres=debug,tokio_postgres::simple_query=trace";
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(logging(Some(asked)).filter(None).unwrap())
        .with_writer(written.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        tracing::error!(target: "tokio_postgres::simple_query", "hunter2");
        tracing::error!(target: "tokio_postgres::query", "hunter2");
        tracing::info!(target: "tokio_postgres::connection", "hunter2");
        tracing::trace!(target: "hyper", "heard");
    });
    let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
    assert!(
        text.contains("heard") && !text.contains("hunter2"),
        "{text}"
    );
}
