//! An example of settings, made to run in a test's folder.

use std::path::Path;

use standpipe_tests::certificates::Authority;
use standpipe_tests::{Daemon, Outcome, Trouble};

/// Where systemd puts the secrets of the units.
const CREDENTIALS: [&str; 2] = [
    "/run/credentials/standpipe-delivery.service/",
    "/run/credentials/standpipe-agent.service/",
];

/// The text of an example.
pub(crate) struct Example {
    name: String,
    text: String,
}

impl Example {
    pub(crate) fn read(path: &Path) -> Outcome<Self> {
        let name = path.file_name().unwrap_or_default();
        Ok(Self {
            name: name.to_string_lossy().into_owned(),
            text: std::fs::read_to_string(path)?,
        })
    }

    /// Settings that stand on a page, or elsewhere, of this name.
    pub(crate) fn of(name: &str, text: String) -> Self {
        let name = name.to_owned();
        Self { name, text }
    }

    /// With what it takes from the machine (secrets, certificates, folders) in `folder` instead, where
    /// it then is.
    pub(crate) fn at_home(mut self, folder: &Path) -> Outcome<Self> {
        Authority::new(folder, "authority")?.sign(folder, "tls")?;
        std::fs::copy(folder.join("tls.key"), folder.join("tls-key"))?;
        let here = format!("{}/", folder.display());
        for credentials in CREDENTIALS {
            for after in self.text.clone().split(credentials).skip(1) {
                let name = after.split('}').next().unwrap_or_default();
                let secret = folder.join(name);
                if !secret.exists() {
                    std::fs::write(secret, "standpipe-test-secret")?;
                }
            }
            self.text = self.text.replace(credentials, &here);
        }
        self.text = self.text.replace("/etc/standpipe/", &here);
        self.text = self
            .text
            .replace("/var/lib/standpipe-agent", &format!("{here}agent-data"));
        self.text = self
            .text
            .replace("/var/lib/standpipe-delivered", &format!("{here}delivered"));
        self.text = self
            .text
            .replace("/var/lib/standpipe", &format!("{here}data"));
        Ok(self)
    }

    /// With something else in the place of `old`, which must be there.
    pub(crate) fn with(mut self, old: &str, new: &str) -> Outcome<Self> {
        if !self.text.contains(old) {
            return Err(Trouble(format!("{} has no {old}", self.name)));
        }
        self.text = self.text.replace(old, new);
        Ok(self)
    }

    /// A daemon that runs it, in `folder`.
    pub(crate) fn run(self, folder: &Path) -> Outcome<Daemon> {
        let mut daemon = Daemon::new(folder, "")?;
        let doors = self
            .with("127.0.0.1:4574", "127.0.0.1:0")?
            .with("127.0.0.1:4575", "127.0.0.1:0")?;
        daemon.configure_as(doors.text())?;
        daemon.up()?;
        Ok(daemon)
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Where they come from.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whose settings they are.
    pub(crate) fn program(&self) -> &'static str {
        match self.text.contains("\nship:") {
            true => "standpipe-agent",
            false => "standpipe-delivery",
        }
    }
}
