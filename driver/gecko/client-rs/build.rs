//! Turns the `#define` lines of gecko_shm.h into constants.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn header_path() -> PathBuf {
    if let Some(path) = env::var_os("GECKO_SHM_HEADER") {
        return path.into();
    }
    let package = env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
    Path::new(&package).join("../include/gecko/gecko_shm.h")
}

fn parse_number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// One constant, without the prefix `GECKO_`; `None` for lines that are no such definition.
fn constant(line: &str) -> Option<String> {
    let (name, value) = line
        .strip_prefix("#define GECKO_")?
        .split_once(char::is_whitespace)?;
    let value = value.trim_start();
    if let Some(rest) = value.strip_prefix('"') {
        let text = rest.split('"').next()?;
        return Some(format!("pub const {name}: &str = {text:?};"));
    }
    let number = parse_number(value.split_whitespace().next()?)?;
    Some(format!("pub const {name}: u64 = {number:#x};"))
}

fn main() {
    let header = header_path();
    println!("cargo:rerun-if-changed={}", header.display());
    println!("cargo:rerun-if-env-changed=GECKO_SHM_HEADER");
    let text = fs::read_to_string(&header)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", header.display()));
    let mut constants = String::new();
    for line in text.lines().filter_map(constant) {
        writeln!(constants, "{line}").expect("a String takes everything");
    }
    let folder = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    let target = Path::new(&folder).join("layout.rs");
    fs::write(&target, constants)
        .unwrap_or_else(|error| panic!("cannot write {}: {error}", target.display()));
}
