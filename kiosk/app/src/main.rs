//! `afterword-kiosk`: the device's program for shopper, screen and database.

use std::alloc::System;
use std::process::ExitCode;

use zeroizing_alloc::ZeroAlloc;

/// What a shopper typed lies in many places on its way to the glass, most of them not ours. Each is overwritten when it is let
/// go, so that nothing of it stays in memory.
#[global_allocator]
static HEAP: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    afterword_kiosk::cli::main()
}
