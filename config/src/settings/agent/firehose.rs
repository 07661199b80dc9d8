//! The reader of `ship.firehose`: which endpoint, in which region, with whose key.

use std::env;

use super::Firehose;
use super::tables::FIREHOSE;
use crate::settings::{url, values};
use crate::tls::authorities;
use crate::yaml::At;

const REGION_ALLOWED: &str = "the name of a region, such as eu-central-1";

/// Variables that name a region, in the order in which AWS tools ask them.
const REGIONS: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];

/// What an endpoint that names no region is signed for, if nothing else names one. Other servers
/// than AWS take any.
const ANYWHERE: &str = "us-east-1";

pub(super) fn firehose(at: &At<'_>) -> Option<Firehose> {
    let fields = at.fields(&FIREHOSE)?;
    let endpoint = fields.optional("endpoint", |at| at.parsed("an address", bare));
    let region = fields.optional("region", region);
    let key = values::access_key(&fields);
    let ca = fields.optional("ca", |at| {
        let path = values::path(at)?;
        let read = authorities(&path);
        read.map_err(|wrong| at.problem(wrong)).ok()?;
        Some(path)
    });
    let (endpoint, region, key, ca) = (endpoint?, region?, key?, ca?);
    let variable = |name: &str| env::var(name).ok();
    let Some(region) = which(region, endpoint.as_deref(), variable) else {
        let how = "is missing: neither it, nor an endpoint, nor AWS_REGION names one";
        fields.missing_because("region", how);
        return None;
    };
    let endpoint = endpoint.unwrap_or_else(|| of_aws(&region));
    if endpoint.starts_with("http://") && ca.is_some() {
        fields.at.problem(format!(
            "conflict: ca is for https, but the endpoint is {endpoint}"
        ));
        return None;
    }
    if url::is_open(&endpoint) {
        let why = "the records travel unencrypted to another machine: use https";
        fields.at.warn(why);
    }
    Some(Firehose {
        endpoint,
        region,
        key,
        ca,
    })
}

/// An address without a path: Firehose's requests go to `/`.
fn bare(text: &str) -> Result<String, String> {
    let url = url::parse(text)?;
    match url
        .split("://")
        .nth(1)
        .is_some_and(|rest| rest.contains('/'))
    {
        true => Err(format!("{url:?} has a path: Firehose's requests go to /")),
        false => Ok(url),
    }
}

fn of_aws(region: &str) -> String {
    let china = if region.starts_with("cn-") { ".cn" } else { "" };
    format!("https://firehose.{region}.amazonaws.com{china}")
}

fn region(at: &At<'_>) -> Option<String> {
    let text = at.text(REGION_ALLOWED)?;
    if !is_region(text) {
        at.wrong_type(REGION_ALLOWED);
        return None;
    }
    Some(text.to_owned())
}

fn is_region(text: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '-';
    !text.is_empty() && text.chars().all(legal)
}

/// The region that holds: the setting's, the endpoint's, the environment's.
fn which(
    setting: Option<String>,
    endpoint: Option<&str>,
    variable: impl Fn(&str) -> Option<String>,
) -> Option<String> {
    setting
        .or_else(|| region_of(endpoint?).map(str::to_owned))
        .or_else(|| {
            REGIONS
                .iter()
                .find_map(|name| variable(name).filter(|text| is_region(text)))
        })
        .or_else(|| endpoint.map(|_| ANYWHERE.to_owned()))
}

/// The region that an endpoint of Firehose names: `firehose.eu-central-1.amazonaws.com`, with or
/// without a scheme.
pub fn region_of(endpoint: &str) -> Option<&str> {
    let host = endpoint
        .split_once("://")
        .map_or(endpoint, |(_, host)| host);
    let host = host.split(['/', ':']).next()?;
    let mut words = host.split('.');
    let service = words.next()?;
    let region = words.next()?;
    let rest: Vec<&str> = words.collect();
    let is_aws = matches!(
        rest[..],
        ["amazonaws", "com"] | ["amazonaws", "com", "cn"] | ["api", "aws"]
    );
    (is_aws && matches!(service, "firehose" | "firehose-fips") && is_region(region))
        .then_some(region)
}

#[cfg(test)]
mod tests;
