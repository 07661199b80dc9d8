//! The engine that all guests of the process share, and what is true of each of them.

use std::sync::LazyLock;

use standpipe_config::names::StreamName;
use wasmtime::component::{Linker, ResourceTable};
use wasmtime::{Config, Engine, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::interface::{LOG, Level};
use super::log::Log;
use super::memory::Memory;

/// One for the process, made when the first component is loaded.
static ENGINE: LazyLock<Result<Engine, String>> = LazyLock::new(|| {
    let mut config = Config::new();
    config.epoch_interruption(true);
    Engine::new(&config).map_err(|error| format!("{error:#}"))
});

/// The engine.
pub(super) fn engine() -> Result<&'static Engine, String> {
    ENGINE.as_ref().map_err(Clone::clone)
}

/// What belongs to one instance.
pub(super) struct State {
    wasi: WasiCtx,
    table: ResourceTable,
    pub(super) memory: Memory,
    log: Log,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

/// A store for one instance: no folder, no network, no environment, no arguments, and so many bytes
/// of memory. What it gives back may be `results` bytes.
pub(super) fn store(
    engine: &Engine,
    stream: &StreamName,
    memory: usize,
    results: usize,
) -> Store<State> {
    let log = Log::new(stream.clone());
    let wasi = WasiCtx::builder()
        .stdout(log.printer(Level::Info))
        .stderr(log.printer(Level::Warn))
        .build();
    let state = State {
        wasi,
        table: ResourceTable::new(),
        memory: Memory::new(memory),
        log,
    };
    let mut store = Store::new(engine, state);
    store.limiter(|state| &mut state.memory);
    store.epoch_deadline_async_yield_and_update(1);
    store.set_epoch_deadline(1);
    store.set_hostcall_fuel(results);
    store
}

/// What a component may import.
pub(super) fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    linker.instance(LOG)?.func_wrap(
        "write",
        |store: wasmtime::StoreContextMut<'_, State>, (level, message): (Level, String)| {
            store.data().log.line(level, &message);
            Ok(())
        },
    )?;
    Ok(linker)
}
