//! A disk that can lose its power: a file system of which programs see one state, and of which
//! another is durable. A [`Disk::cut`] goes back to the durable one, and everything that was not
//! synced is there, not there, or torn, by chance.
//!
//! The model is that of a file system which promises what POSIX does and no more; ext4, XFS and
//! btrfs promise more:
//!
//! - `fsync` and `fdatasync` of a file make its bytes and its size durable. Its name is another
//!   matter: that is an entry of a folder.
//! - `fsync` of a folder makes its entries durable: what was created, linked, renamed and removed
//!   in it. The name of the folder itself lies in the folder above.
//! - Of a file that was not synced, each page of 4 KiB survives or not, on its own; of those that
//!   survive some are torn, sector by sector. The size is the old one, the new one, or between.
//!   A page that does not survive holds what it held before; where nothing was allocated before
//!   that is nothing, or what somebody else's removed file left there.
//! - Now and then a page is written back although nobody asked, as the kernel does: so the state
//!   of a page between two changes may be what survives.
//! - Of a folder that was not synced, each operation survives or not, on its own, in any subset;
//!   those on one name keep their order. One rename is one operation: a name never vanishes
//!   between two. Only within a folder: nothing of ours renames from one into another.
//! - Modes and times are not part of it.
//!
//! [`Mounted`] gives a disk to programs, by FUSE.

pub use disk::{Attributes, Disk, Kind, Lost, ROOT, Refused};
pub use mounted::{Mounted, why_not};
pub use supply::Power;

mod content;
mod disk;
mod fate;
mod folder;
mod mounted;
mod supply;
