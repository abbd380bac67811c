//! What rendering may cost: bounds that no real template meets and no hostile one gets past.

/// Units of work of one file with its partials; a step or an operation takes one, long texts and
/// lists more. At some 20 ns each this is well under a second.
const WORK_UNITS: u64 = 10_000_000;

/// Bytes of the longest text that an expression may make.
const TEXT_BYTES_MAX: usize = 1 << 20;

/// Bytes of the longest rendered file.
const OUTPUT_BYTES_MAX: usize = 64 << 20;

/// Blocks, brackets and partials within each other.
const DEPTH_MAX: usize = 160;

/// Partials within partials.
const PARTIALS_MAX: usize = 16;

/// What is left to spend, and how deep the work stands.
#[derive(Debug)]
pub(super) struct Budget {
    units: u64,
    depth: usize,
    partials: usize,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self { units: WORK_UNITS, depth: 0, partials: 0 }
    }

    /// Spends units of work.
    pub(super) fn spend(&mut self, units: usize) -> Result<(), String> {
        let left = self.units.checked_sub(u64::try_from(units).unwrap_or(u64::MAX));
        self.units = left.ok_or("the template takes more work than a file may take")?;
        Ok(())
    }

    /// Spends what making a text of so many bytes costs.
    pub(super) fn spend_text(&mut self, bytes: usize) -> Result<(), String> {
        if bytes > TEXT_BYTES_MAX {
            return Err(format!("a text of more than {TEXT_BYTES_MAX} bytes is too long"));
        }
        self.spend(1 + bytes / 16)
    }

    /// Checks the length of what is rendered so far.
    pub(super) fn check_output(&mut self, length: usize, more: usize) -> Result<(), String> {
        if length + more > OUTPUT_BYTES_MAX {
            return Err(format!("the file becomes longer than {OUTPUT_BYTES_MAX} bytes"));
        }
        self.spend(1 + more / 64)
    }

    pub(super) fn enter(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX { Err("nested too deeply".to_owned()) } else { Ok(()) }
    }

    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    pub(super) fn enter_partial(&mut self) -> Result<(), String> {
        self.partials += 1;
        if self.partials > PARTIALS_MAX {
            return Err(format!("partials render each other more than {PARTIALS_MAX} deep"));
        }
        Ok(())
    }

    pub(super) fn leave_partial(&mut self) {
        self.partials -= 1;
    }
}
