use std::{
    io::{IsTerminal as _, Write as _},
    path::Path,
    time::Instant,
};

/// One line on standard error that is written over while a file is read; nothing where standard
/// error is no terminal.
pub(crate) struct ProgressLine {
    name: String,
    /// Bytes of the file, where they can be compared with offsets in it.
    bytes: Option<u64>,
    started: Instant,
    shown: bool,
    enabled: bool,
}

impl ProgressLine {
    /// Begins a file.
    pub(crate) fn new(path: &Path) -> Self {
        Self {
            name: path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
            bytes: uncompressed_bytes(path),
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

/// Returns the size of a file; `None` of what is no file, or whose offsets count unpacked bytes.
fn uncompressed_bytes(path: &Path) -> Option<u64> {
    let file = std::fs::metadata(path).ok().filter(|data| data.is_file())?;
    path.extension().is_none_or(|extension| extension != "gz").then_some(file.len())
}

fn line(name: &str, packets: u64, offset: u64, bytes: Option<u64>, seconds: f64) -> String {
    const WIDTH: u64 = 24;
    let rate = packets as f64 / seconds.max(0.001);
    let Some(bytes) = bytes else {
        return format!("{name}  {offset} bytes, {packets} packets, {rate:.0}/s");
    };
    let done = offset.min(bytes) * WIDTH / bytes.max(1);
    let bar: String = (0..WIDTH).map(|place| if place < done { '#' } else { '.' }).collect();
    let percent = offset.min(bytes) * 100 / bytes.max(1);
    format!("{name} [{bar}] {percent:3}%  {packets} packets, {rate:.0}/s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_far() {
        let shown = line("pass.dat", 50, 500, Some(1000), 0.5);
        assert_eq!(shown, "pass.dat [############............]  50%  50 packets, 100/s");
        assert!(line("empty", 0, 0, Some(0), 0.0).contains("  0%"));
        let unpacked = line("pass.gz", 50, 500, None, 0.5);
        assert_eq!(unpacked, "pass.gz  500 bytes, 50 packets, 100/s");
    }
}
