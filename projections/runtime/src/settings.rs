mod one_time;
mod sessions;

use std::collections::BTreeMap;

use groundlog_proto::{
    DefinitionHash,
    wire::{self, ImportProgress, Scalar, Setting, ValueType, setting::Kind},
};

pub use one_time::OneTimeTokens;
pub use sessions::Sessions;

/// Names one item of one packet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemName {
    /// The target.
    pub target: String,
    /// The packet.
    pub packet: String,
    /// The item.
    pub item: String,
}

impl ItemName {
    /// Names an item.
    pub fn new(target: &str, packet: &str, item: &str) -> Self {
        Self { target: target.to_owned(), packet: packet.to_owned(), item: item.to_owned() }
    }
}

/// The fold of the topic `settings`: of every key the newest event.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settings {
    /// The definitions that new records are to name, and the plug-in they came from.
    pub definitions: Option<(DefinitionHash, String)>,
    /// Overridden values per item, by the form overridden: raw, converted, formatted. An override
    /// of ALL stands under all three with the value as it was given.
    pub overrides: BTreeMap<ItemName, BTreeMap<i32, Scalar>>,
    /// Whether an operator wants the interface connected; absent: as configured.
    pub interfaces: BTreeMap<String, bool>,
    /// How far each import has got, by its id.
    pub imports: BTreeMap<String, ImportProgress>,
    /// Items whose limits were enabled or disabled at run time.
    pub limits: BTreeMap<ItemName, bool>,
    /// The limits set chosen at run time.
    pub limits_set: Option<String>,
    /// PHC string of the password; absent until one is set.
    pub password: Option<String>,
    /// Who is logged in.
    pub sessions: Sessions,
    /// Tokens that are good once.
    pub one_time: OneTimeTokens,
}

const OVERRIDABLE: [ValueType; 3] = [ValueType::Raw, ValueType::Converted, ValueType::Formatted];

