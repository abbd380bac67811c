use clap::Args;
use groundlog_replay::{FileLayout, Format, SubsecondUnit, TimeSource};

use crate::usage::wrong_usage;

/// How packets stand in files; the same words for `replay` and `decode`.
#[derive(Debug, Args)]
pub(crate) struct LayoutArgs {
    /// How packets stand in the files: ccsds (space packets, one after the other); cosmos (packet
    /// logs of COSMOS 5 and later); dump (a file header and records with headers of 20 bytes each,
    /// field by field in docs/recorded-files.md); fixed:N (packets of N bytes);
    /// length:BIT_OFFSET,BIT_SIZE and as far as needed ,VALUE_OFFSET ,BYTES_PER_COUNT ,big or ,little
    /// (as COSMOS's LENGTH protocol; --skip-header-bytes are its leading bytes to be discarded)
    #[arg(long, value_name = "FORMAT", default_value = "ccsds")]
    format: Format,
    /// Foreign bytes before every packet (in a dump: at the start of every record's message)
    #[arg(long, value_name = "N", default_value_t = 0,
          value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    skip_header_bytes: u32,
    /// Unit of a dump's TimeSubSeconds: ms, us, ns, 1/N or 1/2^N
    #[arg(long, value_name = "UNIT", default_value = "us")]
    subseconds: SubsecondUnit,
    /// Where a packet's time lies: cds:BYTE (CCSDS day segmented, at that byte of the packet;
    /// also cds:BYTE,day24,ms|us|ps,epoch=YYYY-MM-DD); unix:ITEM or
    /// unix:ITEM_SECONDS,ITEM_MICROSECONDS; header (of the records of a dump or packet
    /// log; the default there); none
    #[arg(long, value_name = "WHERE")]
    time: Option<TimeSource>,
}

impl LayoutArgs {
    /// Returns how to cut files into packets.
    pub(crate) fn layout(&self) -> FileLayout {
        FileLayout {
            format: self.format,
            skip_header_bytes: self.skip_header_bytes as usize,
            subseconds: self.subseconds,
        }
    }

    /// Returns where the time lies: as asked for, else in the header of a dump's records.
    ///
    /// # Errors
    /// When the header's time is asked of a format that has none.
    pub(crate) fn time(&self) -> anyhow::Result<TimeSource> {
        match (&self.time, self.format) {
            (None, format) if format.has_record_times() => Ok(TimeSource::Header),
            (None, _) => Ok(TimeSource::None),
            (Some(TimeSource::Header), format) if !format.has_record_times() => {
                Err(wrong_usage(format!(
                    "--time header: files of format {format} have no record headers; say --format \
                     dump or cosmos, or where the packet holds its time"
                )))
            }
            (Some(source), _) => Ok(source.clone()),
        }
    }
}
