//! The kit: daisyUI classes under our theme, each used in one place. It names nothing of the domain.

mod acted;
mod address;
mod badge;
mod button;
mod callout;
mod dialog;
mod field;
mod form;
mod icon;
mod linked;
mod menu;
mod page;
mod paging;
mod query;
mod search;
mod time;
mod title;
mod toast;

pub use acted::{provide_acts, refresh_on_success};
pub use address::Address;
pub use badge::{Badge, Tone};
pub use button::{Kind, LinkButton, Submit};
pub use callout::{Callout, DoneNote, Empty};
pub use dialog::Confirm;
pub use field::{CheckboxGroup, Choice, RadioGroup, SelectField, TextArea, TextField};
pub use form::{EnterButton, Fold, Form, FormKey, FormState, FrameButton, HiddenField, PlainForm, note_what_was_taken};
pub use icon::{Icon, Sign};
pub use linked::Linked;
pub use menu::Menu;
pub use page::{
    Arrival, Card, Heading, LeadOn, PageHead, Printed, Skeleton, follow_arrivals, loaded, loaded_or, loaded_page,
};
pub use paging::{number_text, paging};
pub use query::{Query, use_query};
pub use search::SearchForm;
pub use time::{Day, Moment, ShortDay, ShortMoment, short_day_text};
pub use title::WindowTitle;
pub use toast::{ToastRegion, provide_toasts, toast_on_success};
