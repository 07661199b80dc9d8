//! What all requests at a door share, as it is now. A change counts from the next request on; one
//! in hand goes on with what it met, so that nobody is taken for another in its middle.

use std::sync::{Arc, PoisonError, RwLock};

use axum::extract::FromRef;

/// What requests share. A handle: clones are changed together.
#[derive(Debug)]
pub(super) struct Current<T>(Arc<RwLock<Arc<T>>>);

impl<T> Clone for Current<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Current<T> {
    /// At first this.
    pub(super) fn new(first: T) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(first))))
    }

    fn get(&self) -> Arc<T> {
        let current = self.0.read().unwrap_or_else(PoisonError::into_inner);
        current.clone()
    }
}

impl<T: Clone> Current<T> {
    /// From now on the same, changed.
    pub(super) fn change(&self, change: impl FnOnce(&mut T)) {
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut current));
    }
}

/// What a request meets.
impl<T> FromRef<Current<T>> for Arc<T> {
    fn from_ref(current: &Current<T>) -> Self {
        current.get()
    }
}

#[cfg(test)]
mod tests;
