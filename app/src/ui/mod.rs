//! The kit: daisyUI classes under our theme, each used in one place. Knows no word of the domain.

mod badge;
mod button;
mod callout;
mod field;
mod form;
mod icon;
mod page;
mod time;

pub use badge::{Badge, Tone};
pub use button::{Kind, LinkButton, Submit};
pub use callout::{Callout, Empty};
pub use field::{CheckboxGroup, Choice, RadioGroup, SelectField, TextArea, TextField};
pub use form::{Fold, FormKey, FormState, HiddenField};
pub use icon::{Icon, Sign};
pub use page::{Card, PageHead, Skeleton, loaded};
pub use time::{Day, Moment};
