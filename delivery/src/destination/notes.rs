//! What a destination must remember between attempts, where a crash does not forget it.
//!
//! A destination knows nothing of checkpoints: it hands a note over, and goes on when it is told
//! that the note is durable.

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};

use super::Rejections;
use crate::failure::Failure;

/// State of the attempts to deliver a file. Only uploads named here are ever aborted (rule 26).
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Attempts {
    /// The multipart upload under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<String>,
    /// An upload was about to begin: there may be one that nobody recorded.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub begins: bool,
    /// Something of it was sent: whether it arrived is to be asked before it is given up (rule 18).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sent: bool,
    /// Rows that are left out of what was sent (rule 25).
    #[serde(default, skip_serializing_if = "Rejections::is_empty")]
    pub rejected: Rejections,
}

/// What is remembered of the attempts at one object.
#[derive(Clone, Debug)]
pub struct Notes {
    file: u64,
    known: Attempts,
    write: mpsc::Sender<Note>,
}

/// Something to remember.
#[derive(Debug)]
pub struct Note {
    /// The number of the file.
    pub file: u64,
    /// What holds from now on.
    pub attempts: Attempts,
    /// Told when it is durable, or why it is not.
    pub kept: oneshot::Sender<Result<(), Failure>>,
}

impl Notes {
    /// Notes on files, by number, that begin with what is known of each; whoever holds the receiver
    /// keeps them.
    pub fn of(
        files: impl IntoIterator<Item = (u64, Attempts)>,
    ) -> (Vec<Self>, mpsc::Receiver<Note>) {
        let (write, notes) = mpsc::channel(1);
        let of_one = |(file, known)| Self {
            file,
            known,
            write: write.clone(),
        };
        (files.into_iter().map(of_one).collect(), notes)
    }

    /// What was known when the attempt began.
    pub fn known(&self) -> &Attempts {
        &self.known
    }

    /// Keeps a note; durable on return.
    pub async fn keep(&self, attempts: Attempts) -> Result<(), Failure> {
        let lost = || Failure::retry("nobody keeps notes of this attempt any more");
        let (kept, answer) = oneshot::channel();
        let note = Note {
            file: self.file,
            attempts,
            kept,
        };
        self.write.send(note).await.map_err(|_| lost())?;
        answer.await.map_err(|_| lost())?
    }
}
