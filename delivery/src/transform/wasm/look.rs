//! What can be said of a component without compiling it: whether it is one, whether it wants no
//! more than it is given, and whether its `apply` is the one of `delivery/wit/transform.wit`.
//!
//! This takes milliseconds, where compiling takes half a minute, so that `check` and a start can
//! refuse a wrong one. What it lets pass is still judged when it is compiled.

use std::path::Path;

use wasmparser::component_types::{
    ComponentDefinedType, ComponentEntityType, ComponentFuncType, ComponentValType,
};
use wasmparser::types::Types;
use wasmparser::{
    ComponentTypeRef, Parser, Payload, TypeBounds, ValidPayload, Validator, WasmFeatures,
};

use super::interface::APPLY;

/// What is given: packages of interfaces, and what their versions begin with. Those of the world
/// `transform`, and of WASI what a program needs to run at all; there is no file and no network
/// behind them.
const GIVEN: [(&str, &str); 7] = [
    ("standpipe:transform/", "1."),
    ("wasi:cli/", "0.2."),
    ("wasi:clocks/", "0.2."),
    ("wasi:filesystem/", "0.2."),
    ("wasi:io/", "0.2."),
    ("wasi:random/", "0.2."),
    ("wasi:sockets/", "0.2."),
];

/// The function that a component exports, as WIT writes it.
const SIGNATURE: &str = "func(list<record{data: list<u8>, arrival: u64}>) -> \
    list<variant{keep(record{data: list<u8>, partition-keys: list<tuple<string, string>>}), \
    drop, fail(string)}>";

/// Says what is wrong with the component in a file, and what to do about it.
pub fn look(path: &Path) -> Result<(), String> {
    let wrong = |why: String| format!("the transform {} cannot be used: {why}", path.display());
    let bytes = std::fs::read(path)
        .map_err(|error| wrong(format!("{error}; build it, or correct the path")))?;
    is_component(&bytes).map_err(wrong)?;
    let seen = Seen::of(&bytes).map_err(|error| {
        wrong(format!(
            "it is damaged, or made for other hosts: {error}; build it again"
        ))
    })?;
    seen.judge().map_err(wrong)
}

fn is_component(bytes: &[u8]) -> Result<(), String> {
    let build = "docs/wasm-transforms.md says how a component is built";
    if Parser::is_component(bytes) {
        return Ok(());
    }
    let what = match bytes {
        _ if Parser::is_core_wasm(bytes) => "it is a core module, not a component",
        [b'(', ..] | [b';', ..] => "it is WebAssembly as text; `wasm-tools parse` makes it binary",
        _ => "it is no WebAssembly",
    };
    Err(format!("{what}; {build}"))
}

fn is_given(import: &str) -> bool {
    let (interface, version) = import.split_once('@').unwrap_or((import, ""));
    let mut given = GIVEN.iter();
    given.any(|(package, begins)| interface.starts_with(package) && version.starts_with(begins))
}

/// Whether an import only names a type of its own, as `use types.{…}` in a world does: nothing has
/// to be given for it.
fn is_name_of_type(import: ComponentTypeRef) -> bool {
    matches!(import, ComponentTypeRef::Type(TypeBounds::Eq(_)))
}

fn said(error: wasmparser::Error) -> String {
    error.to_string()
}

/// What a component says of itself.
struct Seen {
    imports: Vec<String>,
    exports: Vec<String>,
    types: Types,
}

impl Seen {
    /// Function bodies are left out: compiling looks at them.
    fn of(bytes: &[u8]) -> Result<Self, String> {
        let mut validator = Validator::new_with_features(WasmFeatures::all());
        let (mut imports, mut exports, mut depth) = (Vec::new(), Vec::new(), 0);
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload.map_err(said)?;
            match &payload {
                Payload::Version { .. } => depth += 1,
                Payload::ComponentImportSection(section) if depth == 1 => {
                    for import in section.clone() {
                        let import = import.map_err(said)?;
                        if !is_name_of_type(import.ty) {
                            imports.push(import.name.name.to_owned());
                        }
                    }
                }
                Payload::ComponentExportSection(section) if depth == 1 => {
                    for export in section.clone() {
                        exports.push(export.map_err(said)?.name.name.to_owned());
                    }
                }
                Payload::End(_) => depth -= 1,
                _ => {}
            }
            // Modules and components within it end before it does.
            if let (ValidPayload::End(types), 0) =
                (validator.payload(&payload).map_err(said)?, depth)
            {
                return Ok(Self {
                    imports,
                    exports,
                    types,
                });
            }
        }
        Err("it has no end".to_owned())
    }

    fn judge(&self) -> Result<(), String> {
        if let Some(import) = self.imports.iter().find(|import| !is_given(import)) {
            return Err(format!(
                "it wants {import}, which no transform is given; build it without"
            ));
        }
        let world = "build it for the world transform of delivery/wit/transform.wit";
        let Some(item) = self.types.as_ref().component_item_for_export(APPLY) else {
            let exports = match self.exports.is_empty() {
                true => "nothing".to_owned(),
                false => self.exports.join(", "),
            };
            return Err(format!(
                "it exports {exports}, and no function {APPLY}; {world}"
            ));
        };
        let ComponentEntityType::Func(function) = item.ty else {
            return Err(format!("its {APPLY} is no function; {world}"));
        };
        match self
            .types
            .as_ref()
            .get(function)
            .map(|function| self.signature(function))
        {
            Some(found) if found == SIGNATURE => Ok(()),
            found => Err(format!(
                "its {APPLY} is {}, and should be {SIGNATURE}; {world}",
                found.unwrap_or_default()
            )),
        }
    }

    /// A function as WIT writes it, without the names of its parameters: nobody uses them.
    fn signature(&self, function: &ComponentFuncType) -> String {
        let asynchronous = if function.async_ { "async " } else { "" };
        let parameters: Vec<_> = function
            .params
            .iter()
            .map(|(_, ty)| self.written(ty))
            .collect();
        let result = function
            .result
            .as_ref()
            .map(|ty| format!(" -> {}", self.written(ty)));
        format!(
            "{asynchronous}func({}){}",
            parameters.join(", "),
            result.unwrap_or_default()
        )
    }

    /// A type as WIT writes it, with records and variants in place.
    fn written(&self, ty: &ComponentValType) -> String {
        let defined = match ty {
            ComponentValType::Primitive(primitive) => return primitive.to_string(),
            ComponentValType::Type(id) => self.types.as_ref().get(*id),
        };
        match defined {
            Some(ComponentDefinedType::Primitive(primitive)) => primitive.to_string(),
            Some(ComponentDefinedType::List { element, .. }) => {
                format!("list<{}>", self.written(element))
            }
            Some(ComponentDefinedType::Tuple(tuple)) => {
                let types: Vec<_> = tuple.types.iter().map(|ty| self.written(ty)).collect();
                format!("tuple<{}>", types.join(", "))
            }
            Some(ComponentDefinedType::Record(record)) => {
                let fields = record.fields.iter();
                let fields: Vec<_> = fields
                    .map(|(name, ty)| format!("{name}: {}", self.written(ty)))
                    .collect();
                format!("record{{{}}}", fields.join(", "))
            }
            Some(ComponentDefinedType::Variant(variant)) => {
                let cases = variant.cases.iter().map(|(name, case)| match &case.ty {
                    Some(ty) => format!("{name}({})", self.written(ty)),
                    None => name.to_string(),
                });
                format!("variant{{{}}}", cases.collect::<Vec<_>>().join(", "))
            }
            _ => "another type".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
