//! What the tests of transforms say, in a few words each.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap as Headers;
use bytes::Bytes;
use standpipe_config::names::{Arrival, Run};

use crate::record::portion::Portion;
use crate::record::{Row, Stage};

/// A portion of these records, at positions from 7 on.
pub(super) fn portion(records: &[&[u8]]) -> Portion {
    let mut portion = Portion::default();
    for (position, bytes) in (7..).zip(records) {
        portion.push(&Row {
            run: Run([2; 8]),
            position,
            index: 0,
            arrival: Arrival(1_795_000_000_123),
            stage: Stage::Accepted,
            part: None,
            redriven: None,
            bytes,
        });
    }
    portion
}

/// Status, headers, and body.
pub(super) type Answer = (u16, Vec<(&'static str, &'static str)>, Vec<u8>);
/// Headers and body of each request.
pub(super) type Asked = Arc<Mutex<Vec<(Headers, Bytes)>>>;

/// A server that gives one answer, and notes what it is asked.
pub(super) async fn serve(answer: Answer) -> (String, Asked) {
    let asked = Asked::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let handler = move |State(asked): State<Asked>, headers: Headers, body: Bytes| async move {
        asked.lock().unwrap().push((headers, body));
        let (status, headers, body) = answer.clone();
        let mut response = axum::response::Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(name, value);
        }
        response.body(axum::body::Body::from(body)).unwrap()
    };
    let post = axum::routing::post(handler);
    let router = Router::new().fallback_service(post.with_state(asked.clone()));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, asked)
}
