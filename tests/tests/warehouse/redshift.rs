//! The same for Redshift: a stand-in for it before a real PostgreSQL, which loads from an object
//! storage that fails when it is told to.

mod faults;
mod loads;
mod parquet;
mod poison;
mod secrets;

use std::path::Path;

use standpipe_tests::postgresql::proxy::Proxy;
use standpipe_tests::postgresql::{Postgresql, USER};
use standpipe_tests::redshift::Redshift;
use standpipe_tests::s3::commanded::Commanded;
use standpipe_tests::s3::{Contents, KEY_ID, SECRET};
use standpipe_tests::{Folder, Outcome};

use crate::{KEYLESS_LEDGER, TABLE};

/// In which Redshift reads from the bucket.
const ROLE: &str = "arn:aws:iam::111122223333:role/load";

/// A cluster with the table and the ledger, neither with a key, its bucket, and a network before it.
struct World {
    server: Postgresql,
    store: Commanded,
    cluster: Redshift,
    proxy: Proxy,
}

impl World {
    /// Starts one; `None` without PostgreSQL.
    fn start(folder: &Folder) -> Outcome<Option<Self>> {
        Self::with_access(folder, ROLE)
    }

    /// The same, where COPY must come with this access.
    fn with_access(folder: &Folder, access: &str) -> Outcome<Option<Self>> {
        let Some(mut server) = Postgresql::new(folder.path())? else {
            return Ok(None);
        };
        Redshift::SETTINGS
            .iter()
            .for_each(|setting| server.set(setting));
        server.up()?;
        server.ask(TABLE)?;
        server.ask(KEYLESS_LEDGER)?;
        let store = Commanded::start(&folder.join("s3"))?;
        let cluster = Redshift::start(server.address(), store.address(), access)?;
        let proxy = Proxy::start(cluster.address())?;
        std::fs::write(folder.join("secret-s3"), SECRET)?;
        Ok(Some(Self {
            server,
            store,
            cluster,
            proxy,
        }))
    }

    /// A stream `web` of gzip into the table of that name.
    fn stream(&self, more: &str) -> String {
        let format = "raw: {compression: gzip}";
        let options = format!("copy_options: \"JSON 'auto' GZIP\"\n      {more}");
        self.stream_of(format, &format!("iam_role: \"{ROLE}\"\n      {options}"))
    }

    /// The same of another format; `more` are further keys.
    fn stream_of(&self, format: &str, more: &str) -> String {
        format!(
            "web:
  buffering: {{size: 1MiB, interval: 1s}}
  format: {{{format}}}
  destination:
    redshift:
      url: \"redshift://{USER}@{at}/postgres\"
      table: public.web
      staging: {{s3: {{bucket: logs, prefix: staged/, endpoint: \"http://{store}\", access_key_id: {KEY_ID}, secret_access_key: {{file: secret-s3}}}}}}
      backup: {{file: {{path: out, error_output_prefix: \"errors/!{{firehose:error-output-type}}/\"}}}}
      {more}
",
            at = self.proxy.address(),
            store = self.store.address(),
        )
    }

    /// What lies in the bucket.
    fn staged(&self) -> Outcome<Vec<String>> {
        Contents::at(self.store.address())?.keys()
    }
}

/// Where error lines lie.
fn errors(folder: &Folder) -> std::path::PathBuf {
    folder.join("out/errors/redshift-failed")
}

/// Whether a file holds any of these texts.
fn holds(path: &Path, texts: &[&str]) -> Outcome<bool> {
    let bytes = std::fs::read(path)?;
    let holds = |text: &&str| {
        bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    Ok(texts.iter().any(holds))
}
