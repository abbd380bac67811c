//! One file: statements change the current packet and item.

use std::collections::HashMap;
use std::sync::Arc;

use super::arguments::Arguments;
use super::builder::Draft;
use super::error::ConfigError;
use super::keywords::{self, Keyword, Level};
use super::lines::{Lexer, Statement};
use crate::definition::{
    CodeClass, Endianness, Item, Opaque, OpaqueKind, Packet, PacketKind, SourceLocation, class_name,
};

/// Why code is not run that is named by file or class.
pub(super) const NOT_BUILT_IN: &str = "no code of that name is built in or registered";
/// Target whose files may name packets of any target.
pub(super) const SYSTEM: &str = "SYSTEM";

/// Parses one file of a target into a [`Draft`].
pub(crate) struct FileParser<'a> {
    pub(super) draft: &'a mut Draft,
    pub(super) target: &'a str,
    file: Arc<str>,
    /// Line of the statement at hand.
    pub(super) line: u32,
    pub(super) packet: Option<Packet>,
    /// Name of the current item, which is an item of the current packet.
    pub(super) item: Option<String>,
    /// Where the items of the current packet were defined, for errors found at its close.
    pub(super) item_statements: HashMap<String, Statement>,
    pub(super) packet_statement: Option<Statement>,
    /// Whether this file has an error already, so that follow-up noise is dropped.
    failed: bool,
}

impl<'a> FileParser<'a> {
    pub(crate) fn new(draft: &'a mut Draft, target: &'a str, path: &str) -> Self {
        Self {
            draft,
            target,
            file: path.into(),
            line: 0,
            packet: None,
            item: None,
            item_statements: HashMap::new(),
            packet_statement: None,
            failed: false,
        }
    }

    /// Reads the whole file; errors are collected in the draft.
    pub(crate) fn parse(mut self, text: &str) {
        let mut lexer = Lexer::new(text);
        while let Some(statement) = lexer.next_statement() {
            self.line = statement.line;
            if let Err(message) = self.statement(&mut lexer, &statement) {
                self.refuse(&statement, message);
                self.recover(&statement);
            }
        }
        self.close_packet();
        for (line, loss) in lexer.losses {
            self.line = line;
            self.warn(loss.to_owned());
        }
    }

    /// Goes on after a refused statement, so that the errors behind it are found as well.
    fn recover(&mut self, statement: &Statement) {
        let kind = match statement.keyword.as_str() {
            "COMMAND" => PacketKind::Command,
            "TELEMETRY" => PacketKind::Telemetry,
            _ => return,
        };
        // What follows belongs to this packet, not to the one before.
        self.close_packet();
        let name = statement.parameters.get(1).map_or("?", |token| token.text.as_str());
        let location = self.location();
        self.packet = Some(Packet::new(kind, self.target, name, Endianness::Big, location));
        self.packet_statement = Some(statement.clone());
    }

    /// Records an error, unless it only follows from an earlier one.
    pub(super) fn refuse(&mut self, statement: &Statement, message: String) {
        let follow_up =
            message.starts_with("No current item") || message.starts_with("No current packet");
        if self.failed && follow_up {
            return;
        }
        self.failed = true;
        let usage = keywords::find(&statement.keyword).map(|k| k.usage(&statement.keyword));
        self.draft.errors.push(ConfigError {
            file: self.file.clone(),
            line: statement.line,
            statement: statement.text.clone(),
            message,
            usage,
        });
    }

    fn statement(&mut self, lexer: &mut Lexer<'_>, statement: &Statement) -> Result<(), String> {
        let word = statement.keyword.as_str();
        let keyword = keywords::find(word).ok_or_else(|| format!("Unknown keyword '{word}'"))?;
        let arguments = Arguments::new(statement);
        if let Err(message) = self.may_stand(keyword, arguments) {
            if word.starts_with("GENERIC_") && word.ends_with("_START") {
                // The code of a refused conversion holds no keywords.
                lexer.skip_verbatim();
            }
            return Err(message);
        }
        match keyword.level {
            Level::Top => self.top_level(arguments),
            Level::Packet => self.packet_level(arguments),
            Level::Item => self.item_level(lexer, arguments),
        }
    }

    fn may_stand(&self, keyword: Keyword, arguments: Arguments<'_>) -> Result<(), String> {
        let word = arguments.keyword();
        if keyword.level != Level::Top && self.packet.is_none() {
            return Err(format!("No current packet for {word}"));
        }
        arguments.count(keyword.minimum, keyword.maximum)?;
        if keyword.level == Level::Item && self.item.is_none() {
            return Err(format!("No current item for {word}"));
        }
        Ok(())
    }

    pub(super) fn location(&self) -> SourceLocation {
        SourceLocation { file: self.file.clone(), line: self.line }
    }

    /// Returns the current packet, or the message that there is none.
    pub(super) fn current_packet(&mut self) -> Result<&mut Packet, String> {
        self.packet.as_mut().ok_or_else(|| "No current packet".to_owned())
    }

    /// Returns the current item, or the message that there is none.
    pub(super) fn current_item(&mut self) -> Result<&mut Item, String> {
        let name = self.item.clone().unwrap_or_default();
        let found = self.packet.as_mut().and_then(|packet| packet.item_mut(&name));
        found.ok_or_else(|| "No current item".to_owned())
    }

    /// Returns `TARGET PACKET` of the current packet.
    pub(super) fn packet_label(&self) -> String {
        self.packet
            .as_ref()
            .map(|packet| format!("{} {}", packet.target_name, packet.packet_name))
            .unwrap_or_default()
    }

    /// Returns whether the target's code is Python.
    pub(super) fn python(&self) -> bool {
        self.draft.targets.get(self.target).is_some_and(|target| target.language == "python")
    }

    /// Notes something that looks wrong, with the place of the statement at hand.
    pub(super) fn warn(&mut self, text: String) {
        self.draft.warnings.push((Some(self.location()), text));
    }

    /// Notes code that is kept by name and not run.
    pub(super) fn opaque(&mut self, kind: OpaqueKind, name: &str, reason: &str) {
        let mut owner = self.packet_label();
        let of_item = matches!(
            kind,
            OpaqueKind::ReadConversion | OpaqueKind::WriteConversion | OpaqueKind::LimitsResponse
        );
        if let Some(item) = self.item.as_ref().filter(|_| of_item) {
            owner.push(' ');
            owner.push_str(item);
        }
        let (name, reason) = (name.to_owned(), reason.to_owned());
        let opaque = Opaque { kind, name, owner, location: self.location(), reason };
        self.draft.unsupported.push(opaque.to_string());
        self.draft.opaque.push(opaque);
    }

    /// Reads a class and its arguments from the parameters that start at an index.
    pub(super) fn code_class(
        &self,
        arguments: Arguments<'_>,
        from: usize,
    ) -> Result<CodeClass, String> {
        Ok(CodeClass {
            class: class_name(arguments.text(from)?),
            args: arguments.rest(from + 1),
            location: self.location(),
        })
    }
}
