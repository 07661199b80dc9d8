//! What one guest may use of the memory: all its linear memories and tables together.

use wasmtime::ResourceLimiter;

/// Bytes that one element of a table takes.
const ELEMENT: usize = size_of::<usize>();

/// A guest's allowance.
#[derive(Debug)]
pub(super) struct Memory {
    allowed: usize,
    used: usize,
    /// What it would have taken altogether when it was refused.
    refused: Option<usize>,
}

impl Memory {
    /// An allowance of so many bytes.
    pub(super) fn new(allowed: usize) -> Self {
        Self {
            allowed,
            used: 0,
            refused: None,
        }
    }

    /// The bytes it would have needed, if it was ever refused any.
    pub(super) fn refused(&self) -> Option<usize> {
        self.refused
    }

    fn grow(&mut self, by: usize) -> bool {
        let wanted = self.used.saturating_add(by);
        let fits = wanted <= self.allowed;
        match fits {
            true => self.used = wanted,
            false => self.refused = Some(wanted),
        }
        fits
    }
}

impl ResourceLimiter for Memory {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(self.grow(desired.saturating_sub(current)))
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let by = desired.saturating_sub(current);
        Ok(self.grow(by.saturating_mul(ELEMENT)))
    }
}

#[cfg(test)]
mod tests;
