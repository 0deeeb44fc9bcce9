//! Cases: one head, one ordered stream of entries, whatever the channel (R7, R11, R20).

mod number;
mod status;
mod view;

pub use number::CaseNumber;
pub use status::{CloseReason, Closing, Status, StatusAct, check_reopen, next_status};
pub use view::{
    CaseDetail, CaseFilter, CaseRow, EntryView, FileView, NoteView, ProductChoice, STREAM_SIZE, StreamItem, StreamPart,
};

use serde::{Deserialize, Serialize};

use crate::{
    FieldError, FieldErrors, OrganisationId, ProductId,
    text::{CaseTitle, EntryText},
};

macro_rules! coded {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $key:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $key)] $variant),+ }
        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            pub const fn key(self) -> &'static str { match self { $(Self::$variant => $key),+ } }
            pub fn parse(key: &str) -> Option<Self> { match key { $($key => Some(Self::$variant),)+ _ => None } }
        }
    };
}
pub(crate) use coded;

coded! {
    /// P1 to P4 as contracts define them (domain.md 2.4).
    Priority { P1 = "p1", P2 = "p2", P3 = "p3", P4 = "p4" }
}

coded! {
    /// How many people are hindered: one or two, a group, most.
    Impact { Small = "small", Medium = "medium", Large = "large" }
}

coded! {
    /// The door a case came in by.
    Channel { Web = "web", Chat = "chat", Phone = "phone", Email = "email", Callback = "callback", Import = "import" }
}

coded! {
    /// Which side an entry comes from.
    Side { Customer = "customer", Vendor = "vendor", System = "system" }
}

coded! {
    EntryKind {
        Message = "message",
        /// Vendor's eyes only; customers' views cannot express it.
        Note = "note",
        Chat = "chat",
        /// The log of a call.
        Call = "call",
        /// A line by the system: status changed, call-back asked for.
        Line = "line",
    }
}

/// A case that may be opened: every field was checked.
#[derive(Clone, Debug)]
pub struct CaseDraft {
    pub organisation: OrganisationId,
    pub product: Option<ProductId>,
    pub title: CaseTitle,
    pub description: EntryText,
    pub priority: Priority,
    pub impact: Option<Impact>,
}

/// A case as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseForm {
    pub organisation: String,
    #[serde(default)]
    pub product: String,
    pub title: String,
    pub description: String,
    pub priority: String,
    #[serde(default)]
    pub impact: String,
}

impl CaseForm {
    /// # Errors
    /// Every wrong field at once.
    pub fn parse(&self) -> Result<CaseDraft, FieldErrors> {
        let mut errors = FieldErrors::default();
        let organisation = errors.take("organisation", self.organisation.parse().map_err(|_| FieldError::NotAChoice));
        let product = errors.take(
            "product",
            match self.product.as_str() {
                "" => Err(FieldError::Required),
                "none" => Ok(None),
                id => id.parse().map(Some).map_err(|_| FieldError::NotAChoice),
            },
        );
        let title = errors.take("title", CaseTitle::parse(&self.title));
        let description = errors.take("description", EntryText::parse(&self.description));
        let priority = errors.take(
            "priority",
            match self.priority.as_str() {
                "" => Err(FieldError::Required),
                key => Priority::parse(key).ok_or(FieldError::NotAChoice),
            },
        );
        let impact = errors.take(
            "impact",
            crate::text::optional(&self.impact, |key| Impact::parse(key).ok_or(FieldError::NotAChoice)),
        );
        match (organisation, product, title, description, priority, impact) {
            (Some(organisation), Some(product), Some(title), Some(description), Some(priority), Some(impact)) => {
                Ok(CaseDraft { organisation, product, title, description, priority, impact })
            }
            _ => Err(errors),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_wrong_fields_are_reported_at_once() {
        let errors = CaseForm { priority: "p9".into(), ..CaseForm::default() }.parse().expect_err("an empty form");
        let names: Vec<_> = errors.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["description", "organisation", "priority", "product", "title"]);
        assert_eq!(errors.get("title"), Some(&FieldError::Required));
        assert_eq!(errors.get("priority"), Some(&FieldError::NotAChoice));
    }
}
