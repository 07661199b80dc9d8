//! Small file systems that really get full, where root may mount them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::readers::skipped;
use crate::trouble::{Attempting, Outcome, Trouble};
use crate::wait::until;

/// How long it may be in use by somebody else.
const PATIENCE: Duration = Duration::from_secs(30);

/// A mounted file system; unmounted when dropped.
pub struct Mount {
    path: PathBuf,
}

impl Mount {
    /// A file system in memory at `path`, of a size as `mount` takes it: `48m`. `None` where nothing
    /// can be mounted, which is noted as skipped and in CI is trouble.
    pub fn tmpfs(path: &Path, size: &str) -> Outcome<Option<Self>> {
        let options = format!("size={size}");
        Self::at(path, &["-t", "tmpfs", "-o", &options, "tmpfs"])
    }

    /// An ext4 of so many bytes at `path`, in a file beside it.
    pub fn ext4(path: &Path, size: u64) -> Outcome<Option<Self>> {
        let image = path.with_extension("ext4");
        std::fs::File::create(&image)?.set_len(size)?;
        let made = Command::new("mkfs.ext4").arg("-q").arg(&image).status();
        if !made.is_ok_and(|status| status.success()) {
            return cannot(
                "mkfs.ext4 is not there or fails; to install it: apt-get install e2fsprogs",
            );
        }
        Self::at(path, &["-o", "loop", &image.to_string_lossy()])
    }

    fn at(path: &Path, arguments: &[&str]) -> Outcome<Option<Self>> {
        std::fs::create_dir_all(path)?;
        let mut mount = Command::new("mount");
        let mounted = mount.args(arguments).arg(path).output();
        let mounted = mounted.attempting("run mount")?;
        if !mounted.status.success() {
            return cannot(String::from_utf8_lossy(&mounted.stderr).trim());
        }
        let path = path.to_owned();
        Ok(Some(Self { path }))
    }
}

impl Mount {
    /// A clone of the file system of [`ext4`](Self::ext4) at `path`: the same files with the same
    /// inodes and births, as those of a cloned machine have. Nothing may be open.
    pub fn clone_at(&self, path: &Path) -> Outcome<Option<Self>> {
        // A process that another test begins may have what was open here for a moment.
        let what = format!("{} to be unmounted", self.path.display());
        until(&what, PATIENCE, || {
            let unmounted = Command::new("umount").arg(&self.path).output();
            let unmounted = unmounted.attempting("run umount")?;
            let why = String::from_utf8_lossy(&unmounted.stderr);
            match unmounted.status.success() {
                true => Ok(()),
                false => Err(Trouble(why.trim().to_owned())),
            }
        })?;
        let image = self.path.with_extension("ext4");
        let copied = path.with_extension("ext4");
        std::fs::copy(&image, &copied).attempting(format!("copy {}", image.display()))?;
        let mount = |at, image: &Path| Self::at(at, &["-o", "loop", &image.to_string_lossy()]);
        // This one is unmounted by `self`.
        std::mem::forget(mount(&self.path, &image)?);
        mount(path, &copied)
    }
}

fn cannot(why: &str) -> Outcome<Option<Mount>> {
    let why = format!("small file systems that get full, which need root: {why}");
    if std::env::var("CI").is_ok_and(|ci| ci == "true") {
        return Err(Trouble(why));
    }
    skipped(&why)?;
    Ok(None)
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Lazily: what still holds it open keeps it no longer than it must.
        let _ = Command::new("umount").arg("-l").arg(&self.path).status();
    }
}
