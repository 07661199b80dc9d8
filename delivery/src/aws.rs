//! Who asks AWS: a key that the settings name, or whom the usual chain finds; and how a request is
//! signed with it.

pub use signer::Signer;

pub(crate) mod chain;
mod signer;
