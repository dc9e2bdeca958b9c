//! Files: nothing but a store is ever written to, and nothing is lost by opening one.
#![cfg(all(feature = "std", not(miri)))]

use rekindle::prelude::*;
use rekindle::store::FileErrorKind;
use std::fs;
use std::path::PathBuf;
use std::string::ToString;
use std::vec::Vec;

/// A path of this test, removed at its end.
struct Temp(PathBuf);

impl Temp {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(std::format!("rekindle-{name}-{}.nvm", std::process::id()));
        let _ = fs::remove_file(&path);
        Self(path)
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[derive(Layout)]
struct Data {
    x: Buffer<[u8; 16]>,
}

#[test]
fn what_was_written_is_there_after_reopening() {
    let path = Temp::new("reopen");
    let mut nvm =
        Nvm::<Data, _>::open(File::create_or_open(&path.0, 512).unwrap().sync(true)).unwrap();
    nvm.write(|m| &mut m.x, b"sixteen bytes ok").unwrap();
    drop(nvm);
    let mut nvm = Nvm::<Data, _>::open(File::create_or_open(&path.0, 512).unwrap()).unwrap();
    assert_eq!(nvm.status(), Status::Idle);
    assert_eq!(&nvm.read(|m| &m.x).unwrap(), b"sixteen bytes ok");
}

#[test]
fn a_missing_file_is_named() {
    let path = Temp::new("missing");
    let error = File::open(&path.0).unwrap_err();
    assert!(matches!(error.kind(), FileErrorKind::Missing));
    assert!(error.to_string().starts_with(path.0.to_str().unwrap()));
}

#[test]
fn another_file_is_never_touched() {
    for contents in [&b""[..], b"short", &[b'x'; 4096]] {
        let path = Temp::new("other");
        fs::write(&path.0, contents).unwrap();
        for error in [File::open(&path.0), File::create_or_open(&path.0, 8)].map(Result::unwrap_err)
        {
            assert!(matches!(error.kind(), FileErrorKind::NotAStore), "{error}");
        }
        assert!(matches!(
            File::create(&path.0, 8).unwrap_err().kind(),
            FileErrorKind::Exists
        ));
        assert_eq!(fs::read(&path.0).unwrap(), contents);
    }
}

#[test]
fn a_truncated_store_is_refused() {
    let path = Temp::new("truncated");
    File::create(&path.0, 512).unwrap();
    fs::OpenOptions::new()
        .write(true)
        .open(&path.0)
        .unwrap()
        .set_len(200)
        .unwrap();
    let error = File::open(&path.0).unwrap_err();
    assert!(
        matches!(
            error.kind(),
            FileErrorKind::Truncated {
                len: 200,
                wanted: 544
            }
        ),
        "{error}"
    );
}

#[test]
fn a_damaged_header_is_refused() {
    let path = Temp::new("header");
    File::create(&path.0, 512).unwrap();
    let bytes = fs::read(&path.0).unwrap();
    for i in 0..32 {
        let mut bytes = bytes.clone();
        bytes[i] ^= 1;
        fs::write(&path.0, &bytes).unwrap();
        assert!(
            matches!(
                File::open(&path.0).unwrap_err().kind(),
                FileErrorKind::NotAStore
            ),
            "byte {i}"
        );
    }
}

#[test]
fn a_store_is_never_made_smaller_or_larger() {
    let path = Temp::new("resize");
    File::create(&path.0, 512).unwrap();
    let error = File::create_or_open(&path.0, 513).unwrap_err();
    assert!(
        matches!(
            error.kind(),
            FileErrorKind::Smaller {
                capacity: 512,
                wanted: 513
            }
        ),
        "{error}"
    );
    assert_eq!(File::create_or_open(&path.0, 100).unwrap().capacity(), 512);
    assert_eq!(fs::metadata(&path.0).unwrap().len(), 544);
}

#[test]
fn an_unfinished_creation_leaves_nothing_under_the_name() {
    let path = Temp::new("atomic");
    let directory: Vec<_> = fs::read_dir(path.0.parent().unwrap())
        .unwrap()
        .flatten()
        .map(|e| e.path())
        .collect();
    File::create(&path.0, 100_000).unwrap();
    let name = path.0.file_name().unwrap().to_str().unwrap();
    let left = fs::read_dir(path.0.parent().unwrap())
        .unwrap()
        .flatten()
        .map(|e| e.path());
    let left: Vec<_> = left
        .filter(|p| !directory.contains(p) && p.to_string_lossy().contains(name))
        .collect();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0], path.0);
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_an_error_of_the_access() {
    use std::os::unix::fs::symlink;
    // The device that is always full cannot hold a header, so it is no store; a directory cannot be opened at all.
    let path = Temp::new("full");
    symlink("/dev/full", &path.0).unwrap();
    assert!(File::open(&path.0).is_err());
    assert!(File::open("/").is_err());
    assert!(File::create("/proc/no-such-file", 10).is_err());
}

#[test]
fn an_access_outside_is_named() {
    let path = Temp::new("range");
    let mut file = File::create(&path.0, 64).unwrap();
    let error = file.write(60, &[0; 5]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "5 bytes at 60 are outside the store of 64 bytes"
    );
    // The file shrinks under us.
    fs::OpenOptions::new()
        .write(true)
        .open(&path.0)
        .unwrap()
        .set_len(40)
        .unwrap();
    let error = file.read(0, &mut [0; 64]).unwrap_err();
    assert!(
        error.to_string().starts_with("reading 64 bytes at 0: "),
        "{error}"
    );
}
