//! The constants of `gecko_shm.h`, without their prefix `GECKO_`. Made by `build.rs`.
#![allow(dead_code, missing_docs, clippy::unreadable_literal)]

include!(concat!(env!("OUT_DIR"), "/layout.rs"));
