use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, PoisonError},
};

/// Installs a requirements file into a virtual environment `target/NAME` once and returns its
/// Python; a finished installation leaves a stamp.
#[track_caller]
pub fn python(name: &str, requirements: &Path) -> PathBuf {
    // Tests run side by side, and several may want the same environment.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let home = crate::workspace().join("target").join(name);
    let stamp = home.join("installed.txt");
    let wanted = std::fs::read(requirements).expect("the requirements file");
    let python = home.join("bin/python3");
    if std::fs::read(&stamp).ok().as_ref() == Some(&wanted) {
        return python;
    }
    finish(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&home));
    finish(
        Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
            .arg(requirements),
    );
    std::fs::write(stamp, wanted).expect("stamp");
    python
}

/// Runs a command that is to succeed and returns its standard output.
#[track_caller]
pub fn finish(command: &mut Command) -> Vec<u8> {
    let output = match command.output() {
        Ok(output) => output,
        Err(error) => panic!("{command:?}: {error}"),
    };
    assert!(
        output.status.success(),
        "{command:?}\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}
