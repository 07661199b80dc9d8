//! A transformation function in the Lambda style, in this process, that gives every record back:
//! what is measured is the hook, not somebody's function.

use std::convert::Infallible;
use std::net::SocketAddr;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use standpipe_tests::trouble::Outcome;
use tokio::runtime::Runtime;

/// Serves until it is dropped.
pub(super) struct Function {
    address: SocketAddr,
    runtime: Option<Runtime>,
}

impl Function {
    pub(super) fn start() -> Outcome<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        runtime.spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let serving = http1::Builder::new()
                    .serve_connection(TokioIo::new(connection), service_fn(answer));
                tokio::spawn(serving);
            }
        });
        Ok(Self {
            address,
            runtime: Some(runtime),
        })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Nonsense in, status 500 out.
async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await;
    let event = body
        .ok()
        .and_then(|body| serde_json::from_slice(&body.to_bytes()).ok());
    let answer = event.and_then(given_back);
    let mut response = Response::new(Full::from(answer.clone().unwrap_or_default()));
    if answer.is_none() {
        *response.status_mut() = hyper::StatusCode::INTERNAL_SERVER_ERROR;
    }
    Ok(response)
}

fn given_back(event: Value) -> Option<String> {
    let records = event["records"].as_array()?;
    let records = records.iter().map(
        |record| json!({"recordId": record["recordId"], "result": "Ok", "data": record["data"]}),
    );
    Some(json!({"records": records.collect::<Vec<_>>()}).to_string())
}
