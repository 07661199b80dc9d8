//! Both programs, their data folders and the destination lie on disks that lose their power, again
//! and again, while lines flow and batches seal and deliver: every acknowledged record arrives
//! once, and the books balance. Now and then both programs are only killed: then what they left
//! unsynced is still there at the next start, and goes with a later cut.
//!
//! The model of a power cut is `standpipe_tests::power`. `docs/power-cuts.md` says what happens
//! when a sync is taken out of the code.

mod scenes;
mod site;
mod writers;

use standpipe_tests::components::needs;
use standpipe_tests::power::why_not;
use standpipe_tests::random::Random;
use standpipe_tests::{Folder, Outcome};

use site::Site;
use writers::Writers;

/// How often the power goes, unless `tests/run --cuts` says otherwise.
const CUTS: u64 = 100;

/// After so many cuts all begins anew, with empty disks: being born is dangerous too.
const CUTS_OF_A_SITE: u64 = 20;

fn cuts() -> u64 {
    let given = std::env::var("STANDPIPE_CUTS").ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(CUTS)
}

/// One site from its birth to the last record, through so many cuts.
fn live_through(cuts: u64, random: &mut Random) -> Outcome {
    let folder = Folder::new("power-cut")?;
    let mut site = Site::new(&folder, random)?;
    let writers = Writers::start(&folder.join("logs"), site.door(), random)?;
    let mut seen = 0;
    for life in 1.. {
        let ended = site.live(random);
        seen += u64::from(ended.map_err(|trouble| trouble.during(&format!("life {life}")))?);
        if seen == cuts {
            break;
        }
    }
    site.up()?;
    let written = writers.finish()?;
    site.settle(written)?;
    drop(site);
    folder.done()
}

#[test]
fn every_acknowledged_record_arrives_once_through_power_cuts() -> Outcome {
    if let Some(why) = why_not() {
        return needs(&why);
    }
    let mut random = Random::new();
    let mut left = cuts();
    while left > 0 {
        let now = left.min(CUTS_OF_A_SITE);
        live_through(now, &mut random)?;
        left -= now;
    }
    Ok(())
}
