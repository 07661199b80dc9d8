//! A function behind a web server: a function URL, the local invoke path of the Lambda runtime, or
//! anything else that answers a POST as a transformation function of Firehose does.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE};
use standpipe_config::names::StreamName;
use standpipe_config::settings::delivery::{HttpHook, Transform as Settings};

use super::call::{JSON, Refusal, answered, aside, client, fault, is_there, request_body, within};
use super::event::Head;
use super::{Fault, Outcome, Transform};
use crate::failure::Failure;
use crate::record::portion::Portion;

/// A function behind a web server.
#[derive(Debug)]
pub struct Http {
    client: Client,
    url: String,
    gzip: bool,
    head: Head,
    timeout: Duration,
}

impl Http {
    /// Makes a client. Asks nobody yet.
    pub fn open(
        hook: &HttpHook,
        settings: &Settings,
        stream: &StreamName,
    ) -> Result<Self, Failure> {
        Ok(Self {
            client: client(&hook.url, settings.timeout)?,
            url: hook.url.clone(),
            gzip: hook.gzip,
            head: Head::new(stream, &hook.region),
            timeout: settings.timeout,
        })
    }

    async fn ask(&self, portion: &Arc<Portion>) -> Result<Vec<Outcome>, Fault> {
        let (head, gzip) = (self.head.clone(), self.gzip);
        let records = portion.clone();
        let body = aside(move || request_body(&head, &records, gzip)).await?;
        let request = self.client.post(&self.url).header(CONTENT_TYPE, JSON);
        let mut request = request.body(body);
        if self.gzip {
            request = request.header(CONTENT_ENCODING, "gzip");
        }
        answered(request, &self.url, portion, |refusal| self.refused(refusal)).await
    }

    /// Whether anybody is there. No function is called: who answers HEAD with a refusal is there.
    pub async fn preflight(&self) -> Result<(), Failure> {
        let asked = is_there(self.client.head(&self.url), &self.url).await;
        asked.map(drop)
    }

    /// Firehose's code for a status that is no answer. Each is tried again.
    fn refused(&self, refusal: &Refusal) -> Fault {
        let Refusal { status, said, .. } = refusal;
        let code = match status.as_u16() {
            401 | 403 => "Lambda.InvokeAccessDenied",
            404 => "Lambda.ResourceNotFound",
            429 => "Lambda.InvokeLimitExceeded",
            503 => "Lambda.ServiceUnavailable",
            504 => "Lambda.FunctionRequestTimedOut",
            500..=599 => "Lambda.FunctionError",
            _ => "Lambda.InvocationFailure",
        };
        Fault {
            is_unreachable: matches!(status.as_u16(), 429 | 503),
            ..fault(code, format!("{} answered {status}: {said}", self.url))
        }
    }
}

impl Transform for Http {
    async fn apply(&self, portion: &Arc<Portion>) -> Result<Vec<Outcome>, Fault> {
        within(self.timeout, &self.url, self.ask(portion)).await
    }
}

#[cfg(test)]
mod tests;
