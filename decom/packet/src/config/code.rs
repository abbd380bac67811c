//! Keywords that name a class of code for a packet (cosmos-packets §2.2, §2.8).

use super::arguments::Arguments;
use super::parser::{FileParser, NOT_BUILT_IN};
use crate::definition::{
    Accessor, CodeClass, OpaqueKind, PacketKind, ProcessorDefinition, ProcessorKind, SelectedItem,
    ValueType,
};

/// Statistics over more values than this are refused: snapshots hold them all.
const MAX_SAMPLES: usize = 100_000;

impl FileParser<'_> {
    pub(super) fn code(&mut self, arguments: Arguments<'_>) -> Result<(), String> {
        let keyword = arguments.keyword();
        if keyword == "PROCESSOR" {
            if self.current_packet()?.kind != PacketKind::Telemetry {
                return Err("PROCESSOR only applies to telemetry packets".to_owned());
            }
            return self.processor(arguments);
        }
        let class = self.code_class(arguments, 0)?;
        let name = class.class.clone();
        let kind = match keyword {
            "ACCESSOR" => {
                let accessor = Accessor::of(class)?;
                let packet = self.current_packet()?;
                packet.short_buffer_allowed |= !accessor.is_binary();
                packet.accessor = accessor;
                if !matches!(packet.accessor.body(), Accessor::Other(_)) {
                    return Ok(());
                }
                OpaqueKind::Accessor
            }
            "VALIDATOR" => {
                if self.current_packet()?.kind != PacketKind::Command {
                    return Err("VALIDATOR only applies to command packets".to_owned());
                }
                let code = self.draft.registry.make_validator(&name, &class.args)?;
                let is_registered = code.is_some();
                let packet = self.current_packet()?;
                packet.validator = Some(class);
                packet.validator_code = code;
                if is_registered {
                    return Ok(());
                }
                OpaqueKind::Validator
            }
            _ => {
                self.current_packet()?.subpacketizer = Some(class);
                OpaqueKind::Subpacketizer
            }
        };
        self.opaque(kind, &name, NOT_BUILT_IN);
        Ok(())
    }

    /// Adds a processor, in place of one of the same name.
    fn processor(&mut self, arguments: Arguments<'_>) -> Result<(), String> {
        let name = arguments.upper(0)?;
        let class = self.code_class(arguments, 1)?;
        let kind = match processor_kind(&class)? {
            Some(kind) => kind,
            None => match self.draft.registry.make_processor(&class.class, &class.args)? {
                Some(code) => ProcessorKind::Registered(code),
                None => ProcessorKind::Opaque,
            },
        };
        if kind == ProcessorKind::Opaque {
            self.opaque(OpaqueKind::Processor, &class.class, NOT_BUILT_IN);
        }
        let processors = &mut self.current_packet()?.processors;
        let processor = ProcessorDefinition { name, class, kind };
        match processors.iter_mut().find(|known| known.name == processor.name) {
            Some(known) => *known = processor,
            None => processors.push(processor),
        }
        Ok(())
    }
}

/// Reads the arguments of a built-in processor: `item, [value type]` of a watermark, `item,
/// samples, [value type]` of statistics; `None` for other classes.
fn processor_kind(class: &CodeClass) -> Result<Option<ProcessorKind>, String> {
    let CodeClass { class, args, .. } = class;
    let source = |place: usize| {
        let name = args.first().ok_or_else(|| format!("{class} needs the name of an item"))?;
        let value_type = match args.get(place) {
            None => ValueType::Converted,
            Some(word) => ValueType::from_word(word).ok_or_else(|| {
                format!("{class}: value type {word} must be RAW, CONVERTED or FORMATTED")
            })?,
        };
        Ok::<_, String>(SelectedItem { name: name.to_uppercase(), value_type })
    };
    Ok(Some(match class.as_str() {
        "WatermarkProcessor" => ProcessorKind::Watermark { source: source(1)? },
        "StatisticsProcessor" => {
            let samples = args.get(1).and_then(|text| text.parse().ok());
            let samples = samples.filter(|samples| (1..=MAX_SAMPLES).contains(samples));
            let samples = samples.ok_or_else(|| {
                format!("{class} needs a number of samples from 1 to {MAX_SAMPLES}")
            })?;
            ProcessorKind::Statistics { source: source(2)?, samples }
        }
        _ => return Ok(None),
    }))
}
