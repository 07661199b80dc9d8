//! What runs: the thread that follows files, and a sender for each stream; exchanged on reload, and
//! stopped in good order.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use standpipe_config::names::StreamName;
use standpipe_config::process::exit::Exit;
use standpipe_config::settings::agent::Settings;
use standpipe_config::tls::Tls;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

use super::follow::{Asking, Begun, Ended, Follow, Order, asking};
use super::run::{CannotStart, Wish, Wishes, receiver, rules, stopped};
use super::sender::Sender;
use super::watch::{Notices, Watch};
use crate::progress::ProgressError;
use crate::ship::receiver::Receiver;
use crate::tail::Follower;

/// How long what is on its way may take after the signal to stop.
pub(super) const DEADLINE: Duration = Duration::from_secs(10);

type Thread = JoinHandle<Result<Ended, ProgressError>>;

/// What runs.
pub(super) struct Parts {
    once: bool,
    pub(super) asking: Asking,
    senders: JoinSet<()>,
    stop: watch::Sender<bool>,
    /// Ends when the thread does.
    over: oneshot::Receiver<()>,
    thread: Thread,
    pub(super) first_scan: Option<oneshot::Receiver<()>>,
}

/// Why it is time to stop, or to go on in another way.
pub(super) enum Why {
    Signal,
    Reload(Box<Settings>),
    /// The following thread ended.
    Over,
    /// A sender ended.
    Broken(String),
}

impl Parts {
    pub(super) fn start(
        mut follower: Follower,
        receiver: Arc<Receiver>,
        once: bool,
    ) -> Result<Self, CannotStart> {
        let (asking, orders, listening) = asking();
        let notices = Notices::new(orders);
        follower.wake_by(notices.wake());
        let streams = follower.streams().cloned().collect();
        let (senders, stop) = send(streams, &asking, &receiver);
        let (scanned, first_scan) = oneshot::channel();
        let (ending, over) = oneshot::channel();
        let watch = (!once).then(|| Watch::new(notices.clone()));
        let follow = Follow {
            follower,
            listening,
            notices,
            watch,
            once,
            first_scan: Some(scanned),
        };
        let thread = std::thread::Builder::new()
            .name("follow".into())
            .spawn(move || {
                let _ending = ending;
                follow.run()
            })?;
        Ok(Self {
            once,
            asking,
            senders,
            stop,
            over,
            thread,
            first_scan: Some(first_scan),
        })
    }

    pub(super) async fn wait(&mut self, wishes: &mut Wishes) -> Why {
        tokio::select! {
            Some(wish) = wishes.recv() => match wish {
                Wish::Stop(signal) => {
                    tracing::info!(signal, "stopping: nothing more is read, what is on its way is waited for");
                    Why::Signal
                }
                Wish::Reload(settings) => Why::Reload(settings),
            },
            _ = &mut self.over => Why::Over,
            ended = self.senders.join_next() => Why::Broken(match ended {
                Some(Err(error)) => error.to_string(),
                _ => "a sender".to_owned(),
            }),
        }
    }

    /// Goes on with other settings, and returns those that hold now. Positions are kept, and so are
    /// descriptors of files that have no other name any more.
    pub(super) async fn reload(
        &mut self,
        old: Settings,
        new: Settings,
    ) -> Result<Settings, CannotStart> {
        if fixed(&old) != fixed(&new) {
            tracing::error!(
                "data_dir, and where and how the admin door listens, are only read at the start: going on with the settings from before; restart for the new ones"
            );
            return Ok(old);
        }
        self.pause().await;
        let flows = (new.flows.clone(), rules(&new, self.once));
        let begun = self.asking.begin(Some(flows)).await;
        let Some(Begun { exchanged, streams }) = begun else {
            // Its end is what is looked at next.
            return Ok(old);
        };
        let now = match exchanged {
            Ok(true) => new,
            Ok(false) => {
                tracing::error!(
                    "not reloaded: the disk of data_dir is full; going on with the settings from before"
                );
                old
            }
            Err(error) => {
                tracing::error!(%error, "not reloaded: a pattern cannot be used; going on with the settings from before");
                old
            }
        };
        (self.senders, self.stop) = send(streams, &self.asking, &receiver(&now)?);
        tracing::info!(flows = now.flows.len(), "reloaded");
        Ok(now)
    }

    /// Nothing more is read; what is on its way is waited for, within the deadline.
    async fn pause(&mut self) -> bool {
        self.asking.tell(Order::Stop);
        // Nobody listens only if all have ended.
        let _ = self.stop.send(true);
        let done = tokio::time::timeout(DEADLINE, self.all_sent()).await;
        self.senders.abort_all();
        done.is_ok()
    }

    pub(super) async fn end(
        mut self,
        why: Why,
        wishes: &mut Wishes,
        once: bool,
    ) -> Result<Exit, CannotStart> {
        let finished = tokio::select! {
            done = self.pause() => done,
            _ = stopped(wishes) => false,
        };
        self.senders.abort_all();
        self.asking.tell(Order::End);
        let thread = self.thread;
        let ended = tokio::task::spawn_blocking(move || thread.join());
        let ended = ended.await.map_err(|e| CannotStart::Part(e.to_string()))?;
        let ended =
            ended.map_err(|_| CannotStart::Part("the thread that follows files".into()))??;
        match (why, ended) {
            (Why::Broken(_), Ended::Drained { .. }) | (Why::Over, _) => Ok(outcome(ended)),
            (Why::Broken(what), Ended::Stopped) => Err(CannotStart::Part(what)),
            (Why::Signal | Why::Reload(_), Ended::Drained { .. }) => Ok(outcome(ended)),
            (Why::Reload(_), Ended::Stopped) => Ok(Exit::WorkLeft),
            (Why::Signal, Ended::Stopped) if once => Ok(Exit::Failed),
            (Why::Signal, Ended::Stopped) if finished => Ok(Exit::Done),
            (Why::Signal, Ended::Stopped) => Ok(Exit::WorkLeft),
        }
    }

    async fn all_sent(&mut self) {
        while self.senders.join_next().await.is_some() {}
    }
}

/// What cannot change while the agent runs: all of these but whom the door lets in.
fn fixed(settings: &Settings) -> (&Path, Option<(SocketAddr, Option<&Tls>)>) {
    let door = settings.admin.as_ref();
    let door = door.map(|door| (door.address, door.tls.as_ref()));
    (&settings.data_dir, door)
}

/// A task for each stream, until the channel says true.
fn send(
    streams: Vec<StreamName>,
    asking: &Asking,
    receiver: &Arc<Receiver>,
) -> (JoinSet<()>, watch::Sender<bool>) {
    let (stop, stopped) = watch::channel(false);
    let mut senders = JoinSet::new();
    for (stream, name) in streams.into_iter().enumerate() {
        let sender = Sender {
            stream,
            name,
            asking: asking.clone(),
            receiver: receiver.clone(),
            stop: stopped.clone(),
        };
        senders.spawn(sender.run());
    }
    (senders, stop)
}

fn outcome(ended: Ended) -> Exit {
    match ended {
        Ended::Drained { unread: 0 } => {
            tracing::info!("everything is shipped and acknowledged");
            Exit::Done
        }
        Ended::Drained { unread } => {
            tracing::error!(
                unread,
                "everything that could be read is shipped; some files could not be read"
            );
            Exit::Failed
        }
        Ended::Stopped => Exit::Failed,
    }
}
