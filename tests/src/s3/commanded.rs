//! An S3 in this process that fails when it is told to: real signatures and real objects, in a
//! folder or of the real server behind it, and faults for requests of the caller's choice.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use s3s::Body;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use super::{BUCKET, KEY_ID, SECRET};
use crate::trouble::{Attempting, Outcome};

/// What is wrong with a request's answer.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// Nothing is done, and this status and S3 code are the answer.
    Answer(u16, &'static str),
    /// It is done, and the answer is lost.
    ReplyLost,
    /// Nothing is done, and the connection is cut.
    Cut,
    /// It is done after a while.
    Slow(Duration),
    /// Nothing is done, and the connection is cut after a while in which nothing is heard.
    Silent(Duration),
}

impl Fault {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Answer(..) => "an error",
            Self::ReplyLost => "reply lost",
            Self::Cut => "cut",
            Self::Slow(_) => "slow",
            Self::Silent(_) => "silent",
        }
    }
}

/// An S3 that fails when it is told to.
pub struct Commanded {
    address: SocketAddr,
    shared: Arc<Shared>,
    runtime: Option<Runtime>,
}

struct Shared {
    behind: Behind,
    orders: Mutex<Vec<Order>>,
    seen: Mutex<Vec<String>>,
    met: Mutex<BTreeMap<&'static str, u64>>,
}

/// Who answers when there is no fault.
enum Behind {
    /// Files of a folder, in this process.
    Files(S3Service),
    /// A real server, to which requests go as they came: what is signed stays so.
    Server(SocketAddr),
}

/// So many requests of this method, with this in their address, meet a fault.
struct Order {
    method: &'static str,
    part: &'static str,
    fault: Fault,
    times: u32,
}

/// Hung up on.
#[derive(Debug)]
struct HungUp;

impl fmt::Display for HungUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("hung up, as commanded")
    }
}

impl std::error::Error for HungUp {}

impl Commanded {
    /// Starts one that keeps its bucket in a folder.
    pub fn start(folder: &Path) -> Outcome<Self> {
        std::fs::create_dir_all(folder.join(BUCKET)).attempting("create a bucket")?;
        let files = s3s_fs::FileSystem::new(folder)
            .map_err(|e| crate::Trouble(format!("cannot serve {}: {e:?}", folder.display())))?;
        let mut builder = S3ServiceBuilder::new(files);
        builder.set_auth(SimpleAuth::from_single(KEY_ID, SECRET));
        Self::with(Behind::Files(builder.build()))
    }

    /// Starts one that stands before a real server.
    pub fn before(server: SocketAddr) -> Outcome<Self> {
        Self::with(Behind::Server(server))
    }

    fn with(behind: Behind) -> Outcome<Self> {
        let shared = Arc::new(Shared {
            behind,
            orders: Mutex::default(),
            seen: Mutex::default(),
            met: Mutex::default(),
        });
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let own = shared.clone();
        runtime.spawn(async move { own.listen(listener).await });
        Ok(Self {
            address,
            shared,
            runtime: Some(runtime),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next so many requests of this method with this in their address meet a fault.
    pub fn command(&self, method: &'static str, part: &'static str, fault: Fault, times: u32) {
        lock(&self.shared.orders).push(Order {
            method,
            part,
            fault,
            times,
        });
    }

    /// No further faults.
    pub fn heal(&self) {
        lock(&self.shared.orders).clear();
    }

    /// The requests so far, as `METHOD address`.
    pub fn seen(&self) -> Vec<String> {
        lock(&self.shared.seen).clone()
    }

    /// How many requests met each fault so far, by its name.
    pub fn met(&self) -> BTreeMap<&'static str, u64> {
        lock(&self.shared.met).clone()
    }

    /// How many requests so far are of this method with this in their address.
    pub fn count(&self, method: &str, part: &str) -> usize {
        let is_one = |line: &&String| line.starts_with(method) && line.contains(part);
        lock(&self.shared.seen).iter().filter(is_one).count()
    }
}

impl Drop for Commanded {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Shared {
    async fn listen(self: Arc<Self>, listener: std::net::TcpListener) -> Result<(), Infallible> {
        let Ok(listener) = TcpListener::from_std(listener) else {
            return Ok(());
        };
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(self.clone().serve(client));
        }
        Ok(())
    }

    async fn serve(self: Arc<Self>, client: TcpStream) {
        let service = service_fn(|request| self.clone().answer(request));
        let connection = http1::Builder::new().serve_connection(TokioIo::new(client), service);
        // A connection that breaks is what this is for.
        let _ = connection.await;
    }

    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Body>, HungUp> {
        let (head, body) = request.into_parts();
        let line = format!("{} {}", head.method, head.uri);
        lock(&self.seen).push(line.clone());
        let fault = self.fault(&line);
        // The whole request is heard in any case, as a client that still sends hears no answer.
        let body = body.collect().await.map_err(|_| HungUp)?.to_bytes();
        match fault {
            Some(Fault::Cut) => return Err(HungUp),
            Some(Fault::Answer(status, code)) => return Ok(refusal(status, code)),
            Some(Fault::Slow(while_)) => tokio::time::sleep(while_).await,
            Some(Fault::Silent(while_)) => {
                tokio::time::sleep(while_).await;
                return Err(HungUp);
            }
            Some(Fault::ReplyLost) | None => {}
        }
        let request = Request::from_parts(head, Body::from(body));
        let answer = match &self.behind {
            Behind::Files(service) => service.call(request).await.map_err(|_| HungUp)?,
            Behind::Server(server) => forward(*server, request).await.map_err(|_| HungUp)?,
        };
        match fault {
            Some(Fault::ReplyLost) => Err(HungUp),
            _ => Ok(answer),
        }
    }

    fn fault(&self, line: &str) -> Option<Fault> {
        let mut orders = lock(&self.orders);
        let meant =
            |o: &&mut Order| o.times > 0 && line.starts_with(o.method) && line.contains(o.part);
        let order = orders.iter_mut().find(meant)?;
        order.times -= 1;
        *lock(&self.met).entry(order.fault.name()).or_default() += 1;
        Some(order.fault)
    }
}

/// Sends a request on, on a connection of its own, and brings the whole answer back.
async fn forward(server: SocketAddr, request: Request<Body>) -> Outcome<Response<Body>> {
    let connection = TokioIo::new(TcpStream::connect(server).await?);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(connection).await?;
    tokio::spawn(connection);
    let (head, body) = sender.send_request(request).await?.into_parts();
    let body = body.collect().await?.to_bytes();
    Ok(Response::from_parts(head, Body::from(body)))
}

fn refusal(status: u16, code: &str) -> Response<Body> {
    let xml = format!("<Error><Code>{code}</Code><Message>as commanded</Message></Error>");
    let mut answer = Response::new(Body::from(if code.is_empty() {
        String::new()
    } else {
        xml
    }));
    *answer.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
    answer
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
