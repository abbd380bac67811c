use proptest::prelude::*;

use super::*;

fn event(id: u8, state: CommandState, key: &str) -> CommandEvent {
    let request = matches!(state, CommandState::Requested | CommandState::Rejected)
        .then(|| CommandRequest { idempotency_key: key.to_owned(), ..Default::default() });
    CommandEvent {
        command_id: id.to_string(),
        state: state as i32,
        target: "INST".to_owned(),
        command: "ABORT".to_owned(),
        request,
        ..Default::default()
    }
}

fn fold(book: &mut CommandBook, from: Offset, events: &[CommandEvent]) -> Vec<Applied> {
    events.iter().zip(from..).map(|(event, offset)| book.apply(offset, event.clone())).collect()
}

#[test]
fn a_command_goes_its_way() {
    use CommandState::*;
    let mut book = CommandBook::new(10);
    let events = [Requested, Released, Released, Sent, Requested, Sent].map(|s| event(1, s, "k"));
    assert_eq!(
        fold(&mut book, 0, &events),
        [
            Applied::Began,
            Applied::Moved,
            Applied::Repeated,
            Applied::Moved,
            Applied::Illegal { from: Some(Sent) },
            Applied::Repeated,
        ]
    );
    assert_eq!(fold(&mut book, 6, &[event(2, Sent, "")]), [Applied::Illegal { from: None }]);
}

#[test]
fn a_late_sent_annotates_uncertain() {
    use CommandState::*;
    let mut book = CommandBook::new(10);
    let events = [Requested, Released, Uncertain, Sent].map(|s| event(1, s, ""));
    assert_eq!(fold(&mut book, 0, &events)[3], Applied::Annotated);
    assert_eq!(book.state("1"), Some(Uncertain));
    assert!(book.is_annotated("1"));
}

#[test]
fn the_first_idempotency_key_wins() {
    use CommandState::Requested;
    let mut book = CommandBook::new(10);
    let refused = event(0, CommandState::Rejected, "k");
    let events = [refused, event(1, Requested, "k"), event(2, Requested, "k")];
    fold(&mut book, 0, &events);
    assert_eq!(book.duplicate_of("1"), None, "a refusal claims no key");
    assert_eq!(book.duplicate_of("2"), Some("1"));
}

#[test]
fn a_command_that_never_went_out_gives_its_key_back() {
    use CommandState::{Expired, Rejected, Requested, Sent};
    for end in [Rejected, Expired] {
        let mut book = CommandBook::new(10);
        let ended = CommandEvent { request: None, ..event(1, end, "") };
        fold(&mut book, 0, &[event(1, Requested, "k"), ended, event(2, Requested, "k")]);
        assert_eq!(book.duplicate_of("2"), None);
    }
    let mut book = CommandBook::new(10);
    let events = [
        event(1, Requested, "k"),
        event(1, CommandState::Released, ""),
        event(1, Sent, ""),
        event(2, Requested, "k"),
    ];
    fold(&mut book, 0, &events);
    assert_eq!(book.duplicate_of("2"), Some("1"));
}

#[test]
fn open_commands_hold_the_checkpoint() {
    use CommandState::{Released, Requested, Sent};
    let mut book = CommandBook::new(2);
    fold(&mut book, 0, &[event(0, Requested, "a")]);
    for id in 1..10 {
        let events = [Requested, Released, Sent].map(|s| event(id, s, ""));
        fold(&mut book, Offset::from(id) * 10, &events);
    }
    assert_eq!(book.checkpoint(), 0);
    fold(&mut book, 100, &[Released, Sent].map(|s| event(0, s, "")));
    assert_eq!(book.checkpoint(), 80, "the last two are remembered");
    assert_eq!(book.state("7"), None);
}

fn any_state() -> impl Strategy<Value = CommandState> {
    (1..=11).prop_map(|number| CommandState::try_from(number).unwrap())
}

proptest! {
    /// X20: whatever events a log holds, every command follows the table from its first event to
    /// one end, and a fold from the checkpoint gives what the whole fold gives.
    #[test]
    fn state_is_a_pure_fold_along_the_table(
        events in proptest::collection::vec((0u8..40, any_state(), "[ab]?"), 0..120),
        remembered in 1usize..8,
    ) {
        // Ids are unique: a command begins once.
        let mut begun = std::collections::HashSet::new();
        let events: Vec<_> = events
            .iter()
            .filter(|(id, state, _)| !begins(*state) || begun.insert(*id))
            .map(|(id, state, key)| event(*id, *state, key))
            .collect();
        let mut book = CommandBook::new(remembered);
        let mut last: HashMap<String, CommandState> = HashMap::new();
        for (offset, event) in events.iter().enumerate() {
            let id = event.command_id.clone();
            let known = book.state(&id);
            let applied = book.apply(offset as Offset, event.clone());
            match applied {
                Applied::Began => {
                    prop_assert!(known.is_none() && begins(event.state()));
                    last.insert(id, event.state());
                }
                Applied::Moved => {
                    prop_assert!(leads(last[&id], event.state()));
                    last.insert(id, event.state());
                }
                _ => prop_assert_eq!(book.state(&id), known),
            }
        }
        let from = book.checkpoint() as usize;
        let mut again = CommandBook::new(remembered);
        fold(&mut again, from as Offset, &events[from.min(events.len())..]);
        for state in [CommandState::Requested, CommandState::Authorised, CommandState::Queued,
            CommandState::Released]
        {
            prop_assert_eq!(again.in_state(state), book.in_state(state));
        }
    }
}
