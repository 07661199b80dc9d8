//! Going back: what follows arrives once more, and nothing else does.

use std::fs;
use std::path::PathBuf;

use standpipe_config::settings::agent::{Flow, Ship};
use tempfile::TempDir;

use super::*;
use crate::daemon::run;
use crate::daemon::stand_in::StandIn;

struct Place {
    folder: TempDir,
    daemon: StandIn,
}

impl Place {
    fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            folder: TempDir::new().unwrap(),
            daemon: StandIn::start(),
        }
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("app.log")
    }

    fn settings(&self) -> Settings {
        let flow = |stream: &str| {
            let paths = vec![self.log().to_str().unwrap().to_owned()];
            Flow::new(paths, stream.parse().unwrap())
        };
        Settings {
            data_dir: self.folder.path().join("data"),
            allow_tmpfs: true,
            admin: None,
            ship: Ship::Standpipe {
                url: self.daemon.url.clone(),
                token: None,
                trust: standpipe_config::tls::Trust::default(),
            },
            in_flight: 1 << 20,
            flows: vec![flow("a"), flow("b")],
        }
    }

    async fn once(&self) {
        run(self.settings(), true, || None).await.unwrap();
    }

    fn times(&self, stream: &str) -> Vec<usize> {
        self.daemon.lines(stream).into_values().collect()
    }

    fn rewind(
        &self,
        stream: Option<&str>,
        to: u64,
    ) -> Result<Vec<(StreamName, u64)>, CheckpointError> {
        let order = Rewind {
            file: self.log(),
            stream: stream.map(|name| name.parse().unwrap()),
            to,
        };
        rewind(&self.settings(), &order)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rewound_file_is_sent_again_from_the_line_on_and_only_to_that_stream() {
    let place = Place::new();
    fs::write(place.log(), "first\nsecond\nthird\n").unwrap();
    place.once().await;
    let gone_to = place.rewind(Some("a"), 8).unwrap();
    assert_eq!(gone_to, [("a".parse().unwrap(), 6)]);
    place.once().await;
    assert_eq!(
        place.times("a"),
        [1, 2, 2],
        "in the order of first, second, third"
    );
    assert_eq!(place.times("b"), [1, 1, 1]);
    place.once().await;
    assert_eq!(place.times("a"), [1, 2, 2], "once more, not for ever");
    let shown = show(&place.settings()).unwrap();
    let at: Vec<_> = shown
        .iter()
        .map(|s| (s.stream.as_str(), s.acknowledged))
        .collect();
    assert_eq!(at, [("a", 19), ("b", 19)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_goes_forward_or_back_in_what_is_not_known() {
    let place = Place::new();
    fs::write(place.log(), "first\n").unwrap();
    place.once().await;
    let error = place.rewind(None, 7).unwrap_err().to_string();
    assert!(error.contains("forward"), "{error}");
    let error = place.rewind(Some("c"), 0).unwrap_err().to_string();
    assert!(error.contains("nothing is remembered"), "{error}");
    place.once().await;
    assert_eq!(place.times("a"), [1]);
}
