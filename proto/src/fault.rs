/// Says what the loop that met an error should do; only the projection runner decides by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultClass {
    /// Try the same offset again, with bounded back-off.
    Transient,
    /// This record can never be processed: dead letter, then go on.
    Poison,
    /// Nothing can go on: stop the role and exit non-zero.
    Fatal,
}

/// Gives an error its fault class. Every error that can reach a runner implements it.
pub trait Fault: std::error::Error + Send + Sync + 'static {
    /// Returns what the loop should do about this error.
    fn class(&self) -> FaultClass;
}
