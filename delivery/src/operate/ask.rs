//! Asking the daemon that runs on a data folder, over its admin door.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::Value;
use standpipe_config::process::admin::COMMAND;
use standpipe_config::process::published::{self, NoDoor};

/// How long an answer may take: longer than the daemon waits for a flush.
const PATIENCE: Duration = Duration::from_secs(90);

/// A door without TLS does not understand the first; one with TLS answers the second, and says only
/// that it speaks TLS.
const SCHEMES: [&str; 2] = ["https", "http"];

/// The admin door of a daemon that runs.
#[derive(Clone, Debug)]
pub struct Door {
    address: SocketAddr,
    client: Client,
    /// What lets us in, where the door asks for that.
    token: Option<SecretString>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// No daemon runs on this data folder.
    #[error("no daemon answers: {} {why}; does it run, and does it have listen.admin?", path.display())]
    NotRunning {
        /// The file that would name its door.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// It cannot be reached.
    #[error("the daemon at {door} does not answer: {source}")]
    Silent {
        /// Its admin door.
        door: SocketAddr,
        /// What happened.
        source: reqwest::Error,
    },
    /// HTTP cannot be had.
    #[error("cannot prepare HTTP: {0}")]
    Http(reqwest::Error),
    /// It does not let us in.
    #[error(
        "the daemon at {0} asks for a token: run this as a user who may read admin-token in its data_dir, root or its own"
    )]
    Locked(SocketAddr),
    /// It does not do it.
    #[error("{0}")]
    Refused(String),
}

impl From<NoDoor> for NoAnswer {
    fn from(NoDoor { path, why }: NoDoor) -> Self {
        Self::NotRunning { path, why }
    }
}

impl NoAnswer {
    /// Whether there is nobody who could answer. A daemon that was killed leaves its address behind.
    pub fn is_absence(&self) -> bool {
        match self {
            Self::NotRunning { .. } => true,
            Self::Silent { source, .. } => source.is_connect(),
            Self::Http(_) | Self::Locked(_) | Self::Refused(_) => false,
        }
    }
}

impl Door {
    /// Finds the door of the daemon that runs on `data_dir`.
    pub fn find(data_dir: &Path) -> Result<Self, NoAnswer> {
        // The one crypto provider of the process. A second call is no trouble: one is there then.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .no_proxy()
            .timeout(PATIENCE)
            // The door is on this machine, and its certificate is made out for another name.
            .tls_danger_accept_invalid_certs(true)
            .build()
            .map_err(NoAnswer::Http)?;
        Ok(Self {
            address: published::here(published::admin(data_dir)?),
            client,
            token: published::token(data_dir),
        })
    }

    /// A request to a path at the door, which speaks TLS or not.
    fn request(&self, method: Method, scheme: &str, path: &str) -> RequestBuilder {
        let url = format!("{scheme}://{}{path}", self.address);
        let request = self.client.request(method, url);
        match &self.token {
            Some(token) => request.bearer_auth(token.expose_secret()),
            None => request,
        }
    }

    /// What `/status` says.
    pub async fn status(&self) -> Result<Value, NoAnswer> {
        let mut last = None;
        for scheme in SCHEMES {
            match self.request(Method::GET, scheme, "/status").send().await {
                Ok(response) => return self.read(response).await,
                Err(error) => last = Some(error),
            }
        }
        Err(self.silent(last))
    }

    /// Orders something; what the daemon says of it.
    pub async fn order(&self, path: &str, body: &impl Serialize) -> Result<Value, NoAnswer> {
        let mut last = None;
        for scheme in SCHEMES {
            let request = self.request(Method::POST, scheme, path);
            match request.header(COMMAND, "1").json(body).send().await {
                Ok(response) => return self.read(response).await,
                Err(error) => last = Some(error),
            }
        }
        Err(self.silent(last))
    }

    async fn read(&self, response: Response) -> Result<Value, NoAnswer> {
        let status = response.status();
        if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return Err(NoAnswer::Locked(self.address));
        }
        let said: Value = response
            .json()
            .await
            .map_err(|error| self.silent(Some(error)))?;
        match status.is_success() {
            true => Ok(said),
            false => Err(NoAnswer::Refused(
                said["message"].as_str().unwrap_or_default().to_owned(),
            )),
        }
    }

    fn silent(&self, source: Option<reqwest::Error>) -> NoAnswer {
        match source {
            Some(source) => NoAnswer::Silent {
                door: self.address,
                source,
            },
            None => NoAnswer::Refused("nothing was asked".to_owned()),
        }
    }
}
