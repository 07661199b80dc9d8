//! A connection to a warehouse: statements one after the other, each with its time.
//!
//! Whatever fails ends the connection, and with it the transaction: the server rolls back what was
//! not committed. What it then says about a commit that was under way, the ledger knows.

use std::time::Duration;

use bytes::Bytes;
use futures::{FutureExt as _, SinkExt as _, Stream, StreamExt as _};
use standpipe_config::secret::Secret;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage, SimpleQueryRow};

use super::place::{Loading, Server};
use super::sql::Dialect;
use super::tls::Connector;
use super::verdict::{Hidden, Refusal, judge};
use crate::failure::Failure;

/// How long a server may take to accept a connection and to ask who we are.
const CONNECTING: Duration = Duration::from_secs(15);

/// How much later than the server we give a statement up: it tells more.
const GRACE: Duration = Duration::from_secs(15);

/// How long a connection says nothing before the system asks whether the other end is there.
const IDLE: Duration = Duration::from_secs(30);

/// A connection.
#[derive(Debug)]
pub(super) struct Session {
    client: Client,
    carrier: JoinHandle<()>,
    dialect: Dialect,
    hidden: Hidden,
    patience: Duration,
    place: String,
}

impl Drop for Session {
    fn drop(&mut self) {
        // It may wait for a server that does not answer any more.
        self.carrier.abort();
    }
}

impl Session {
    /// Connects, and sets what holds for all statements.
    pub(super) async fn open(
        loading: &Loading,
        dialect: Dialect,
        hidden: &Hidden,
    ) -> Result<Self, Failure> {
        let doing = format!("connect to {}", loading.server);
        let opened = timeout(CONNECTING, connect(&loading.server, dialect, &doing)).await;
        let (client, carrier) = opened.map_err(|_| too_slow(&doing, CONNECTING))??;
        let session = Self {
            client,
            carrier,
            dialect,
            hidden: hidden.clone(),
            patience: loading.statement_timeout + GRACE,
            place: loading.to_string(),
        };
        session.set_up(loading).await?;
        Ok(session)
    }

    async fn set_up(&self, loading: &Loading) -> Result<(), Failure> {
        let limit = loading.statement_timeout.as_millis();
        let mut settings = format!("SET statement_timeout = {limit}");
        if self.dialect == Dialect::Postgresql {
            // A transaction that we left behind a broken network must not hold the ledger for ever.
            settings += &format!("; SET idle_in_transaction_session_timeout = {limit}");
            settings += "; SET standard_conforming_strings = on";
        }
        self.run("set up a connection to", &settings)
            .await
            .map_err(Refusal::into_failure)
    }

    /// Whether nothing can be asked any more.
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Runs statements whose answers are of no interest. `doing` is a phrase that the place
    /// follows: "lock the ledger of".
    pub(super) async fn run(&self, doing: &str, sql: &str) -> Result<(), Refusal> {
        self.rows(doing, sql).await.map(drop)
    }

    /// Asks; the rows of the answer, all columns as text.
    pub(super) async fn rows(
        &self,
        doing: &str,
        sql: &str,
    ) -> Result<Vec<SimpleQueryRow>, Refusal> {
        let answer = timeout(self.patience, self.client.simple_query(sql)).await;
        let answer = answer.map_err(|_| too_slow(&self.doing(doing), self.patience))?;
        let messages = answer.map_err(|error| self.judge(doing, &error))?;
        let rows = messages.into_iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        Ok(rows.collect())
    }

    /// `COPY … FROM STDIN` of what comes; how many rows were taken. PostgreSQL only.
    pub(super) async fn copy(
        &self,
        sql: &str,
        chunks: impl Stream<Item = Bytes> + Send,
    ) -> Result<u64, Refusal> {
        let doing = "load rows into";
        let copy = async {
            let sink = self.client.copy_in::<_, Bytes>(sql).await?;
            let (mut sink, mut chunks) = (std::pin::pin!(sink), std::pin::pin!(chunks));
            while let Some(chunk) = chunks.next().await {
                if sink.send(chunk).await.is_err() {
                    // The end of it says why.
                    break;
                }
            }
            sink.finish().await
        };
        let copied = timeout(self.patience, copy).await;
        let copied = copied.map_err(|_| too_slow(&self.doing(doing), self.patience))?;
        copied.map_err(|error| self.judge(doing, &error))
    }

    fn doing(&self, doing: &str) -> String {
        format!("{doing} {}", self.place)
    }

    fn judge(&self, doing: &str, error: &tokio_postgres::Error) -> Refusal {
        judge(self.dialect, &self.doing(doing), error, &self.hidden)
    }
}

fn too_slow(doing: &str, limit: Duration) -> Failure {
    let seconds = limit.as_secs();
    Failure::retry(format!("cannot {doing}: no answer within {seconds} s"))
}

/// The client, and the task that carries what it says.
async fn connect(
    server: &Server,
    dialect: Dialect,
    doing: &str,
) -> Result<(Client, JoinHandle<()>), Failure> {
    let wrong = |error: tokio_postgres::Error| {
        judge(dialect, doing, &error, &Hidden::default()).into_failure()
    };
    let config = config(server, doing)?;
    match &server.tls {
        None => {
            let (client, connection) = config.connect(NoTls).await.map_err(wrong)?;
            Ok((client, carry(connection)))
        }
        Some(tls) => {
            let ca = tls.ca.clone();
            let made = tokio::task::spawn_blocking(move || Connector::new(ca.as_deref())).await;
            let connector = made.map_err(|e| Failure::retry(format!("cannot {doing}: {e}")))??;
            let (client, connection) = config.connect(connector).await.map_err(wrong)?;
            Ok((client, carry(connection)))
        }
    }
}

fn carry(
    connection: impl Future<Output = Result<(), tokio_postgres::Error>> + Send + 'static,
) -> JoinHandle<()> {
    // Its end is told to whoever waits for an answer.
    tokio::spawn(connection.map(drop))
}

/// Reads the password, which is small.
fn config(server: &Server, doing: &str) -> Result<Config, Failure> {
    let mut config = Config::new();
    if let Some(source) = &server.password {
        let secret = Secret::read(source.clone())
            .map_err(|error| Failure::halt(format!("cannot {doing}: {error}")))?;
        config.password(secret.expose());
    }
    config
        .host(&server.host)
        .port(server.port)
        .dbname(&server.database)
        .user(&server.user)
        .application_name("standpipe")
        .ssl_mode(match server.tls {
            Some(_) => SslMode::Require,
            None => SslMode::Disable,
        })
        .connect_timeout(CONNECTING)
        .keepalives_idle(IDLE)
        .tcp_user_timeout(4 * IDLE);
    Ok(config)
}
