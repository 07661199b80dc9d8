//! A stand-in for Redshift, which nobody can install: a real PostgreSQL behind a wire that loads
//! `COPY … FROM 's3://…' … MANIFEST` from the object storage of the test, in the same transaction,
//! and refuses what Redshift does not have.
//!
//! It knows COPY of JSON lines and of Parquet. Everything else is PostgreSQL's answer to what was
//! asked. That no key is enforced is up to the tables of the test, which have none.

use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::listener::Listener;
use crate::s3::Contents;
use crate::trouble::Outcome;
use session::Session;

mod copy;
mod lines;
mod load;
mod session;
mod wire;

/// Stands before a PostgreSQL server as a Redshift.
pub struct Redshift {
    listener: Listener,
    shared: Arc<Shared>,
}

struct Shared {
    server: SocketAddr,
    store: Contents,
    /// What `CREDENTIALS` or `IAM_ROLE` must say.
    access: String,
    copies: Mutex<Vec<String>>,
    errors: Mutex<Vec<LoadError>>,
    /// How many of the next loads lose their connection when they are done.
    hang_ups: AtomicU64,
    /// Whether every COPY is refused with words that repeat all of it.
    repeats: AtomicBool,
}

/// A line of `sys_load_error_detail`.
#[derive(Clone, Debug)]
struct LoadError {
    file: String,
    column: String,
    message: String,
}

impl Redshift {
    /// Before this server, reading from the store at an address; COPY must come with this access:
    /// what stands in quotes behind `IAM_ROLE` or `CREDENTIALS`.
    pub fn start(server: SocketAddr, store: SocketAddr, access: &str) -> Outcome<Self> {
        let shared = Arc::new(Shared {
            server,
            store: Contents::at(store)?,
            access: access.to_owned(),
            copies: Mutex::default(),
            errors: Mutex::default(),
            hang_ups: AtomicU64::default(),
            repeats: AtomicBool::default(),
        });
        let own = shared.clone();
        let listener = Listener::start(move |client| {
            let own = own.clone();
            thread::spawn(move || own.serve(&client));
        })?;
        Ok(Self { listener, shared })
    }

    /// Settings with which PostgreSQL reads texts as Redshift does: a backslash escapes.
    pub const SETTINGS: &[&str] = &[
        "standard_conforming_strings=off",
        "escape_string_warning=off",
        "backslash_quote=on",
    ];

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// The COPY statements that came, as they came.
    pub fn copies(&self) -> Vec<String> {
        lock(&self.shared.copies).clone()
    }

    /// The next so many loads lose their connection when they are done, before anybody hears of it.
    pub fn hang_up(&self, loads: u64) {
        self.shared.hang_ups.store(loads, Ordering::SeqCst);
    }

    /// Whether every COPY is refused, as by a server that repeats what it was told.
    pub fn repeat(&self, repeats: bool) {
        self.shared.repeats.store(repeats, Ordering::SeqCst);
    }
}

impl Shared {
    fn serve(&self, client: &TcpStream) {
        if let Ok(server) = TcpStream::connect(self.server) {
            // A connection that breaks is what the tests are about.
            if let Err(trouble) = Session::new(self, client, &server).run() {
                println!("the stand-in for Redshift: {trouble}");
            }
            let _ = server.shutdown(Shutdown::Both);
        }
        let _ = client.shutdown(Shutdown::Both);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
