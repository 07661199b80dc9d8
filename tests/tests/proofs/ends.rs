//! How a process ends, and what it tells whoever started it: exit codes, and the service manager.

use std::os::unix::net::UnixDatagram;

use standpipe_tests::log::Log;

use standpipe_tests::wait::until;
use standpipe_tests::{Agent, Daemon, Folder, Outcome, Trouble};

use crate::{PATIENCE, raw, raw_arrived};

/// 1: what is on disk is unknown. The journal's folder vanishes under the daemon.
#[test]
fn a_daemon_that_cannot_go_on_ends_with_1_and_says_why() -> Outcome {
    let folder = Folder::new("ends-1")?;
    let mut daemon = Daemon::start(folder.path(), &raw("web", "900s"))?;
    daemon.post("web", b"kept")?.ok()?;
    std::fs::remove_dir_all(daemon.data().join("streams/web/journal"))?;
    let body = vec![b'x'; 900_000];
    let ended = until("the daemon to end", PATIENCE, || {
        let _ = daemon.post("web", &body);
        let status = daemon.program()?.ended()?;
        status.ok_or_else(|| Trouble::new("it runs on"))
    })?;
    assert_eq!(ended.code(), Some(1));
    let said = standpipe_tests::program::last_lines(&daemon.log(), 20);
    assert!(said.contains("the journal of stream web ended"), "{said}");
    assert!(said.contains("ERROR"), "{said}");
    folder.done()
}

/// 3: sealed files wait for a destination that does not take them; nothing is lost.
#[test]
fn a_stop_with_undelivered_files_ends_with_3_and_the_next_start_delivers() -> Outcome {
    let folder = Folder::new("ends-3")?;
    std::fs::write(folder.join("out"), b"")?;
    let mut daemon = Daemon::start(folder.path(), &raw("web", "0s"))?;
    daemon.post("web", b"waits")?.ok()?;
    until("the batch to be sealed", PATIENCE, || {
        let status = daemon.status("web")?;
        match status["sealed_files"] == 1 {
            true => Ok(()),
            false => Err(Trouble(status.to_string())),
        }
    })?;
    assert_eq!(daemon.stop(PATIENCE)?, 3);
    std::fs::remove_file(folder.join("out"))?;
    daemon.up()?;
    daemon.settled("web", 1, PATIENCE)?;
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    folder.done()
}

/// 0: an open batch is not work left. It waits for its size or its age, whatever the process does.
#[test]
fn a_stop_with_an_open_batch_ends_with_0_and_it_goes_on_after_the_next_start() -> Outcome {
    let folder = Folder::new("ends-0")?;
    let mut daemon = Daemon::start(folder.path(), &raw("web", "900s"))?;
    daemon.post("web", b"one")?.ok()?;
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    daemon.configure(&raw("web", "1s"))?;
    daemon.up()?;
    daemon.post("web", b"two")?.ok()?;
    daemon.settled("web", 2, PATIENCE)?;
    let mut ledger = standpipe_tests::Ledger::new(usize::MAX);
    ledger.wrote(b"one");
    ledger.wrote(b"two");
    raw_arrived(&folder.join("out/web"), &mut ledger)?;
    ledger.settle()?;
    folder.done()
}

/// A service manager's end of `NOTIFY_SOCKET`.
struct Manager {
    socket: UnixDatagram,
    path: String,
}

impl Manager {
    fn new(folder: &Folder) -> Outcome<Self> {
        let path = folder.join("notify");
        let socket = UnixDatagram::bind(&path)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        let path = path.to_string_lossy().into_owned();
        Ok(Self { socket, path })
    }

    fn next(&self) -> Outcome<String> {
        let mut message = [0; 4096];
        let length = self.socket.recv(&mut message)?;
        Ok(String::from_utf8_lossy(&message[..length]).into_owned())
    }

    /// Waits for a message that says so.
    fn hears(&self, what: &str) -> Outcome {
        while !self.next()?.contains(what) {}
        Ok(())
    }

    /// How many messages wait.
    #[cfg(feature = "faults")]
    fn waiting(&self) -> Outcome<usize> {
        self.socket.set_nonblocking(true)?;
        let mut message = [0; 4096];
        let heard = std::iter::from_fn(|| self.socket.recv(&mut message).ok()).count();
        self.socket.set_nonblocking(false)?;
        Ok(heard)
    }
}

#[test]
fn the_service_manager_hears_that_the_daemon_is_ready_when_its_doors_are_open() -> Outcome {
    let folder = Folder::new("notify-daemon")?;
    let manager = Manager::new(&folder)?;
    let mut daemon = Daemon::new(folder.path(), &raw("web", "1s"))?;
    let environment = &mut daemon.environment;
    environment.insert("NOTIFY_SOCKET".into(), manager.path.clone());
    daemon.spawn()?;
    assert!(manager.next()?.contains("READY=1"));
    // No waiting: this is what ready means.
    daemon.post("web", b"at once")?.ok()?;
    daemon.program()?.terminate()?;
    let stopping = manager.next()?;
    assert!(stopping.contains("STOPPING=1"), "{stopping}");
    assert!(stopping.contains("EXTEND_TIMEOUT_USEC="), "{stopping}");
    daemon.program()?.exit_code(PATIENCE)?;
    folder.done()
}

