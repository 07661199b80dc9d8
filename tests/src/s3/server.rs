//! Real servers of object storage, each in a folder of its own.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use super::{BUCKET, KEY_ID, SECRET};
use crate::program::Program;
use crate::trouble::{Attempting, Outcome, Trouble};
use crate::wait::until;
use crate::{components, http, port};

/// How long a server may take to start.
const SOON: Duration = Duration::from_secs(60);

/// Who made it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Make {
    /// MinIO.
    MinIo,
    /// The Versity gateway, over a folder.
    Versity,
}

/// A server with an empty bucket. Killed when dropped.
pub struct Server {
    address: SocketAddr,
    _program: Program,
}

impl Server {
    /// Starts one below `folder`; `None` where it is not there, which is noted as skipped.
    pub fn start(make: Make, folder: &Path) -> Outcome<Option<Self>> {
        let (name, variable) = match make {
            Make::MinIo => ("MinIO", "STANDPIPE_MINIO"),
            Make::Versity => ("the Versity S3 gateway", "STANDPIPE_VERSITYGW"),
        };
        let Some(program) = components::find(name, variable)? else {
            return Ok(None);
        };
        let data = folder.join("s3");
        // Both take a folder for a bucket.
        std::fs::create_dir_all(data.join(BUCKET)).attempting("create a bucket")?;
        let address = SocketAddr::from(([127, 0, 0, 1], port::free()?));
        let (data, at) = (data.to_string_lossy(), address.to_string());
        let arguments = match make {
            Make::MinIo => vec!["server", &data, "--address", &at, "--quiet"],
            Make::Versity => vec!["--port", &at, "posix", &data],
        };
        let environment = [
            ("MINIO_ROOT_USER", KEY_ID),
            ("MINIO_ROOT_PASSWORD", SECRET),
            ("MINIO_BROWSER", "off"),
            ("ROOT_ACCESS_KEY", KEY_ID),
            ("ROOT_SECRET_KEY", SECRET),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let environment = environment.into_iter().collect();
        let log = folder.join("s3.log");
        let mut program = Program::start_with(&program, &arguments, &environment, &log)?;
        until(&format!("{name} to answer"), SOON, || {
            program.runs()?;
            match http::get(address, "/")?.status {
                503 => Err(Trouble::new("it is starting")),
                _ => Ok(()),
            }
        })?;
        Ok(Some(Self {
            address,
            _program: program,
        }))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}
