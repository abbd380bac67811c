//! BURST: what one read yields is one packet (cosmos-runtime §2.3).

use super::{
    Attributes, Flow, FrameSink, ProtocolError, ProtocolPair, ReadProtocol, WriteProtocol,
    sync::Framing,
};
use crate::{ConfigError, params::Params};

/// Builds the protocol: leading bytes to discard (0), sync pattern (nil), fill fields (false),
/// allow empty (nil).
pub(super) fn build(params: &Params<'_>) -> Result<ProtocolPair, ConfigError> {
    params.at_most(4)?;
    let framing = Framing {
        discard_leading: params.count((0, "discard leading bytes"), 0)?,
        sync: params.hex((1, "sync pattern"))?,
        fill: params.flag((2, "fill fields"))?.unwrap_or(false),
    };
    Ok(ProtocolPair {
        class: "BurstProtocol",
        allow_empty: params.flag((3, "allow empty data"))?,
        read: Box::new(Burst(framing.clone())),
        write: Box::new(Burst(framing)),
    })
}

#[derive(Debug)]
struct Burst(Framing);

impl ReadProtocol for Burst {
    fn read(
        &mut self,
        input: &mut &[u8],
        attributes: &Attributes<'_>,
        out: &mut dyn FrameSink,
    ) -> Result<(), ProtocolError> {
        if !input.is_empty() && self.0.find_sync(input, out) {
            let packet = std::mem::take(input);
            out.frame(self.0.strip(packet), attributes)?;
        }
        Ok(())
    }

    fn reset(&mut self) {}
}

impl WriteProtocol for Burst {
    fn write_packet(&mut self, packet: &mut Vec<u8>) -> Result<Flow, ProtocolError> {
        self.0.fill_packet(packet).map(|()| Flow::Continue)
    }

    fn write_data(&mut self, data: &mut Vec<u8>) -> Result<Flow, ProtocolError> {
        self.0.fill_data(data).map(|()| Flow::Continue)
    }

    fn reset(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::testing::{Collected, feed, hex};

    fn burst(values: &[&str]) -> ProtocolPair {
        let values: Vec<String> = values.iter().map(|&text| text.to_owned()).collect();
        build(&Params { class: "BURST", location: "plugin.txt:1", values: &values }).unwrap()
    }

    fn written(pair: &mut ProtocolPair, packet: &str) -> Vec<u8> {
        let mut data = hex(packet);
        pair.write.write_packet(&mut data).unwrap();
        pair.write.write_data(&mut data).unwrap();
        data
    }

    #[test]
    fn reads_the_worked_example() {
        let mut out = Collected::default();
        let reads = [hex("0011 1ACFFC1D 0102"), hex("1ACF"), hex("FC1D 03")];
        let reads: Vec<&[u8]> = reads.iter().map(Vec::as_slice).collect();
        let rest = feed(&mut *burst(&["4", "0x1ACFFC1D"]).read, &reads, &mut out).unwrap();
        assert!(rest.is_empty());
        assert_eq!(out.frames, [hex("0102"), hex("03")]);
        assert_eq!(out.discarded, [(hex("0011"), "no sync pattern".to_owned())]);
    }

    #[test]
    fn without_a_pattern_every_read_is_a_packet() {
        let mut out = Collected::default();
        feed(&mut *burst(&[]).read, &[&[1, 2], &[3]], &mut out).unwrap();
        assert_eq!(out.frames, [vec![1, 2], vec![3]]);
    }

    #[test]
    fn writes_the_worked_examples() {
        let mut with_leading = burst(&["4", "0x1ACFFC1D", "true"]);
        assert_eq!(written(&mut with_leading, "0102"), hex("1ACFFC1D 0102"));
        let mut inside = burst(&["0", "0x1ACF", "true"]);
        assert_eq!(written(&mut inside, "00000102"), hex("1ACF0102"));
        let mut plain = burst(&["4", "0x1ACFFC1D"]);
        assert_eq!(written(&mut plain, "0102"), hex("0102"));
    }

    #[test]
    fn a_packet_shorter_than_the_pattern_is_refused() {
        let refused = burst(&["0", "0x1ACF", "true"]).write.write_packet(&mut vec![1]);
        assert!(refused.unwrap_err().to_string().contains("sync pattern needs 2 bytes"));
    }
}
