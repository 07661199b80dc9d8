//! The usual chain of AWS: who asks, where the settings name nobody.
//!
//! In this order: the environment's key, the shared credentials file, a container's role, the
//! instance's role (IMDSv2). What AWS's own tools ask beside these is not asked here: web
//! identities, roles to be assumed, single sign-on, credential processes.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::{RequestBuilder, Url};
use serde::Deserialize;
use standpipe_config::profile;

use super::credentials::{Found, Keys, Variables};
use crate::ship::client::Trouble;

/// How long a machine's metadata may take: it is near, or not there.
const NEAR: Duration = Duration::from_secs(2);

/// Where a container's relative address is taken from.
const CONTAINER: &str = "http://169.254.170.2";

/// Where an instance has its metadata.
const INSTANCE: &str = "http://169.254.169.254";

/// Hosts that a container's full address may name without TLS, beside this machine: those of ECS
/// and EKS.
const CONTAINER_HOSTS: [&str; 3] = ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"];

/// The first key that is found.
pub(super) async fn find(variables: &Variables, http: &reqwest::Client) -> Result<Found, Trouble> {
    if let Some(keys) = of_environment(variables) {
        return Ok(Found { keys, until: None });
    }
    if let Some(keys) = of_profile(variables)? {
        return Ok(Found { keys, until: None });
    }
    if let Some(url) = container(variables)? {
        let request = http.get(url);
        return role(match authorization(variables)? {
            Some(token) => request.header("authorization", token),
            None => request,
        })
        .await;
    }
    let disabled = variables.get("AWS_EC2_METADATA_DISABLED");
    let instance = match disabled.is_some_and(|word| word.eq_ignore_ascii_case("true")) {
        true => Err(Trouble::Operator(
            "AWS_EC2_METADATA_DISABLED is set".to_owned(),
        )),
        false => of_instance(variables, http).await,
    };
    instance.map_err(|trouble| {
        Trouble::Operator(format!(
            "no key of AWS is to be had: neither ship.firehose.access_key_id nor AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY is set, the profile is not in the shared credentials file, no container's address is set, and of the instance's role: {trouble}"
        ))
    })
}

fn of_environment(variables: &Variables) -> Option<Keys> {
    Some(Keys {
        id: variables.get("AWS_ACCESS_KEY_ID")?.to_owned(),
        secret: variables.get("AWS_SECRET_ACCESS_KEY")?.to_owned(),
        token: variables.get("AWS_SESSION_TOKEN").map(str::to_owned),
    })
}

/// The key of the profile that the environment names.
fn of_profile(variables: &Variables) -> Result<Option<Keys>, Trouble> {
    let found = profile::find(|name| variables.get(name).map(str::to_owned));
    let found = found.map_err(|error| Trouble::Operator(error.to_string()))?;
    Ok(found.map(|profile| Keys {
        id: profile.key_id,
        secret: profile.secret,
        token: profile.token,
    }))
}

/// Where a container has its role's key, if it has one.
fn container(variables: &Variables) -> Result<Option<Url>, Trouble> {
    let relative = variables.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    let full = variables.get("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    let text = match (relative, full) {
        (Some(relative), _) => format!("{CONTAINER}{relative}"),
        (None, Some(full)) => full.to_owned(),
        (None, None) => return Ok(None),
    };
    let url = Url::parse(&text).map_err(|error| {
        let why = format!("the container's address of credentials {text:?} is none: {error}");
        Trouble::Operator(why)
    })?;
    let host = url.host_str().unwrap_or_default();
    let is_local = host == "localhost" || host == "[::1]" || host.starts_with("127.");
    match url.scheme() == "https" || is_local || CONTAINER_HOSTS.contains(&host) {
        true => Ok(Some(url)),
        false => Err(Trouble::Operator(format!(
            "AWS_CONTAINER_CREDENTIALS_FULL_URI is {text:?}, which is neither https nor a container's own address: it is not asked for a key"
        ))),
    }
}

/// What a container shows to get its key.
fn authorization(variables: &Variables) -> Result<Option<String>, Trouble> {
    let Some(path) = variables.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") else {
        let token = variables.get("AWS_CONTAINER_AUTHORIZATION_TOKEN");
        return Ok(token.map(str::to_owned));
    };
    match std::fs::read_to_string(path) {
        Ok(token) => Ok(Some(token.trim().to_owned())),
        Err(error) => Err(Trouble::Operator(format!(
            "cannot read the container's token {path}: {error}"
        ))),
    }
}

/// The role of an instance: a token first, then the role's name, then its key.
async fn of_instance(variables: &Variables, http: &reqwest::Client) -> Result<Found, Trouble> {
    let base = variables
        .get("AWS_EC2_METADATA_SERVICE_ENDPOINT")
        .unwrap_or(INSTANCE);
    let base = base.trim_end_matches('/');
    let lives = "x-aws-ec2-metadata-token-ttl-seconds";
    let request = http
        .put(format!("{base}/latest/api/token"))
        .header(lives, "300");
    let token = text(request).await?;
    let roles = format!("{base}/latest/meta-data/iam/security-credentials/");
    let asking = |url: &str| {
        http.get(url)
            .header("x-aws-ec2-metadata-token", token.trim())
    };
    let name = text(asking(&roles)).await?;
    let name = name.lines().next().unwrap_or_default().trim();
    role(asking(&format!("{roles}{name}"))).await
}

/// A role's key, as containers and instances tell it.
#[derive(Deserialize)]
struct Role {
    #[serde(rename = "AccessKeyId")]
    id: String,
    #[serde(rename = "SecretAccessKey")]
    secret: String,
    #[serde(rename = "Token")]
    token: Option<String>,
    #[serde(rename = "Expiration")]
    until: Option<String>,
}

async fn role(request: RequestBuilder) -> Result<Found, Trouble> {
    let text = text(request).await?;
    // What it says is not repeated: it may hold a secret.
    let role: Role = serde_json::from_str(&text).map_err(|error| {
        passing(format!(
            "the role's key is not to be understood: it ends or differs at line {}, column {}",
            error.line(),
            error.column()
        ))
    })?;
    Ok(Found {
        keys: Keys {
            id: role.id,
            secret: role.secret,
            token: role.token,
        },
        until: role.until.and_then(|until| until.parse::<Timestamp>().ok()),
    })
}

async fn text(request: RequestBuilder) -> Result<String, Trouble> {
    let response = request.timeout(NEAR).send().await;
    let response =
        response.map_err(|error| passing(format!("cannot ask for a role's key: {error}")))?;
    let status = response.status();
    if !status.is_success() {
        let url = response.url();
        return Err(passing(format!(
            "asked for a role's key, {url} says {status}"
        )));
    }
    response
        .text()
        .await
        .map_err(|error| passing(format!("cannot read a role's key: {error}")))
}

fn passing(why: String) -> Trouble {
    Trouble::Passing { why, after: None }
}

#[cfg(test)]
mod tests;
