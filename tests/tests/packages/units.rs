//! That units, users, folders and settings name the same things.

use std::collections::BTreeMap;

use standpipe_tests::{Outcome, Trouble};

use crate::top;

const PROGRAMS: [&str; 2] = ["agent", "delivery"];

/// Assignments of a unit, in order; comments are left out.
struct Unit(Vec<(String, String)>);

impl Unit {
    fn of(program: &str) -> Outcome<Self> {
        let file = format!("packaging/{program}/standpipe-{program}.service");
        let text = std::fs::read_to_string(top().join(file))?;
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let pairs = lines.filter_map(|line| line.split_once('='));
        Ok(Self(
            pairs
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        ))
    }

    fn all(&self, name: &str) -> Vec<&str> {
        let found = self.0.iter().filter(|(n, _)| n == name);
        found.map(|(_, value)| value.as_str()).collect()
    }

    fn one(&self, name: &str) -> Outcome<&str> {
        match self.all(name).as_slice() {
            [one] => Ok(one),
            other => Err(Trouble(format!("{name} is there {} times", other.len()))),
        }
    }
}

fn part(program: &str, file: &str) -> Outcome<String> {
    Ok(std::fs::read_to_string(
        top().join("packaging").join(program).join(file),
    )?)
}

#[test]
fn a_unit_tells_the_manager_what_the_program_keeps_to() -> Outcome {
    let expected = BTreeMap::from([
        ("Type", "notify"),
        ("Restart", "on-failure"),
        ("SuccessExitStatus", "3"),
        ("RestartPreventExitStatus", "2"),
        ("NoNewPrivileges", "yes"),
        ("CapabilityBoundingSet", ""),
        ("ProtectSystem", "strict"),
    ]);
    for program in PROGRAMS {
        let unit = Unit::of(program)?;
        for (name, value) in &expected {
            assert_eq!(unit.one(name)?, *value, "{name} of {program}");
        }
        unit.one("WatchdogSec")?;
        let start =
            format!("/usr/bin/standpipe-{program} run --config /etc/standpipe/{program}.yaml");
        assert_eq!(unit.one("ExecStart")?, start);
        let user = unit.one("User")?;
        let reload = [
            format!(
                "+/usr/bin/nsenter --target $MAINPID --mount /usr/bin/setpriv --reuid={user} --regid={user} --init-groups --inh-caps=-all --bounding-set=-all --no-new-privs {}",
                start.replace(" run ", " check ")
            ),
            "/bin/sh -c \"kill -HUP $MAINPID\"".to_owned(),
        ];
        assert_eq!(unit.all("ExecReload"), reload);
    }
    Ok(())
}

#[test]
fn users_and_folders_are_the_same_in_units_sysusers_tmpfiles_and_settings() -> Outcome {
    for program in PROGRAMS {
        let unit = Unit::of(program)?;
        let user = unit.one("User")?;
        assert_eq!(unit.one("Group")?, user);
        let users = part(program, "sysusers.conf")?;
        assert!(users.contains(&format!("\nu {user} - ")), "{users}");
        let folders = part(program, "tmpfiles.conf")?;
        for name in unit.one("StateDirectory")?.split(' ') {
            let line = format!("\nd /var/lib/{name} 0750 {user} {user} -\n");
            assert!(folders.contains(&line), "{folders} has no {line}");
        }
        let data = unit
            .one("StateDirectory")?
            .split(' ')
            .next()
            .unwrap_or_default();
        let settings = part(program, &format!("{program}.yaml"))?;
        let line = format!("\ndata_dir: /var/lib/{data} ");
        assert!(settings.contains(&line), "{settings} has no {line}");
    }
    Ok(())
}
