//! TensorFlow Lite for Microcontrollers from the sources in the package `tfmicro`, and the memory of QEMU's machine
//! `mps2-an386` for the linker.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const COMPILER: &str = "arm-none-eabi-g++";

/// Below `tensorflow/lite`; of `micro/kernels`, all but tests.
const FILES: [&str; 16] = [
    "micro/memory_helpers.cc",
    "micro/memory_planner/greedy_memory_planner.cc",
    "micro/micro_allocator.cc",
    "micro/micro_error_reporter.cc",
    "micro/micro_interpreter.cc",
    "micro/micro_optional_debug_tools.cc",
    "micro/micro_string.cc",
    "micro/micro_utils.cc",
    "micro/simple_memory_allocator.cc",
    "c/common.c",
    "core/api/error_reporter.cc",
    "core/api/flatbuffer_conversions.cc",
    "core/api/op_resolver.cc",
    "core/api/tensor_utils.cc",
    "kernels/internal/quantization_util.cc",
    "kernels/kernel_util.cc",
];

fn main() {
    for name in ["TFLM_SOURCES", "TFLM_OPTIMIZE"] {
        println!("cargo:rerun-if-env-changed={name}");
    }
    println!("cargo:rerun-if-changed=memory.x");
    println!("cargo:rerun-if-changed=src/tflm.cc");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::write(out.join("memory.x"), include_str!("memory.x")).expect("OUT_DIR is writable");
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    let sources = env::var_os("TFLM_SOURCES").expect(
        "TFLM_SOURCES must be the folder of `tfmicro`; `cargo xtask bench --models` sets it",
    );
    compile(&Path::new(&sources).join("submodules/tensorflow"));
}

fn compile(root: &Path) {
    let lite = root.join("tensorflow/lite");
    let downloads = lite.join("micro/tools/make/downloads");
    let kernels = fs::read_dir(lite.join("micro/kernels")).expect("`tfmicro` has kernels");
    let kernels = kernels.filter_map(|entry| {
        let path = entry.ok()?.path();
        let name = path.file_name()?.to_str()?;
        (name.ends_with(".cc") && !name.ends_with("_test.cc")).then_some(path)
    });
    let optimize = env::var("TFLM_OPTIMIZE").unwrap_or_else(|_| "3".to_owned());
    cc::Build::new()
        .cpp(true)
        .compiler(COMPILER)
        .cpp_link_stdlib(None)
        .opt_level_str(&optimize)
        .warnings(false)
        // Those of its own makefile for such parts.
        .flags([
            "-std=c++11",
            "-mcpu=cortex-m4",
            "-fno-rtti",
            "-fno-exceptions",
            "-fno-threadsafe-statics",
            "-fno-unwind-tables",
            "-ffunction-sections",
            "-fdata-sections",
            "-fomit-frame-pointer",
            "-fpermissive",
            "-fno-use-cxa-atexit",
            "-fno-short-enums",
            "-w",
        ])
        .define("NDEBUG", None)
        .define("TF_LITE_STATIC_MEMORY", None)
        .define("TF_LITE_STRIP_ERROR_STRINGS", None)
        .define("GEMMLOWP_ALLOW_SLOW_SCALAR_FALLBACK", None)
        .include(root)
        .include(downloads.join("gemmlowp"))
        .include(downloads.join("flatbuffers/include"))
        .include(downloads.join("ruy"))
        .files(FILES.iter().map(|file| lite.join(file)))
        .files(kernels)
        .file("src/tflm.cc")
        .compile("tflm");
    // The C library of the same compiler, for this processor.
    for library in ["libstdc++.a", "libc.a", "libm.a", "libgcc.a"] {
        let found = Command::new(COMPILER)
            .args([
                "-mcpu=cortex-m4",
                "-mthumb",
                "-mfloat-abi=hard",
                "-mfpu=fpv4-sp-d16",
            ])
            .arg(format!("--print-file-name={library}"))
            .output()
            .expect("the compiler runs");
        let path = PathBuf::from(String::from_utf8_lossy(&found.stdout).trim());
        let folder = path.parent().expect("a library lies in a folder");
        println!("cargo:rustc-link-search=native={}", folder.display());
        let name = library.trim_start_matches("lib").trim_end_matches(".a");
        println!("cargo:rustc-link-lib=static:-bundle={name}");
    }
}
