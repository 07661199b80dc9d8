//! The destination against a cluster in this process that fails on command.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, Method as HttpMethod, Response, Uri};
use serde_json::{Value, json};
use standpipe_config::names::{LaneId, Run};
use standpipe_config::secret::SecretSource;
use standpipe_config::settings::delivery::{DocumentIds, Rotation};
use tempfile::TempDir;

use super::*;
use crate::destination::{Attempts, Notes, Provenance, Reason, RowsFiles};
use crate::failure::Verdict;
use crate::record::rows::{RowsWriter, Shape};
use crate::record::{Row, Stage};

mod faults;
mod names;

/// What happens to the next bulk request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fault {
    /// It is refused with this status.
    Status(u16),
    /// The index is rotated after it was done, and the answer lost.
    LostAndRolled,
    /// It is done and the answer lost.
    Lost,
    /// The answer is lost, and it is not done.
    LostBefore,
    /// Every second document is too much.
    Busy,
}

/// What a cluster holds, and what it was asked.
#[derive(Default)]
struct Held {
    /// Sources by index and id, with their version.
    docs: BTreeMap<(String, String), (String, u64)>,
    /// The indices behind the name `orders`, the last one takes documents; none: it is an index.
    backing: Vec<String>,
    faults: VecDeque<Fault>,
    /// Answers each bulk request so.
    always: Option<Fault>,
    limit: Option<usize>,
    /// Rows of each bulk request.
    bulks: Vec<Vec<String>>,
    asked: Vec<(String, HeaderMap)>,
    lost_at: Option<std::time::Instant>,
    gets_after: Vec<Duration>,
}

#[derive(Clone, Default)]
struct Fake(Arc<Mutex<Held>>);

impl Fake {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap()
    }

    async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().fallback(answer).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        format!("http://{address}")
    }

    /// How often each source is there, over all indices.
    fn sources(&self) -> BTreeMap<String, usize> {
        let mut sources = BTreeMap::new();
        for (source, _) in self.held().docs.values() {
            *sources.entry(source.clone()).or_default() += 1;
        }
        sources
    }
}

async fn answer(
    Shared(fake): Shared<Fake>,
    method: HttpMethod,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let path = uri.to_string();
    let mut held = fake.held();
    held.asked.push((format!("{method} {path}"), headers));
    let body = String::from_utf8(body.to_vec()).unwrap();
    match (method.as_str(), uri.path()) {
        ("POST", "/_bulk") => held.bulk(&body),
        ("POST", "/_mget") => said(200, &held.get(&body)),
        ("GET", "/orders/_settings/index.uuid") => {
            let own = vec!["orders".to_owned()];
            let all = if held.backing.is_empty() {
                &own
            } else {
                &held.backing
            };
            let all: serde_json::Map<_, _> = all.iter().map(|i| (i.clone(), json!({}))).collect();
            said(200, &Value::Object(all))
        }
        _ => said(404, &json!({})),
    }
}

fn said(status: u16, body: &Value) -> Response<Body> {
    let response = Response::builder().status(status);
    response.body(Body::from(body.to_string())).unwrap()
}

/// An answer that breaks off.
fn lost() -> Response<Body> {
    let breaks = futures::stream::once(async { Err::<Bytes, _>(std::io::Error::other("cut")) });
    Response::new(Body::from_stream(breaks))
}

impl Held {
    fn bulk(&mut self, body: &str) -> Response<Body> {
        let lines: Vec<_> = body.lines().collect();
        let rows = lines.chunks(2).map(|pair| pair[1].to_owned()).collect();
        self.bulks.push(rows);
        if self.limit.is_some_and(|limit| body.len() > limit) {
            return said(413, &json!({"error": "too large"}));
        }
        let fault = self.faults.pop_front().or(self.always);
        match fault {
            Some(Fault::Status(status)) => {
                return said(status, &json!({"error": {"type": "x"}, "status": status}));
            }
            Some(Fault::LostBefore) => return lost(),
            _ => {}
        }
        let busy = fault == Some(Fault::Busy);
        let pairs = lines.chunks(2).enumerate();
        let items: Vec<_> = pairs
            .map(|(i, pair)| match busy && i % 2 == 1 {
                true => json!({"create": {"status": 429, "error": {"type": "es_rejected_execution_exception"}}}),
                false => self.take(pair[0], pair[1]),
            })
            .collect();
        self.lost_at = Some(std::time::Instant::now());
        match fault {
            Some(Fault::Lost) => lost(),
            Some(Fault::LostAndRolled) => {
                let next = format!("orders-{:06}", self.backing.len() + 1);
                self.backing.push(next);
                lost()
            }
            _ => said(200, &json!({"items": items})),
        }
    }

