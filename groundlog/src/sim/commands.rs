//! The commands of the demo target.

use super::ccsds::RawCommand;

/// What the spacecraft is told to do.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Command {
    Collect { kind: u16, duration_s: f32, opcode: u8, warming_c: f32 },
    Abort,
    Clear,
    SetParams([u16; 5]),
}

impl Command {
    /// Reads a command; `None` when it is unknown, too short, or a value is out of its range.
    pub(super) fn read(raw: &RawCommand<'_>) -> Option<Self> {
        match raw.id {
            1 => {
                let fields: &[u8; 11] = raw.parameters.first_chunk()?;
                let [k0, k1, d0, d1, d2, d3, opcode, t0, t1, t2, t3] = *fields;
                let kind = u16::from_be_bytes([k0, k1]);
                let duration_s = f32::from_be_bytes([d0, d1, d2, d3]);
                let warming_c = f32::from_be_bytes([t0, t1, t2, t3]);
                // The ground may send without a range check; the spacecraft has one of its own.
                let sane = kind <= 1
                    && (0.0..=3600.0).contains(&duration_s)
                    && (-50.0..=50.0).contains(&warming_c);
                sane.then_some(Self::Collect { kind, duration_s, opcode, warming_c })
            }
            2 => Some(Self::Abort),
            3 => Some(Self::Clear),
            4 => {
                let fields: &[u8; 10] = raw.parameters.first_chunk()?;
                let (pairs, _) = fields.as_chunks::<2>();
                let mut values = [0; 5];
                for (value, pair) in values.iter_mut().zip(pairs) {
                    *value = u16::from_be_bytes(*pair);
                }
                Some(Self::SetParams(values))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(id: u16, parameters: &[u8]) -> Option<Command> {
        Command::read(&RawCommand { id, parameters })
    }

    #[test]
    fn reads_the_four_commands() {
        let mut collect = vec![0, 1];
        collect.extend_from_slice(&5.0_f32.to_be_bytes());
        collect.push(0xab);
        collect.extend_from_slice(&2.5_f32.to_be_bytes());
        assert_eq!(
            read(1, &collect),
            Some(Command::Collect { kind: 1, duration_s: 5.0, opcode: 0xab, warming_c: 2.5 })
        );
        assert_eq!(read(1, &collect[..10]), None, "too short");
        collect[1] = 7;
        assert_eq!(read(1, &collect), None, "no such kind");
        assert_eq!(read(2, &[]), Some(Command::Abort));
        assert_eq!(read(3, &[]), Some(Command::Clear));
        assert_eq!(
            read(4, &[0, 1, 0, 0, 0, 1, 0, 0, 1, 2]),
            Some(Command::SetParams([1, 0, 1, 0, 258]))
        );
        assert_eq!(read(9, &[]), None);
    }
}
