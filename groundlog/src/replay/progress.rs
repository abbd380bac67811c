use std::{
    io::{IsTerminal as _, Write as _},
    path::Path,
    time::Instant,
};

/// One line on standard error that is written over while a file is read; nothing where standard
/// error is no terminal.
pub(crate) struct ProgressLine {
    name: String,
    bytes: u64,
    started: Instant,
    shown: bool,
    enabled: bool,
}

impl ProgressLine {
    /// Begins a file.
    pub(crate) fn new(path: &Path) -> Self {
        Self {
            name: path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
            bytes: std::fs::metadata(path).map_or(0, |data| data.len()),
            started: Instant::now(),
            shown: false,
            enabled: std::io::stderr().is_terminal(),
        }
    }

    /// Shows how far the file is.
    pub(crate) fn show(&mut self, packets: u64, offset: u64) {
        if !self.enabled {
            return;
        }
        self.shown = true;
        let line =
            line(&self.name, packets, offset, self.bytes, self.started.elapsed().as_secs_f64());
        let mut error = std::io::stderr().lock();
        // Progress that cannot be shown is no reason to stop.
        let _ = write!(error, "\r{line}\x1b[K").and_then(|()| error.flush());
    }

    /// Removes the line.
    pub(crate) fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            let mut error = std::io::stderr().lock();
            let _ = write!(error, "\r\x1b[K").and_then(|()| error.flush());
        }
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        self.clear();
    }
}

fn line(name: &str, packets: u64, offset: u64, bytes: u64, seconds: f64) -> String {
    const WIDTH: u64 = 24;
    let done = offset.min(bytes) * WIDTH / bytes.max(1);
    let bar: String = (0..WIDTH).map(|place| if place < done { '#' } else { '.' }).collect();
    let percent = offset.min(bytes) * 100 / bytes.max(1);
    let rate = packets as f64 / seconds.max(0.001);
    format!("{name} [{bar}] {percent:3}%  {packets} packets, {rate:.0}/s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_far() {
        let shown = line("pass.dat", 50, 500, 1000, 0.5);
        assert_eq!(shown, "pass.dat [############............]  50%  50 packets, 100/s");
        assert!(line("empty", 0, 0, 0, 0.0).contains("  0%"));
    }
}
