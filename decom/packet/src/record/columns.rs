//! All values of a record at once, for consumers that want every item of every record.
//!
//! Reading item by item asks of each item what it is. Here that is asked once per layout: what
//! items lie where becomes lists of neighbours of one kind, which are read in loops without
//! questions.

mod spans;

use std::sync::Arc;

use super::STATUS_CONVERTED_SHIFT;
use super::form::{ConvertedForm, Element, RawForm};
use super::layout::{NO_SLOT, NO_STATE, PackedItem};
use super::view::RecordView;
use crate::limits::LimitsColor;
use spans::{Cell, Span};

/// Buffers for the values of one record after the other, one row per packed item.
///
/// Rows are in the order of [`RecordView::items`] and of [`DecodePlan::published_items`](crate::plan::DecodePlan::published_items). Values
/// that are not single numbers are read otherwise: texts and blocks by
/// [`RecordView::byte_values`], arrays and integers that doubles do not hold exactly by
/// [`RecordView::items`].
///
/// # Examples
/// ```
/// # use groundlog_packet::{definition::{Definitions, PacketKind, TargetSource}, plan::DecodePlan};
/// use groundlog_packet::record::{Columns, PacketMeta, RecordView};
///
/// # let text = "TELEMETRY T P BIG_ENDIAN\nAPPEND_ITEM A 16 UINT\nPOLY_READ_CONVERSION -10 0.5\n\
/// #     APPEND_ITEM B 8 UINT\nSTATE OFF 0\nSTATE ON 1\nAPPEND_ITEM C 16 STRING\n";
/// # let source = TargetSource {
/// #     name: "T".to_owned(),
/// #     target_txt: String::new(),
/// #     files: vec![("cmd_tlm/tlm.txt".to_owned(), text.to_owned())],
/// #     binary_files: vec![],
/// # };
/// # let definitions = Definitions::builder().add_target(source).build().expect("definitions");
/// // A 16 UINT × 0.5 − 10, B 8 UINT with the states OFF and ON, C 16 STRING.
/// let packet = definitions.packet(PacketKind::Telemetry, "T", "P").expect("a packet");
/// let plan = DecodePlan::compile(packet);
/// let (mut record, mut changes) = (Vec::new(), Vec::new());
/// plan.decode_into(b"\x00\x64\x01Hi", PacketMeta::default(), None, &mut record, &mut changes);
///
/// let mut columns = Columns::default();
/// let view = RecordView::new(&plan, PacketMeta::default(), &record).expect("a whole record");
/// view.read_into(&mut columns);
/// assert_eq!(columns.raw()[..2], [100.0, 1.0]);
/// assert_eq!(columns.converted()[0], 40.0);
/// assert_eq!(columns.state(1), Some(1));
/// let texts: Vec<_> = view.byte_values().collect();
/// assert_eq!(texts, [(2, &b"Hi"[..])]);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Columns {
    /// What the buffers were made for: rows that have no value are never written again.
    reader: Option<Arc<Reader>>,
    raw: Vec<f64>,
    converted: Vec<f64>,
    states: Vec<u16>,
    limits: Vec<u8>,
}

impl Columns {
    /// Returns the raw values as doubles; NaN where an item is no single number or is missing.
    #[must_use]
    pub fn raw(&self) -> &[f64] {
        &self.raw
    }

    /// Returns the numbers that conversions give, before states; NaN where an item has no
    /// conversion to a single number or it is missing.
    #[must_use]
    pub fn converted(&self) -> &[f64] {
        &self.converted
    }

    /// Returns the indices of the states, in the order of their definitions; `0xffff` for none.
    #[must_use]
    pub fn states(&self) -> &[u16] {
        &self.states
    }

    /// Returns the state of an item, by row.
    #[must_use]
    pub fn state(&self, row: usize) -> Option<usize> {
        let index = self.states.get(row).copied().filter(|index| *index != NO_STATE)?;
        Some(usize::from(index))
    }

    /// Returns the codes of the limits states; 0 for none.
    #[must_use]
    pub fn limits(&self) -> &[u8] {
        &self.limits
    }

