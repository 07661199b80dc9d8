//! The WASM hook: a component of the user's shapes records inside this process, on a leash.
//!
//! It is compiled once, and what comes of that is kept on disk for the next start. Each call gets a **fresh instance**: the memory of the
//! compiled component is mapped copy on write, so that one costs some ten microseconds (what a
//! guest in Python or JavaScript did at its start lies in that memory already), and nothing is left
//! of a call that trapped, ran out of memory or was cut off. So what becomes of a record does not
//! depend on what came before it, and no guest grows with time.
//!
//! A guest sees no file, no network and no environment. It has an allowance of memory, a limit of
//! time, and a thread made for blocking; of each stream so many calls run at once as its
//! `instances` say, so that one stream's guest never waits for another's.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use standpipe_config::names::StreamName;
use standpipe_config::settings::delivery::{Transform as Settings, WASM_RESULTS, WasmHook};
use standpipe_config::units::{print_size, print_span};
use tokio::sync::Semaphore;
use wasmtime::Store;
use wasmtime::component::{InstancePre, TypedFunc};

use self::engine::State;
use self::interface::{APPLY, Parameters, Record, Results};
use self::leash::Pulled;
use super::{Fault, Outcome, Transform};
use crate::failure::{Failure, Verdict};
use crate::record::portion::Portion;

pub use engine::Engine;
pub use look::look;

mod compiled;
mod engine;
mod interface;
mod leash;
mod log;
mod look;
mod memory;

/// The code of records that the component failed.
const FAILED: &str = "Standpipe.ProcessingFailed";

/// The code of records whose calls failed: a trap, a limit, an answer that is none.
const BROKEN: &str = "Standpipe.TransformFailed";

/// How long a component may take until it is ready for its first record.
const START: Duration = Duration::from_secs(60);

/// What a stream's guest is allowed.
#[derive(Clone, Debug)]
struct Allowance {
    /// The component's file.
    component: PathBuf,
    /// Bytes of all its memories and tables.
    memory: u64,
    /// How long one call may take.
    timeout: Duration,
    /// Calls that may run at once.
    instances: usize,
}

/// A component that is ready to shape records.
#[derive(Clone)]
pub struct Wasm {
    guest: Arc<Guest>,
    instances: Arc<Semaphore>,
}

/// What the threads that run it need.
struct Guest {
    stream: StreamName,
    engine: wasmtime::Engine,
    component: InstancePre<State>,
    allowance: Allowance,
}

impl std::fmt::Debug for Wasm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Wasm").field(&self.guest.allowance).finish()
    }
}

impl Wasm {
    /// The component that the settings of a stream name.
    pub(super) async fn open(
        hook: &WasmHook,
        settings: &Settings,
        stream: &StreamName,
        engine: &Engine,
    ) -> Result<Self, Failure> {
        let allowance = Allowance {
            component: hook.component.clone(),
            memory: hook.memory,
            timeout: settings.timeout,
            instances: settings.in_flight as usize,
        };
        Self::load(stream, allowance, engine).await
    }

    /// Compiles a stream's component, which takes seconds for one in Python or JavaScript, and
    /// makes a first instance. Says what is wrong with it: an operator is needed then.
    async fn load(
        stream: &StreamName,
        allowance: Allowance,
        engine: &Engine,
    ) -> Result<Self, Failure> {
        let path = allowance.component.clone();
        let said = |why: String| {
            Failure::halt(format!(
                "the transform {} cannot be loaded: {why}",
                path.display()
            ))
        };
        let (engine, component) = engine.load(stream, &path).await.map_err(said)?;
        let wasm = Self {
            instances: Arc::new(Semaphore::new(allowance.instances)),
            guest: Arc::new(Guest {
                stream: stream.clone(),
                engine,
                component,
                allowance,
            }),
        };
        wasm.start().await.map_err(said)?;
        Ok(wasm)
    }

    /// Makes an instance and forgets it.
    async fn start(&self) -> Result<(), String> {
        let guest = self.guest.clone();
        let started = leash::run(&self.guest.engine, START, move || async move {
            let mut store = guest.store();
            let started = guest.instantiate(&mut store).await.map(drop);
            started.map_err(|error| guest.why(&store, &error))
        });
        match started.await {
            Ok(started) => started,
            Err(pulled) => Err(pulled.why(START)),
        }
    }
}

impl Transform for Wasm {
    async fn apply(&self, portion: &Arc<Portion>) -> Result<Vec<Outcome>, Fault> {
        let fault = |why: String| Fault {
            verdict: Verdict::Retry,
            code: BROKEN,
            message: format!("the transform {why}"),
            is_unreachable: false,
        };
        let Ok(permit) = self.instances.clone().acquire_owned().await else {
            return Err(fault("is being stopped".to_owned()));
        };
        let (guest, limit) = (self.guest.clone(), self.guest.allowance.timeout);
        let portion = portion.clone();
        let call = leash::run(&self.guest.engine, limit, move || async move {
            let _permit = permit;
            guest.call(&portion).await
        });
        match call.await {
            Ok(outcomes) => outcomes.map_err(fault),
            Err(pulled) => Err(fault(pulled.why(limit))),
        }
    }
}

impl Guest {
    fn store(&self) -> Store<State> {
        let memory = usize::try_from(self.allowance.memory).unwrap_or(usize::MAX);
        engine::store(&self.engine, &self.stream, memory, WASM_RESULTS as usize)
    }

    async fn instantiate<'a>(
        &self,
        store: &mut Store<State>,
    ) -> wasmtime::Result<TypedFunc<Parameters<'a>, Results>> {
        let instance = self.component.instantiate_async(&mut *store).await?;
        instance.get_typed_func(store, APPLY).map_err(|error| {
            let wrong = "its function apply is not the one of delivery/wit/transform.wit";
            wasmtime::Error::msg(format!("{wrong}: {}", error.root_cause()))
        })
    }

    async fn call(&self, portion: &Portion) -> Result<Vec<Outcome>, String> {
        let records: Vec<_> = portion.rows().map(|row| Record::of(&row)).collect();
        let mut store = self.store();
        let called = match self.instantiate(&mut store).await {
            Ok(apply) => apply.call_async(&mut store, (&records,)).await,
            Err(error) => Err(error),
        };
        match called {
            Ok((outcomes,)) if outcomes.len() == records.len() => {
                Ok(outcomes.into_iter().map(Outcome::from).collect())
            }
            Ok((outcomes,)) => Err(format!(
                "gave {} outcomes for {} records; each record needs one",
                outcomes.len(),
                records.len()
            )),
            Err(error) => Err(self.why(&store, &error)),
        }
    }

    /// What to say of a guest that failed.
    fn why(&self, store: &Store<State>, error: &wasmtime::Error) -> String {
        match store.data().memory.refused() {
            Some(wanted) => format!(
                "ran out of memory: it wanted {}, and memory is {}",
                print_size(wanted as u64),
                print_size(self.allowance.memory)
            ),
            None => format!("failed: {}", error.root_cause()),
        }
    }
}

impl Pulled {
    fn why(self, limit: Duration) -> String {
        match self {
            Self::TimedOut => format!("took longer than its timeout of {}", print_span(limit)),
            Self::Lost => "was lost in the host".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