impl Settings {
    /// Takes one event in. Events of unknown kinds are passed over: a newer version wrote them.
    pub fn fold(&mut self, setting: Setting) {
        let Setting { time_ns, kind: Some(kind), .. } = setting else { return };
        match kind {
            Kind::Definitions(active) => {
                if let Some(hash) = DefinitionHash::from_wire(&active.hash) {
                    self.definitions = Some((hash, active.plugin));
                }
            }
            Kind::Override(over) => self.override_item(&over),
            Kind::Normalize(wire::Normalize { target, packet, item, r#type }) => {
                let name = ItemName { target, packet, item };
                if let Some(forms) = self.overrides.get_mut(&name) {
                    forms.retain(|form, _| !covers(r#type, *form));
                    if forms.is_empty() {
                        self.overrides.remove(&name);
                    }
                }
            }
            Kind::Interface(wanted) => {
                self.interfaces.insert(wanted.interface, wanted.connected);
            }
            Kind::Import(progress) => {
                self.imports.insert(progress.import_id.clone(), progress);
            }
            Kind::Limits(wire::LimitsSetting { target, packet, item, enabled }) => {
                self.limits.insert(ItemName { target, packet, item }, enabled);
            }
            Kind::LimitsSet(active) => self.limits_set = Some(active.set),
            Kind::Password(password) => {
                self.password = Some(password.argon2);
                self.sessions.end();
            }
            Kind::Session(session) => self.sessions.fold(time_ns, session),
            Kind::OneTime(token) => self.one_time.fold(time_ns, token),
        }
    }

    /// Returns the overridden value of an item in one form.
    pub fn overridden(&self, name: &ItemName, form: ValueType) -> Option<&Scalar> {
        self.overrides.get(name)?.get(&(form as i32))
    }

    /// Returns the fewest events that give this state when they are folded.
    pub(crate) fn events(&self) -> impl Iterator<Item = Setting> {
        let definitions = self.definitions.iter().map(|(hash, plugin)| {
            let hash = hash.as_bytes().to_vec().into();
            Kind::Definitions(wire::ActiveDefinitions { hash, plugin: plugin.clone() })
        });
        let overrides = self.overrides.iter().flat_map(|(name, forms)| {
            forms.iter().map(|(form, value)| {
                let ItemName { target, packet, item } = name.clone();
                let value = Some(value.clone());
                Kind::Override(wire::Override { target, packet, item, r#type: *form, value })
            })
        });
        let interfaces = self.interfaces.iter().map(|(interface, connected)| {
            let (interface, connected) = (interface.clone(), *connected);
            Kind::Interface(wire::InterfaceWanted { interface, connected })
        });
        let limits = self.limits.iter().map(|(name, enabled)| {
            let ItemName { target, packet, item } = name.clone();
            Kind::Limits(wire::LimitsSetting { target, packet, item, enabled: *enabled })
        });
        let set = self.limits_set.iter().map(|set| {
            let set = set.clone();
            Kind::LimitsSet(wire::LimitsSetActive { set })
        });
        let password = self.password.iter().map(|argon2| {
            let argon2 = argon2.clone();
            Kind::Password(wire::PasswordSet { argon2 })
        });
        let kinds = definitions
            .chain(overrides)
            .chain(interfaces)
            .chain(self.imports.values().cloned().map(Kind::Import))
            .chain(limits)
            .chain(set)
            .chain(password)
            .chain(self.one_time.events().map(Kind::OneTime));
        let settings = kinds.map(|kind| Setting { kind: Some(kind), ..Setting::default() });
        // Behind the password, which would end them.
        settings.chain(self.sessions.events())
    }

    fn override_item(&mut self, over: &wire::Override) {
        let name = ItemName::new(&over.target, &over.packet, &over.item);
        let forms = self.overrides.entry(name).or_default();
        for form in OVERRIDABLE.into_iter().filter(|form| covers(over.r#type, *form as i32)) {
            forms.insert(form as i32, over.value.clone().unwrap_or_default());
        }
    }
}

fn covers(given: i32, form: i32) -> bool {
    given == form || given == ValueType::All as i32
}

/// Returns the key of a setting on the topic: what it sets. `None` for one without content.
pub fn setting_key(setting: &Setting) -> Option<String> {
    Some(match setting.kind.as_ref()? {
        Kind::Definitions(_) => "definitions".to_owned(),
        Kind::Override(it) => override_key([&it.target, &it.packet, &it.item], it.r#type),
        Kind::Normalize(it) => override_key([&it.target, &it.packet, &it.item], it.r#type),
        Kind::Interface(it) => format!("interface/{}", it.interface),
        Kind::Import(it) => format!("import/{}", it.import_id),
        Kind::Limits(it) => format!("limits/{}/{}/{}", it.target, it.packet, it.item),
        Kind::LimitsSet(_) => "limits-set".to_owned(),
        Kind::Password(_) => "password".to_owned(),
        Kind::Session(it) => format!("session/{}", hex(&it.token_hash)),
        Kind::OneTime(it) => format!("one-time/{}", hex(&it.token_hash)),
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn override_key([target, packet, item]: [&str; 3], form: i32) -> String {
    let form = match ValueType::try_from(form) {
        Ok(ValueType::Raw) => "RAW",
        Ok(ValueType::Converted) => "CONVERTED",
        Ok(ValueType::Formatted) => "FORMATTED",
        Ok(ValueType::All) | Err(_) => "ALL",
    };
    format!("override/{target}/{packet}/{item}/{form}")
}

#[cfg(test)]
mod tests {
    use groundlog_proto::wire::scalar;

    use super::*;

    fn over(form: ValueType, value: i64) -> Setting {
        let value = Some(Scalar { kind: Some(scalar::Kind::Integer(value)) });
        let (target, packet, item) = ("T".to_owned(), "P".to_owned(), "I".to_owned());
        let kind = wire::Override { target, packet, item, r#type: form as i32, value };
        Setting { kind: Some(Kind::Override(kind)), ..Setting::default() }
    }

    fn normalize(form: ValueType) -> Setting {
        let (target, packet, item) = ("T".to_owned(), "P".to_owned(), "I".to_owned());
        let kind = wire::Normalize { target, packet, item, r#type: form as i32 };
        Setting { kind: Some(Kind::Normalize(kind)), ..Setting::default() }
    }

    #[test]
    fn overrides_stand_until_normalized() {
        let mut settings = Settings::default();
        let name = ItemName::new("T", "P", "I");
        settings.fold(over(ValueType::All, 1));
        settings.fold(over(ValueType::Raw, 2));
        let kind = |settings: &Settings, form| {
            settings.overridden(&name, form).and_then(|scalar| scalar.kind.clone())
        };
        assert_eq!(kind(&settings, ValueType::Raw), Some(scalar::Kind::Integer(2)));
        assert_eq!(kind(&settings, ValueType::Formatted), Some(scalar::Kind::Integer(1)));
        settings.fold(normalize(ValueType::Raw));
        assert_eq!(kind(&settings, ValueType::Raw), None);
        assert_eq!(kind(&settings, ValueType::Converted), Some(scalar::Kind::Integer(1)));
        settings.fold(normalize(ValueType::All));
        assert!(settings.overrides.is_empty());
    }

    #[test]
    fn a_password_ends_the_sessions_before_it() {
        let mut settings = Settings::default();
        let session = |hash: u8| {
            let token_hash = vec![hash].into();
            Kind::Session(wire::Session { token_hash, ..wire::Session::default() })
        };
        let password = Kind::Password(wire::PasswordSet { argon2: "new".to_owned() });
        for kind in [session(1), password, session(2)] {
            settings.fold(Setting { kind: Some(kind), ..Setting::default() });
        }
        assert!(!settings.sessions.is_open(&[1]) && settings.sessions.is_open(&[2]));
    }

    #[test]
    fn keys_name_what_is_set() {
        let key = setting_key(&over(ValueType::All, 1));
        assert_eq!(key.as_deref(), Some("override/T/P/I/ALL"));
        assert_eq!(setting_key(&Setting::default()), None);
    }
}
