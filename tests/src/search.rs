//! Real search clusters of three makes, of one node each, in a folder of their own.

use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, geteuid, kill_process_group};
use serde_json::Value;
use tempfile::TempDir;

use crate::trouble::{Attempting, Outcome, Trouble};
use crate::wait::until;
use crate::{components, http, port};

/// How long a cluster may take to start on a busy machine.
const SOON: Duration = Duration::from_secs(180);

/// Nobody: these servers refuse to run as root.
const NOBODY: u32 = 65534;

/// Documents that a page of a search has.
const PAGE: usize = 10_000;

/// Who made it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Make {
    /// OpenSearch 2.19.
    OpenSearch,
    /// Elasticsearch 7.10.
    Elastic7,
    /// Elasticsearch 8.19.
    Elastic8,
}

/// A cluster of one node. Killed, and its folder removed, when dropped.
pub struct Cluster {
    address: SocketAddr,
    folder: TempDir,
    home: PathBuf,
    make: Make,
    process: Option<Child>,
}

impl Make {
    fn component(self) -> (&'static str, &'static str) {
        match self {
            Self::OpenSearch => ("OpenSearch 2.19", "STANDPIPE_OPENSEARCH"),
            Self::Elastic7 => ("Elasticsearch 7.10", "STANDPIPE_ELASTICSEARCH_7"),
            Self::Elastic8 => ("Elasticsearch 8.19", "STANDPIPE_ELASTICSEARCH_8"),
        }
    }

    fn program(self) -> &'static str {
        match self {
            Self::OpenSearch => "opensearch",
            Self::Elastic7 | Self::Elastic8 => "elasticsearch",
        }
    }
}

