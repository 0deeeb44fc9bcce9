//! The kit: daisyUI classes under our theme, each used in one place. Knows no word of the domain.

mod acted;
mod badge;
mod button;
mod callout;
mod dialog;
mod field;
mod form;
mod icon;
mod menu;
mod page;
mod time;
mod toast;

pub use acted::{provide_acts, refresh_on_success};
pub use badge::{Badge, Tone};
pub use button::{Kind, LinkButton, Submit};
pub use callout::{Callout, Empty};
pub use dialog::Confirm;
pub use field::{CheckboxGroup, Choice, RadioGroup, SelectField, TextArea, TextField};
pub use form::{Fold, FormKey, FormState, HiddenField};
pub use icon::{Icon, Sign};
pub use menu::Menu;
pub use page::{Arrival, Card, Heading, PageHead, Skeleton, follow_arrivals, loaded, loaded_page};
pub use time::{Day, Moment, ShortMoment};
pub use toast::{ToastRegion, provide_toasts, toast_on_success};
