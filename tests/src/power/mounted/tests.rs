use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, MetadataExt};

use rustix::fs::{CWD, FallocateFlags, RenameFlags, fallocate, renameat_with};
use standpipe_config::files::{create_folder, rename, sync_folder, write_whole};

use super::*;
use crate::Folder;
use crate::components::needs;

/// Runs a test on a mounted disk, where that can be had.
fn on_a_disk(called: &str, test: impl FnOnce(&mut Mounted) -> Outcome) -> Outcome {
    if let Some(why) = why_not() {
        return needs(&why);
    }
    let folder = Folder::new(called)?;
    let disk = Disk::new(&Power::default(), Random::seeded(5));
    let mut mounted = Mounted::new(disk, &folder.join("disk"))?;
    test(&mut mounted)?;
    drop(mounted);
    folder.done()
}

fn power_cycle(mounted: &mut Mounted) -> Outcome {
    mounted.take_away()?;
    mounted.disk().cut();
    mounted.bring_back()
}

#[test]
fn files_behave_as_elsewhere() -> Outcome {
    on_a_disk("disk-files", |mounted| {
        let top = mounted.path().to_owned();
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(top.join("a"))?;
        file.write_all(&vec![7; 3_000_000])?;
        file.write_all_at(b"hello", 2_999_998)?;
        file.seek(SeekFrom::Start(2_999_997))?;
        let mut rest = String::new();
        file.read_to_string(&mut rest)?;
        assert_eq!(rest, "\u{7}hello");
        file.set_len(10)?;
        fallocate(&file, FallocateFlags::KEEP_SIZE, 0, 1 << 20)?;
        assert_eq!(file.metadata()?.len(), 10);
        fallocate(&file, FallocateFlags::empty(), 0, 20)?;
        assert_eq!(
            fs::read(top.join("a"))?,
            [vec![7; 10], vec![0; 10]].concat()
        );
        fs::hard_link(top.join("a"), top.join("b"))?;
        assert_eq!(fs::metadata(top.join("b"))?.nlink(), 2);
        let refused = renameat_with(
            CWD,
            top.join("a"),
            CWD,
            top.join("b"),
            RenameFlags::NOREPLACE,
        );
        assert_eq!(refused, Err(rustix::io::Errno::EXIST));
        fs::remove_file(top.join("a"))?;
        assert_eq!(file.metadata()?.len(), 20, "what is open stays");
        Ok(())
    })
}

#[test]
fn folders_behave_as_elsewhere() -> Outcome {
    on_a_disk("disk-folders", |mounted| {
        let top = mounted.path().to_owned();
        create_folder(&top.join("x/y"))?;
        for number in 0..1000 {
            File::create(top.join(format!("x/y/{number}")))?;
        }
        assert_eq!(fs::read_dir(top.join("x/y"))?.count(), 1000);
        fs::remove_dir(top.join("x")).unwrap_err();
        fs::remove_dir_all(top.join("x"))?;
        assert_eq!(fs::read_dir(&top)?.count(), 0);
        Ok(())
    })
}

/// Each kind of sync reaches the disk, through the kernel.
#[test]
fn what_was_synced_is_there_after_a_power_cut() -> Outcome {
    on_a_disk("disk-synced", |mounted| {
        for cut in 0..20 {
            let top = mounted.path().to_owned();
            let folder = top.join(format!("{cut}"));
            create_folder(&folder)?;
            let mut file = File::create(folder.join("aside"))?;
            file.write_all(b"whole")?;
            file.sync_data()?;
            rename(&folder.join("aside"), &folder.join("named"), ("a", "name"))?;
            write_whole(&folder.join("other"), b"too", "b")?;
            let mut more = File::options().append(true).open(folder.join("named"))?;
            more.write_all(b" and more")?;
            more.sync_all()?;
            drop((file, more));
            power_cycle(mounted)?;
            assert_eq!(fs::read(folder.join("named"))?, b"whole and more");
            assert_eq!(fs::read(folder.join("other"))?, b"too");
            assert_eq!(fs::read_dir(&folder)?.count(), 2);
        }
        Ok(())
    })
}

#[test]
fn what_was_not_synced_is_lost_now_and_then() -> Outcome {
    on_a_disk("disk-lost", |mounted| {
        let (mut nameless, mut empty) = (0, 0);
        for cut in 0..40 {
            let top = mounted.path().to_owned();
            let (a, b) = (top.join(format!("a{cut}")), top.join(format!("b{cut}")));
            File::create(&a)?.write_all(b"x")?;
            sync_folder(&top, ("a", "name"))?;
            let mut file = File::create(&b)?;
            file.write_all(b"x")?;
            file.sync_all()?;
            drop(file);
            power_cycle(mounted)?;
            empty += u32::from(fs::read(&a)?.is_empty());
            nameless += u32::from(!b.exists());
        }
        assert!((5..35).contains(&empty), "{empty} of 40 lost their bytes");
        assert!(
            (5..35).contains(&nameless),
            "{nameless} of 40 lost their name"
        );
        Ok(())
    })
}

#[test]
fn without_power_nothing_is_done() -> Outcome {
    on_a_disk("disk-off", |mounted| {
        let power = mounted.disk().power().clone();
        let top = mounted.path().to_owned();
        let file = File::create(top.join("a"))?;
        power.off();
        file.sync_all().unwrap_err();
        fs::write(top.join("b"), b"x").unwrap_err();
        drop(file);
        power.on(None);
        power_cycle(mounted)?;
        fs::write(top.join("b"), b"x")?;
        Ok(())
    })
}