    /// Returns the limits state of an item, by row.
    #[must_use]
    pub fn limits_color(&self, row: usize) -> Option<LimitsColor> {
        LimitsColor::from_code(*self.limits.get(row)?)
    }

    /// Makes the buffers fit a layout, with nothing in them.
    #[cold]
    fn fit(&mut self, reader: &Arc<Reader>, rows: usize) {
        self.raw = vec![f64::NAN; rows];
        self.converted = vec![f64::NAN; rows];
        self.states = vec![NO_STATE; rows];
        self.limits = vec![0; rows];
        self.reader = Some(Arc::clone(reader));
    }
}

/// Which bytes of a record belong to which rows.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    spans: Vec<Span>,
    /// Rows of integers of more than 64 bits, and of values of any type.
    rare: Vec<u32>,
    /// Rows of single texts and blocks.
    bytes: Vec<u32>,
}

impl Reader {
    /// Compiles a layout.
    pub(super) fn of(items: &[PackedItem]) -> Self {
        let mut reader = Self::default();
        let mut cells: Vec<(Cell, Vec<(u32, u32)>)> = Vec::new();
        let mut add = |cell: Cell, slot: u32, row: u32| match cells
            .iter_mut()
            .find(|(known, _)| *known == cell)
        {
            Some((_, slots)) => slots.push((slot, row)),
            None => cells.push((cell, vec![(slot, row)])),
        };
        for (row, item) in (0..).zip(items) {
            if item.limits_at != NO_SLOT {
                add(Cell::Limits, item.limits_at, row);
            }
            if item.is_list() {
                continue;
            }
            match (item.kind, item.raw) {
                (Some(kind), _) => add(Cell::Raw(kind), item.raw_at, row),
                (None, RawForm::One(Element::Int { .. }) | RawForm::Tagged) => {
                    reader.rare.push(row)
                }
                (None, RawForm::One(Element::Bytes { .. }) | RawForm::VariableBytes { .. }) => {
                    reader.bytes.push(row);
                }
                _ => {}
            }
            if item.converted == ConvertedForm::Number {
                add(Cell::Converted, item.converted_at, row);
            }
            if item.state_at != NO_SLOT {
                add(Cell::State, item.state_at, row);
            }
        }
        for (cell, slots) in &cells {
            spans::join(*cell, slots, &mut reader.spans);
        }
        reader
    }
}

impl<'a> RecordView<'a> {
    /// Reads all single numbers, states and limits states of the record into columns.
    ///
    /// Columns that were made for another packet, or by a plan that was compiled anew, are made
    /// again; otherwise nothing is allocated.
    pub fn read_into(&self, columns: &mut Columns) {
        let reader = &self.plan().layout().reader;
        if !columns.reader.as_ref().is_some_and(|known| Arc::ptr_eq(known, reader)) {
            columns.fit(reader, self.plan().layout().items.len());
        }
        spans::read(&reader.spans, self.bytes(), columns);
        if self.has_status() || !reader.rare.is_empty() {
            self.read_rest(reader, columns);
        }
    }

    /// Corrects what is missing and adds what is rare.
    #[cold]
    fn read_rest(&self, reader: &Reader, columns: &mut Columns) {
        for row in &reader.rare {
            let item = self.item_at(*row as usize);
            let number = item.and_then(|item| item.raw_f64()).unwrap_or(f64::NAN);
            columns.raw[*row as usize] = number;
        }
        for row in 0..columns.raw.len() {
            let status = self.status(row);
            if status & 3 != 0 {
                columns.raw[row] = f64::NAN;
            }
            if (status >> STATUS_CONVERTED_SHIFT) & 3 != 0 {
                columns.converted[row] = f64::NAN;
            }
        }
    }

    /// Iterates over the values of items that are single texts or blocks: rows, and bytes as they
    /// were in the packet. Missing ones are left out.
    pub fn byte_values(&self) -> impl Iterator<Item = (usize, &'a [u8])> + use<'a> {
        let view = *self;
        let rows = self.plan().layout().reader.bytes.iter();
        rows.filter_map(move |row| {
            let row = *row as usize;
            Some((row, view.item_at(row)?.raw_bytes()?))
        })
    }
}
