//! Disks without space.

use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use groundlog_tests::{
    Spacecraft, Stack, StackOptions, bare_target, groundlog, packet, packet_sized, send, wait_for,
};
use serde_json::json;

const SOON: Duration = Duration::from_secs(10);

/// A file system of a few megabytes, unmounted when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts it in a folder; `None` without the right to: the log's own tests cover the error
    /// with a failing file.
    fn mount(folder: &Path) -> Option<Self> {
        let disk = folder.join("disk");
        std::fs::create_dir(&disk).expect("folder");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=24m", "groundlog-test"]).arg(&disk);
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        if !mounted {
            println!("SKIPPED: no right to mount a small tmpfs");
        }
        mounted.then_some(Self(disk))
    }

    /// Writes until nothing more fits; returns the file.
    fn fill(&self) -> PathBuf {
        let path = self.0.join("filler");
        let mut file = File::create(&path).expect("filler");
        while file.write_all(&[0; 4096]).is_ok() {}
        while file.write_all(&[0; 1]).is_ok() {}
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// A full disk: the system says so, keeps what it acknowledged, and goes on when there is space.
#[test]
fn a_full_disk_is_reported_and_survived() {
    let folder = tempfile::tempdir().expect("folder");
    let Some(disk) = SmallDisk::mount(folder.path()) else { return };
    let spacecraft = Spacecraft::new();
    let target = bare_target(folder.path());
    let mut stack = Stack::start(
        &StackOptions::with(&[
            "--plugin",
            &target.to_string_lossy(),
            "--connect",
            &format!("tcp://{}", spacecraft.address()),
            "--protocol",
            "LENGTH 0 16 2",
        ])
        .data(&disk.0.join("data")),
    );
    let mut stream = spacecraft.accept();
    assert!(send(&mut stream, &packet(0)));
    wait_for("the first packet is decoded", SOON, || {
        (stack.http.call("tlm", json!(["TEST", "DATA", "COUNTER"])) == 0).then_some(())
    });
    let filler = disk.fill();
    for counter in 1..=20 {
        assert!(send(&mut stream, &packet_sized(counter, 4096)));
    }
    wait_for("the full disk is reported", Duration::from_secs(20), || {
        let metrics = stack.http.get("/metrics")?;
        let status = stack.http.get("/groundlog/v1/status")?;
        let said = format!("{}{}{}", stack.said(), metrics.text, status.text);
        said.contains("no space left").then_some(())
    });
    std::fs::remove_file(&filler).expect("space is back");
    wait_for("everything arrives after all", Duration::from_secs(30), || {
        (stack.http.call("tlm", json!(["TEST", "DATA", "COUNTER"])) == 20).then_some(())
    });
    let count = stack.http.call("get_tlm_cnt", json!(["TEST", "DATA"]));
    assert_eq!(count, 21);
    stack.interrupt();
}

/// A start that fails for want of space promises nothing.
#[test]
fn a_start_on_a_full_disk_says_what_to_do() {
    let folder = tempfile::tempdir().expect("folder");
    let Some(disk) = SmallDisk::mount(folder.path()) else { return };
    disk.fill();
    let data = disk.0.join("data");
    let output = groundlog(&["run", "--data", &data.display().to_string()]);
    assert_eq!(output.code, 1, "{}", output.stderr);
    for part in ["o space left on", "start again"] {
        assert!(output.stderr.contains(part), "'{part}' is not in: {}", output.stderr);
    }
    assert!(!output.stderr.contains("by itself"), "{}", output.stderr);
    assert!(!data.exists(), "the folder that the start made is there");
}
