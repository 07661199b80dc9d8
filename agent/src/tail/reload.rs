//! Flows for a follower that begins, and other ones while it lives: positions are kept, and so is
//! what only a descriptor can still read.

use standpipe_config::names::{AgentId, StreamName};
use standpipe_config::settings::agent::Flow;

use super::file::File;
use super::{Follower, Rules, Stream};
use crate::discover::Discover;
use crate::disk::Disk;
use crate::parse::Shaper;
use crate::progress::{Progress, ProgressError};

impl Follower {
    /// A follower that knows what its progress says, and has looked at nothing yet.
    pub fn new(
        agent: AgentId,
        disk: Disk,
        progress: Progress,
        flows: Vec<Flow>,
        rules: Rules,
    ) -> Result<Self, globset::Error> {
        let discover = Discover::new(&flows)?;
        Ok(Self::compiled(
            agent,
            disk,
            progress,
            (discover, flows),
            rules,
        ))
    }

    /// Goes on with other flows. `false`: not now, as the disk is full and what is acknowledged
    /// could not be remembered; everything stays as it was.
    ///
    /// What was handed out is void: it is read again.
    pub fn reload(&mut self, flows: Vec<Flow>, rules: Rules) -> Result<bool, ReloadError> {
        let discover = Discover::new(&flows)?;
        self.commit()?;
        if self.progress.is_staged() {
            return Ok(false);
        }
        let files = std::mem::take(&mut self.files);
        (self.discover, self.rules) = (discover, rules);
        self.begin_flows(flows);
        for file in files.into_values() {
            self.keep(file);
        }
        Ok(true)
    }

    /// Makes the flows those that are followed; every remembered source waits to be found.
    pub(super) fn begin_flows(&mut self, flows: Vec<Flow>) {
        let mut names: Vec<StreamName> = flows.iter().map(|flow| flow.stream.clone()).collect();
        names.sort_unstable();
        names.dedup();
        let position = |flow: &Flow| names.binary_search(&flow.stream).unwrap_or(0);
        let host = self.disk.host();
        self.shapers = flows.iter().map(|f| Shaper::new(&f.parse, &host)).collect();
        self.stream_of = flows.iter().map(position).collect();
        self.flows = flows;
        self.journals.exchange(&self.flows, &self.stream_of);
        let limit = self.request_target(names.len());
        self.streams = names.into_iter().map(|n| Stream::new(n, limit)).collect();
        self.by_incarnation.clear();
        self.by_path.clear();
        self.dormant.clear();
        self.missing.clear();
        self.passed_over.clear();
        self.refused.clear();
        self.doubtful.clear();
        self.held.clear();
        self.dirty.clear();
        self.staged.clear();
        self.open = 0;
        for (id, source) in &self.progress.state().sources {
            let sleeping = self.dormant.entry(source.incarnation.key());
            sleeping.or_default().push(*id);
        }
    }

    /// Takes a file over by its descriptor, which may be all that is left of it. One without is
    /// found again by the next scan.
    fn keep(&mut self, old: File) {
        let Some(handle) = old.handle else {
            return;
        };
        let adopted = handle.look();
        let adopted = adopted.and_then(|sight| self.adopt(handle, &old.path, sight));
        match adopted {
            Ok(key) => {
                if let Some(file) = self.files.get_mut(&key) {
                    (file.detached, file.changed) = (old.detached, old.changed);
                    (file.ending, file.met) = (old.ending, old.met);
                }
                self.by_path.insert(old.path, key);
                self.wake(key);
            }
            Err(error) => self.cannot_open(&old.path, &error),
        }
    }
}

/// Why flows cannot be exchanged.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// A pattern cannot be compiled; everything stays as it was.
    #[error("a pattern cannot be used: {0}")]
    Pattern(#[from] globset::Error),
    /// Progress cannot be written.
    #[error(transparent)]
    Progress(#[from] ProgressError),
}
