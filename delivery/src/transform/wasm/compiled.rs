//! Compiled components on disk, so that the next start need not compile them again.
//!
//! wasmtime keeps them (`Config::cache`), each under a digest of the component, of itself and of
//! what the processor can do. It believes what it finds there, and what lies there is machine code:
//! a bit that flipped would be run. So beside each of its files lies a digest of ours, and before
//! wasmtime looks, everything goes that has no digest or another one: what a crash left half
//! written, what a disk spoilt, and what another version wrote. All of it can be lost: then it is
//! compiled again.
//!
//! ```text
//! compiled/code/modules/wasmtime-VERSION/NAME    written by wasmtime
//! compiled/digests/NAME                          SHA-256 of that file
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use ring::digest;
use standpipe_config::files::{self, FileError};
use wasmtime::{Cache, CacheConfig};

/// Bytes of all compiled components together, above which those go that were not used for longest.
const LIMIT: u64 = 512 * 1024 * 1024;

/// What wasmtime's notes end in while it writes them aside.
const NOTES_ASIDE: &str = "wip-atomic-write-stats";

/// A folder of compiled components.
#[derive(Debug)]
pub(super) struct Compiled {
    folder: PathBuf,
    cache: Cache,
}

impl Compiled {
    /// Opens the folder, which need not be there, and removes what is damaged.
    pub(super) fn open(folder: &Path) -> Result<Self, String> {
        let (code, digests) = (folder.join("code"), folder.join("digests"));
        for folder in [&code, &digests] {
            files::create_folder(folder).map_err(|error| error.to_string())?;
        }
        let mut config = CacheConfig::new();
        config.with_directory(code);
        config.with_files_total_size_soft_limit(LIMIT);
        // Never compressed anew: a file stays as its digest was taken.
        config.with_optimized_compression_usage_counter_threshold(u64::MAX);
        let this = Self {
            folder: folder.to_owned(),
            cache: Cache::new(config).map_err(|error| format!("{error:#}"))?,
        };
        this.clean()?;
        Ok(this)
    }

    /// What wasmtime uses.
    pub(super) fn cache(&self) -> Cache {
        self.cache.clone()
    }

    /// How often something was found compiled.
    pub(super) fn hits(&self) -> usize {
        self.cache.cache_hits()
    }

    /// Takes digests of what was compiled just now.
    pub(super) fn note(&self) {
        for path in self.written() {
            let digest = self.digest_of(&path);
            if digest.exists() {
                continue;
            }
            let noted = sum(&path).and_then(|sum| {
                files::show(&digest, sum.as_ref()).map_err(|error: FileError| error.to_string())
            });
            if let Err(why) = noted {
                tracing::warn!("what was compiled is not kept for the next start: {why}");
            }
        }
    }

    /// Removes everything that is not as it was written.
    fn clean(&self) -> Result<(), String> {
        for path in self.written() {
            let noted = fs::read(self.digest_of(&path)).ok();
            // Gone meanwhile: it harms nobody any more.
            let sum = match path.exists() {
                true => sum(&path)?,
                false => continue,
            };
            if noted.is_none_or(|noted| noted != sum.as_ref()) {
                tracing::info!("removing {}: it is not whole", path.display());
                files::remove(&path).map_err(|error| error.to_string())?;
            }
        }
        let digests = below(&self.folder.join("digests"));
        let written = self.written();
        let is_left =
            |digest: &PathBuf| !written.iter().any(|path| self.digest_of(path) == *digest);
        for digest in digests.into_iter().filter(is_left) {
            files::remove(&digest).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// The files that hold code, or part of it. wasmtime's notes on how often each was used, which
    /// it writes when it likes, are none: it does without those that it cannot read.
    fn written(&self) -> Vec<PathBuf> {
        let versions = below(&self.folder.join("code/modules"));
        let files = versions.iter().flat_map(|version| below(version));
        files
            .filter(|path| {
                path.extension()
                    .is_none_or(|extension| extension != "stats" && extension != NOTES_ASIDE)
            })
            .collect()
    }

    fn digest_of(&self, path: &Path) -> PathBuf {
        let name = path.file_name().unwrap_or_default();
        self.folder.join("digests").join(name)
    }
}

fn sum(path: &Path) -> Result<digest::Digest, String> {
    let bytes = fs::read(path).map_err(|error| format!("read {}: {error}", path.display()))?;
    Ok(digest::digest(&digest::SHA256, &bytes))
}

/// What lies in a folder; nothing where there is none.
fn below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

#[cfg(test)]
mod tests;
