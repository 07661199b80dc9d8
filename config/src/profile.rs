//! The shared credentials file of AWS tools, `~/.aws/credentials`: both programs ask it, where the
//! settings name no key.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::files::{Doing, FileError};

/// An access key, as a profile has it. No `Debug`: it is a secret.
pub struct Profile {
    /// `aws_access_key_id`.
    pub key_id: String,
    /// `aws_secret_access_key`.
    pub secret: String,
    /// `aws_session_token`, which goes with the keys of a role.
    pub token: Option<String>,
}

/// The key of the profile that the environment names (`AWS_PROFILE`, else `default`), in the file that
/// it names (`AWS_SHARED_CREDENTIALS_FILE`); `None` where there is no such file, or no whole key in it.
pub fn find(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Profile>, FileError> {
    let Some(path) = path(&variable) else {
        return Ok(None);
    };
    let name = variable("AWS_PROFILE").unwrap_or_else(|| "default".to_owned());
    match std::fs::read_to_string(&path) {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        text => {
            let text = text.doing("read the credentials file", &path)?;
            Ok(read(&text, &name))
        }
    }
}

fn path(variable: &impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    match variable("AWS_SHARED_CREDENTIALS_FILE") {
        Some(path) => Some(path.into()),
        None => Some(Path::new(&variable("HOME")?).join(".aws/credentials")),
    }
}

/// Reads `[NAME]` and the `key = value` lines below it.
fn read(text: &str, name: &str) -> Option<Profile> {
    let mut inside = false;
    let (mut key_id, mut secret, mut token) = (None, None, None);
    for line in text.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            inside = section.trim() == name;
        }
        let Some((key, value)) = line.split_once('=').filter(|_| inside) else {
            continue;
        };
        let value = Some(value.trim().to_owned());
        match key.trim().to_ascii_lowercase().as_str() {
            "aws_access_key_id" => key_id = value,
            "aws_secret_access_key" => secret = value,
            "aws_session_token" => token = value,
            _ => {}
        }
    }
    Some(Profile {
        key_id: key_id?,
        secret: secret?,
        token,
    })
}

#[cfg(test)]
mod tests;