#[test]
fn the_service_manager_hears_of_the_agent_too() -> Outcome {
    let folder = Folder::new("notify-agent")?;
    let manager = Manager::new(&folder)?;
    let daemon = Daemon::start(folder.path(), &raw("web", "1s"))?;
    let log = folder.join("app.log");
    Log::create(&log)?;
    let flows = format!("- {{paths: [\"{}\"], stream: web}}", log.display());
    let mut agent = Agent::new(folder.path(), &daemon.url()?, &flows)?;
    let environment = &mut agent.environment;
    environment.insert("NOTIFY_SOCKET".into(), manager.path.clone());
    agent.spawn()?;
    assert!(manager.next()?.contains("READY=1"));
    assert_eq!(agent.stop(PATIENCE)?, 0);
    assert!(manager.next()?.contains("STOPPING=1"));
    folder.done()
}

/// What the manager sets where the unit has a `WatchdogSec`; it wants a sign every three seconds.
fn watched(environment: &mut standpipe_tests::program::Environment, manager: &Manager) {
    environment.insert("NOTIFY_SOCKET".into(), manager.path.clone());
    environment.insert("WATCHDOG_USEC".into(), "3000000".into());
}

#[test]
fn the_daemon_gives_signs_of_life_where_the_service_manager_wants_them() -> Outcome {
    let folder = Folder::new("signs-daemon")?;
    let manager = Manager::new(&folder)?;
    let mut daemon = Daemon::new(folder.path(), &raw("web", "1s"))?;
    watched(&mut daemon.environment, &manager);
    daemon.up()?;
    manager.hears("WATCHDOG=1")?;
    manager.hears("WATCHDOG=1")?;
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    folder.done()
}

#[test]
fn the_agent_gives_signs_of_life_too() -> Outcome {
    let folder = Folder::new("signs-agent")?;
    let manager = Manager::new(&folder)?;
    let daemon = Daemon::start(folder.path(), &raw("web", "1s"))?;
    let log = folder.join("app.log");
    Log::create(&log)?;
    let flows = format!("- {{paths: [\"{}\"], stream: web}}", log.display());
    let mut agent = Agent::new(folder.path(), &daemon.url()?, &flows)?;
    watched(&mut agent.environment, &manager);
    agent.up()?;
    manager.hears("WATCHDOG=1")?;
    manager.hears("WATCHDOG=1")?;
    folder.done()
}

/// Waits until a log says so twice more than it does.
#[cfg(feature = "faults")]
fn complained_again(log: &std::path::Path, what: &str) -> Outcome {
    let times = || Ok::<_, Trouble>(std::fs::read_to_string(log)?.matches(what).count());
    let before = times()?;
    until("a hanging thread to be named", PATIENCE, || {
        match times()? >= before + 2 {
            true => Ok(()),
            false => Err(Trouble(std::fs::read_to_string(log)?)),
        }
    })
}

/// Everything else goes on, doors and status included: without the question to the thread itself
/// nobody would know.
#[cfg(feature = "faults")]
#[test]
fn a_journal_that_hangs_ends_the_signs_of_life_and_is_named() -> Outcome {
    let folder = Folder::new("signs-hang")?;
    let manager = Manager::new(&folder)?;
    let mut daemon = Daemon::new(folder.path(), &(raw("web", "1s") + &raw("other", "1s")))?;
    watched(&mut daemon.environment, &manager);
    let order = "journal.written".to_owned();
    daemon.environment.insert("STANDPIPE_HANG_AT".into(), order);
    daemon.up()?;
    manager.hears("WATCHDOG=1")?;
    let caller = daemon.again()?;
    // Not answered before the daemon is killed.
    let caller = std::thread::spawn(move || drop(caller.post("web", b"hangs")));
    // A busy machine may be complained of before, but answers again.
    until("the signs of life to end", PATIENCE, || {
        manager.waiting()?;
        complained_again(&folder.join("delivery.log"), "the journal of stream web")?;
        match manager.waiting()? {
            0 => Ok(()),
            heard => Err(Trouble(format!("{heard} messages of a daemon that hangs"))),
        }
    })?;
    assert_eq!(daemon.status("other")?["state"], "running");
    daemon.kill()?;
    let _ = caller.join();
    folder.done()
}

/// Rule 15, with a defect made to order: the lane panics, which ends the process with 1. After two
/// at the same position it starts halted and names it; the other stream goes on.
#[cfg(feature = "faults")]
#[test]
fn a_lane_that_took_the_process_down_twice_starts_halted_and_names_the_position() -> Outcome {
    let folder = Folder::new("ends-twice")?;
    let streams = raw("web", "900s") + &raw("other", "1s");
    let mut daemon = Daemon::start(folder.path(), &streams)?;
    daemon.post("web", b"zero")?.ok()?;
    let order = "batch.written:1".to_owned();
    daemon
        .environment
        .insert("STANDPIPE_PANIC_AT".into(), order);
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    for _ in 0..2 {
        daemon.spawn()?;
        assert_eq!(daemon.program()?.exit_code(PATIENCE)?, 1);
    }
    daemon.environment.clear();
    daemon.up()?;
    let status = daemon.state("web", "halted")?;
    let why = status["last_error"].to_string();
    assert!(why.contains("2 times at position 0"), "{why}");
    daemon.post("other", b"goes on")?.ok()?;
    daemon.settled("other", 1, PATIENCE)?;
    let mishap = daemon.data().join("streams/web/mishap.json");
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    std::fs::remove_file(mishap)?;
    daemon.configure(&(raw("web", "1s") + &raw("other", "1s")))?;
    daemon.up()?;
    daemon.settled("web", 1, PATIENCE)?;
    folder.done()
}
