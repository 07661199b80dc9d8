//! Components that cannot be used: `check` and a start refuse them, with the line of the settings
//! and what to do.

use std::process::Command;

use standpipe_tests::program::last_lines;
use standpipe_tests::{Folder, Outcome, binaries};

use crate::{PATIENCE, component, daemon, guest};

/// What is wrong, as files, and what is said of it.
const WRONG: [(&str, &str); 4] = [
    ("missing", "build it, or correct the path"),
    ("module", "a core module, not a component"),
    ("empty", "build it for the world transform"),
    (
        "greedy",
        "wants wasi:http/outgoing-handler@0.2.0, which no transform is given",
    ),
];

fn write_all(folder: &Folder) -> Outcome {
    component(folder, "module.wasm", "(module)")?;
    component(folder, "empty.wasm", "(component)")?;
    let greedy = r#"(component (import "wasi:http/outgoing-handler@0.2.0" (instance)))"#;
    component(folder, "greedy.wasm", greedy)
}

#[test]
fn a_component_that_cannot_be_used_is_refused_with_its_line() -> Outcome {
    let folder = Folder::new("wasm-refused")?;
    write_all(&folder)?;
    for (name, why) in WRONG {
        let path = folder.join(&format!("{name}.wasm"));
        let mut daemon = daemon(&folder, &guest("web", &path, ""))?;
        let settings = std::fs::read_to_string(daemon.settings())?;
        let line = settings
            .lines()
            .position(|line| line.contains("component:"));
        let place = format!(
            "{}:{}:",
            daemon.settings().display(),
            line.map_or(0, |line| line + 1)
        );
        let checked = Command::new(binaries::find("standpipe-delivery")?)
            .args(["check", "--config"])
            .arg(daemon.settings())
            .output()?;
        let said = String::from_utf8_lossy(&checked.stdout).into_owned();
        assert_eq!(checked.status.code(), Some(2), "{name}: {said}");
        daemon.spawn()?;
        assert_eq!(daemon.program()?.exit_code(PATIENCE)?, 2, "{name}");
        for said in [said, last_lines(&daemon.log(), 5)] {
            assert!(said.contains(&place), "{name}: {place} in {said}");
            assert!(
                said.contains("streams.web.transform.wasm.component"),
                "{said}"
            );
            assert!(said.contains(why), "{name}: {said}");
        }
        assert!(!daemon.data().exists(), "{name}: nothing was started");
    }
    folder.done()
}