    fn take(&mut self, action: &str, source: &str) -> Value {
        let action: Value = serde_json::from_str(action).unwrap();
        let (kind, of) = action.as_object().unwrap().iter().next().unwrap();
        let index = of["_index"].as_str().unwrap().to_owned();
        let index = self.backing.last().cloned().unwrap_or(index);
        let id = of["_id"]
            .as_str()
            .map_or_else(|| format!("auto-{}", self.docs.len()), str::to_owned);
        let version = of["version"].as_u64().unwrap_or(1);
        let there = self.docs.get(&(index.clone(), id.clone())).map(|doc| doc.1);
        let status = match there {
            _ if source.contains("poison") => 400,
            _ if source.contains("closed") => 403,
            Some(old) if kind == "create" || old >= version => 409,
            _ => 201,
        };
        if status == 201 {
            self.docs.insert((index, id), (source.to_owned(), version));
        }
        let error = match status {
            400 => json!({"type": "mapper_parsing_exception", "reason": "failed to parse"}),
            403 => json!({"type": "cluster_block_exception", "reason": "index [orders] blocked"}),
            _ => Value::Null,
        };
        json!({"create": {"status": status, "error": error}})
    }

    fn get(&mut self, body: &str) -> Value {
        let since = self.lost_at.map(|at| at.elapsed()).unwrap_or_default();
        self.gets_after.push(since);
        let asked: Value = serde_json::from_str(body).unwrap();
        let docs = asked["docs"].as_array().unwrap().iter().map(|doc| {
            let name = |key: &str| doc[key].as_str().unwrap().to_owned();
            match self.docs.get(&(name("_index"), name("_id"))) {
                Some((_, version)) => json!({"found": true, "_version": version}),
                None => json!({"found": false}),
            }
        });
        json!({"docs": docs.collect::<Vec<_>>()})
    }
}

fn place(node: &str) -> Place {
    Place {
        nodes: vec![node.to_owned()],
        index: "orders".into(),
        rotation: Rotation::None,
        is_data_stream: false,
        ids: DocumentIds::Position,
        routing: None,
        pipeline: None,
        access: Access::Open,
        ca: None,
        template: None,
        timeout: 200,
        retry: 1000,
    }
}

fn open(place: &Place) -> Cluster {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Cluster::open(place, &UploadMemory::of(64 * 1024 * 1024)).unwrap()
}

/// A sealed file, and the notes that are kept of the attempts at it.
struct Sealed {
    _folder: TempDir,
    object: Object,
    known: Mutex<Attempts>,
}

fn seal(rows: &[&str]) -> Sealed {
    let folder = TempDir::new().unwrap();
    let (data, index) = (folder.path().join("rows"), folder.path().join("index"));
    let shape = Shape {
        newline: true,
        ..Shape::PLAIN
    };
    let mut writer = RowsWriter::create(&data, &index, shape).unwrap();
    for (position, bytes) in rows.iter().enumerate() {
        let row = Row {
            run: Run([2; 8]),
            position: position as u64,
            index: 0,
            arrival: Arrival(1_795_000_000_000),
            stage: Stage::Accepted,
            part: None,
            redriven: None,
            bytes: bytes.as_bytes(),
        };
        writer.append(&row).unwrap();
    }
    let size = writer.finish().unwrap().data_bytes;
    let (notes, _) = Notes::of([(1, Attempts::default())]);
    let object = Object {
        key: "key".into(),
        path: data.clone(),
        size,
        hash: String::new(),
        encoding: None,
        rows: Some(RowsFiles { data, index }),
        provenance: Provenance {
            lane: LaneId([1; 16]),
            run: Run([2; 8]),
            first: 0,
            last: rows.len() as u64,
            records: rows.len() as u64,
        },
        waiting_from: 0,
        is_last_try: false,
        notes: notes.into_iter().next().unwrap(),
    };
    Sealed {
        _folder: folder,
        object,
        known: Mutex::default(),
    }
}

fn rows(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{{\"n\":{n}}}")).collect()
}

fn seal_all(rows: &[String]) -> Sealed {
    seal(&rows.iter().map(String::as_str).collect::<Vec<_>>())
}

impl Sealed {
    /// One attempt, with notes that are kept as a checkpoint would.
    async fn deliver(&self, cluster: &Cluster, is_last_try: bool) -> Result<Outcome, Failure> {
        let known = self.known.lock().unwrap().clone();
        let (mut notes, mut taken) = Notes::of([(1, known)]);
        let object = Object {
            is_last_try,
            notes: notes.remove(0),
            ..self.object.clone()
        };
        let group = [object];
        let mut sending = std::pin::pin!(cluster.deliver(&group));
        loop {
            tokio::select! {
                mut results = &mut sending => return results.remove(0),
                Some(note) = taken.recv() => {
                    *self.known.lock().unwrap() = note.attempts;
                    note.kept.send(Ok(())).unwrap();
                }
            }
        }
    }

    async fn delivered(&self, cluster: &Cluster) {
        assert_eq!(self.deliver(cluster, false).await, Ok(Outcome::Delivered));
    }
}

fn rejected(outcome: Result<Outcome, Failure>) -> Vec<(u64, Reason)> {
    match outcome.unwrap() {
        Outcome::Rejected(rejections) => rejections.in_order().collect(),
        Outcome::Delivered => Vec::new(),
    }
}

fn each_once(rows: &[String]) -> BTreeMap<String, usize> {
    rows.iter().map(|row| (row.clone(), 1)).collect()
}
