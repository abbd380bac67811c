use std::{fmt, sync::Arc};

/// Says what is wrong with parameters for an interface, in words.
type Check = dyn Fn(&str, &[String]) -> Result<(), String> + Send + Sync;

/// Judges the parameters of a connect directive before it is given: the owner of the interface
/// refuses wrong ones too, but only who asks can be told by the gateway. Cheap to clone.
#[derive(Clone)]
pub struct ParameterCheck(Arc<Check>);

impl ParameterCheck {
    /// Takes the judge: interface (name in capitals) and parameters, in order.
    pub fn new(
        check: impl Fn(&str, &[String]) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(check))
    }

    pub(crate) fn check(&self, interface: &str, parameters: &[String]) -> Result<(), String> {
        (self.0)(interface, parameters)
    }
}

impl Default for ParameterCheck {
    /// Passes everything on to the owner of the interface.
    fn default() -> Self {
        Self::new(|_, _| Ok(()))
    }
}

impl fmt::Debug for ParameterCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParameterCheck").finish_non_exhaustive()
    }
}
