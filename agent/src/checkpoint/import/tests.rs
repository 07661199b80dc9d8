//! Another agent's positions, and real files.

use std::fs;
use std::os::unix::fs::MetadataExt;

use standpipe_config::settings::agent::{Flow, Ship};
use tempfile::TempDir;

use super::*;
use crate::daemon::run;
use crate::daemon::stand_in::StandIn;

struct Site {
    folder: TempDir,
    daemon: StandIn,
}

impl Site {
    fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            folder: TempDir::new().unwrap(),
            daemon: StandIn::start(),
        }
    }

    fn write(&self, name: &str, text: &str, modified: u64) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(modified);
        fs::File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_modified(time)
            .unwrap();
        path
    }

    fn settings(&self) -> Settings {
        let paths = vec![
            self.folder
                .path()
                .join("app.log*")
                .to_str()
                .unwrap()
                .to_owned(),
        ];
        let flow = Flow::new(paths, "web".parse().unwrap());
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
            flows: vec![flow],
        }
    }

    fn at(&self, path: &Path, offset: u64) -> Position {
        let metadata = fs::metadata(path).unwrap();
        Position {
            path: self.folder.path().join("app.log"),
            device: metadata.dev(),
            inode: metadata.ino(),
            offset,
            stream: "web".parse().unwrap(),
        }
    }

    fn import(&self, positions: &[Position], rewind: u64) -> Vec<(String, Became)> {
        let taken = import(&self.settings(), positions, rewind).unwrap();
        let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
        taken
            .into_iter()
            .map(|t| (name(&t.path), t.became))
            .collect()
    }

    async fn arrived(&self) -> Vec<String> {
        run(self.settings(), true, || None).await.unwrap();
        let lines = self.daemon.lines("web").into_iter();
        let mut lines: Vec<String> = lines
            .map(|(line, times)| {
                assert_eq!(times, 1);
                String::from_utf8(line).unwrap()
            })
            .collect();
        lines.sort_unstable();
        lines
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_goes_on_at_the_byte_and_judges_other_files_by_their_age() {
    let site = Site::new();
    site.write("app.log.2", "old 1\nold 2\n", 100);
    let rotated = site.write("app.log.1", "one\ntwo\nthree\n", 200);
    site.write("app.log", "new 1\n", 300);
    // The second one is older: of the name that the file had.
    let taken = site.import(&[site.at(&rotated, 8), site.at(&rotated, 4)], 0);
    let expected = [
        ("app.log.1", Became::Resumes(8)),
        ("app.log", Became::Begins),
        ("app.log.2", Became::Passed(12)),
    ];
    assert_eq!(
        taken,
        expected.map(|(name, became)| (name.to_owned(), became))
    );
    assert_eq!(site.arrived().await, ["new 1\n", "three\n"]);
    let again = import(&site.settings(), &[], 0).unwrap_err().to_string();
    assert!(again.contains("this agent has run"), "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_goes_back_to_the_beginning_of_a_line() {
    let site = Site::new();
    let log = site.write("app.log", "one\ntwo\nthree\n", 100);
    let taken = site.import(&[site.at(&log, 14)], 7);
    assert_eq!(taken, [("app.log".to_owned(), Became::Resumes(4))]);
    assert_eq!(site.arrived().await, ["three\n", "two\n"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_agree_with_the_file_does_not_count() {
    let site = Site::new();
    let log = site.write("app.log", "one\ntwo\n", 100);
    let here = site.at(&log, 4);
    let wrong = [
        (
            Position {
                offset: 9,
                ..here.clone()
            },
            "it was truncated",
        ),
        (
            Position {
                offset: 5,
                ..here.clone()
            },
            "no line ends at byte 5",
        ),
        (
            Position {
                inode: 1,
                ..here.clone()
            },
            "no file with inode 1",
        ),
        (
            Position {
                stream: "other".parse().unwrap(),
                ..here.clone()
            },
            "no flow",
        ),
    ];
    let positions: Vec<Position> = wrong.iter().map(|(position, _)| position.clone()).collect();
    let taken = site.import(&positions, 0);
    for ((_, part), (_, became)) in wrong.iter().zip(&taken) {
        let Became::Left(why) = became else {
            panic!("{became:?}");
        };
        assert!(why.contains(part), "{why}");
    }
    assert_eq!(taken.len(), 4, "nothing more is known of the file");
    assert_eq!(
        site.arrived().await,
        ["one\n", "two\n"],
        "rather twice than never"
    );
}
