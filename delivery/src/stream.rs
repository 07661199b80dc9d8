//! A stream while it runs: one journal thread, one lane task, one delivery task.