impl Cluster {
    /// Starts one with these further settings, such as `http.max_content_length: 1mb`; `None` where
    /// it is not there, which is noted as skipped.
    pub fn start(make: Make, settings: &[&str]) -> Outcome<Option<Self>> {
        let (name, variable) = make.component();
        let Some(zip) = components::find(name, variable)? else {
            return Ok(None);
        };
        // Not below our own folder, which nobody else may enter.
        let folder = tempfile::Builder::new()
            .prefix("standpipe-search-")
            .tempdir()?;
        let home = unpack(&zip, folder.path())?;
        let address = SocketAddr::from(([127, 0, 0, 1], port::free()?));
        let more = match make {
            Make::Elastic8 => "xpack.security.enabled: false\n",
            Make::OpenSearch | Make::Elastic7 => "",
        };
        let settings = format!(
            "discovery.type: single-node\nnetwork.host: 127.0.0.1\nhttp.port: {}\ntransport.port: {}\ncluster.routing.allocation.disk.threshold_enabled: false\n{more}{}\n",
            address.port(),
            port::free()?,
            settings.join("\n")
        );
        let file = home.join(format!("config/{}.yml", make.program()));
        std::fs::write(file, settings)?;
        give_away(folder.path())?;
        let mut cluster = Self {
            address,
            folder,
            home,
            make,
            process: None,
        };
        cluster.up()?;
        Ok(Some(cluster))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// SIGKILL to all of it.
    pub fn kill(&mut self) -> Outcome {
        let Some(mut process) = self.process.take() else {
            return Ok(());
        };
        let group = Pid::from_child(&process);
        kill_process_group(group, Signal::KILL).attempting("kill a cluster")?;
        process.wait().attempting("wait for a cluster")?;
        Ok(())
    }

    /// Starts it again where it was, and waits until it answers.
    pub fn up(&mut self) -> Outcome {
        let log = std::fs::File::create(self.folder.path().join("said"))?;
        let java = java_home()?;
        let mut command = Command::new("bash");
        command
            .arg(self.home.join("bin").join(self.make.program()))
            .current_dir(&self.home)
            .env("JAVA_HOME", &java)
            .env("OPENSEARCH_JAVA_HOME", &java)
            .env("ES_JAVA_HOME", &java)
            .env("OPENSEARCH_JAVA_OPTS", "-Xms512m -Xmx512m")
            .env("ES_JAVA_OPTS", "-Xms512m -Xmx512m")
            .env("HOME", self.folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0);
        if geteuid().is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        self.process = Some(command.spawn().attempting("start a cluster")?);
        let health = "/_cluster/health?wait_for_status=yellow&timeout=5s";
        until("a cluster to answer", SOON, || {
            if let Some(process) = &mut self.process
                && process.try_wait()?.is_some()
            {
                let said = std::fs::read_to_string(self.folder.path().join("said"))?;
                panic!("a cluster has ended: {said}");
            }
            http::get(self.address, health)?.ok()
        })?;
        Ok(())
    }

    /// Asks it, such as `PUT /index`; the answer, which must be a good one.
    pub fn ask(&self, what: &str, body: &Value) -> Outcome<Value> {
        let body = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        let json = ["Content-Type: application/json"];
        let answer = http::ask(self.address, what, &json, body.as_bytes())?;
        match answer.status {
            200 | 201 => answer.json(),
            _ => Err(Trouble(format!("{what}: {answer}"))),
        }
    }

    /// How many documents there are in an index, alias or data stream.
    pub fn count(&self, index: &str) -> Outcome<u64> {
        self.ask(&format!("POST /{index}/_refresh"), &Value::Null)?;
        let said = self.ask(&format!("GET /{index}/_count"), &Value::Null)?;
        let count = said["count"].as_u64();
        count.ok_or_else(|| Trouble(format!("{index} has no count: {said}")))
    }

    /// The sources of all documents of an index, alias or data stream, with their ids.
    pub fn documents(&self, index: &str) -> Outcome<Vec<(String, Value)>> {
        self.ask(&format!("POST /{index}/_refresh"), &Value::Null)?;
        let mut found = Vec::new();
        let first = format!("POST /{index}/_search?scroll=1m&size={PAGE}");
        let mut page = self.ask(&first, &serde_json::json!({"sort": ["_doc"]}))?;
        loop {
            let hits = page["hits"]["hits"].as_array().cloned().unwrap_or_default();
            if hits.is_empty() {
                return Ok(found);
            }
            let document = |hit: Value| {
                let id = hit["_id"].as_str().unwrap_or_default().to_owned();
                (id, hit["_source"].clone())
            };
            found.extend(hits.into_iter().map(document));
            let next = serde_json::json!({"scroll": "1m", "scroll_id": page["_scroll_id"]});
            page = self.ask("POST /_search/scroll", &next)?;
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // There is nobody left to tell.
        let _ = self.kill();
    }
}

fn unpack(zip: &Path, folder: &Path) -> Outcome<PathBuf> {
    let unzip = Command::new("unzip")
        .args([Path::new("-q"), zip, Path::new("-d"), folder])
        .status()
        .attempting("run unzip")?;
    if !unzip.success() {
        return Err(Trouble(format!("{} was not unpacked", zip.display())));
    }
    let mut entries = std::fs::read_dir(folder)?;
    match entries.next() {
        Some(entry) => Ok(entry?.path()),
        None => Err(Trouble(format!("{} is empty", zip.display()))),
    }
}

/// Where we are root, the folder and all in it become nobody's.
fn give_away(folder: &Path) -> Outcome {
    if !geteuid().is_root() {
        return Ok(());
    }
    let owner = format!("{NOBODY}:{NOBODY}");
    let mut chown = Command::new("chown");
    let status = chown.arg("-R").arg(owner).arg(folder).status()?;
    match status.success() {
        true => Ok(()),
        false => Err(Trouble::new("a cluster's folder cannot be given away")),
    }
}

fn java_home() -> Outcome<PathBuf> {
    let found = Command::new("bash")
        .args(["-c", "command -v java"])
        .output()?;
    let java = String::from_utf8_lossy(&found.stdout).trim().to_owned();
    let java = std::fs::canonicalize(&java).attempting("find java")?;
    let home = java.parent().and_then(Path::parent).map(Path::to_owned);
    home.ok_or_else(|| Trouble::new("java lies nowhere"))
}
