//! The engine that all guests of the process share, and what is true of each of them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use standpipe_config::names::StreamName;
use wasmtime::component::{Component, InstancePre, Linker, ResourceTable};
use wasmtime::{Config, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::compiled::Compiled;
use super::interface::{LOG, Level};
use super::log::Log;
use super::memory::Memory;

/// Where components are compiled and run: one for the process.
#[derive(Clone, Debug)]
pub struct Engine {
    folder: Option<PathBuf>,
    /// Made when the first component is loaded: whoever has none pays nothing.
    made: Arc<OnceLock<Result<Made, String>>>,
    /// One component is compiled at a time. It takes all cores and much memory, and when several
    /// streams have the same one, the second of them finds it compiled.
    turn: Arc<tokio::sync::Mutex<()>>,
}

struct Made {
    engine: wasmtime::Engine,
    compiled: Option<Compiled>,
}

impl std::fmt::Debug for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Made").finish_non_exhaustive()
    }
}

impl Made {
    fn new(folder: Option<&Path>) -> Result<Self, String> {
        let mut config = Config::new();
        config.epoch_interruption(true);
        let compiled = folder.and_then(|folder| {
            let opened = Compiled::open(folder);
            let said = |why| tracing::warn!("compiled transforms are not kept: {why}");
            opened.map_err(said).ok()
        });
        config.cache(compiled.as_ref().map(Compiled::cache));
        let engine = wasmtime::Engine::new(&config).map_err(|error| format!("{error:#}"))?;
        Ok(Self { engine, compiled })
    }
}

impl Engine {
    /// An engine that keeps what it compiled below `folder`; where there is none, it compiles each
    /// component anew.
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self {
            folder,
            made: Arc::default(),
            turn: Arc::default(),
        }
    }

    /// Makes a component ready to be instantiated: compiles it, or finds it compiled. Says how long
    /// that took.
    pub(super) async fn load(
        &self,
        stream: &StreamName,
        path: &Path,
    ) -> Result<(wasmtime::Engine, InstancePre<State>), String> {
        let _turn = self.turn.lock().await;
        tracing::info!(%stream, "loading the transform {}; records are accepted meanwhile", path.display());
        let began = Instant::now();
        let (this, file) = (self.clone(), path.to_owned());
        let loaded = tokio::task::spawn_blocking(move || this.compile(&file));
        let (engine, component, was_kept) = loaded.await.map_err(|error| error.to_string())??;
        let how = match was_kept {
            true => "was compiled before, and loaded",
            false => "was compiled",
        };
        tracing::info!(
            %stream,
            "the transform {} {how} within {:.1} s", path.display(), began.elapsed().as_secs_f64()
        );
        Ok((engine, component))
    }

    /// Blocks. Also says whether it was compiled before.
    fn compile(&self, path: &Path) -> Result<(wasmtime::Engine, InstancePre<State>, bool), String> {
        let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
        let made = self.made.get_or_init(|| Made::new(self.folder.as_deref()));
        let Made { engine, compiled } = made.as_ref().map_err(Clone::clone)?;
        let hits = compiled.as_ref().map(Compiled::hits);
        let loaded = Component::from_binary(engine, &bytes)
            .and_then(|component| linker(engine)?.instantiate_pre(&component))
            .map_err(|error| {
                format!("{error:#}; docs/wasm-transforms.md says how a component is built")
            });
        let was_kept = hits != compiled.as_ref().map(Compiled::hits);
        if let Some(compiled) = compiled.as_ref().filter(|_| !was_kept) {
            compiled.note();
        }
        Ok((engine.clone(), loaded?, was_kept))
    }
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
    engine: &wasmtime::Engine,
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
fn linker(engine: &wasmtime::Engine) -> wasmtime::Result<Linker<State>> {
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
