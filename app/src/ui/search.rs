//! The form above a list that narrows it. It puts the search into the address, so that it works without JavaScript and a
//! result can be shared as a link.

use leptos::prelude::*;

use super::{Icon, Sign};
use crate::{i18n::*, language::use_locale};

#[component]
pub fn SearchForm(
    /// The path of the list.
    path: &'static str,
    /// The address of the whole list; set while a search narrows it.
    #[prop(optional_no_strip)]
    all: Option<String>,
    /// Whether it has a single field, with the button beside it.
    #[prop(optional)]
    one: bool,
    /// Tells this search from others on the page.
    #[prop(optional)]
    label: Option<&'static str>,
    children: Children,
) -> impl IntoView {
    let l = use_locale();
    let class = if one { "search-row" } else { "filters" };
    view! {
        <form method="get" action=path class=class role="search" aria-label=label>
            {children()}
            <button type="submit" class="btn btn-outline"><Icon sign=Sign::Search />{td_string!(l, common.find)}</button>
            {all.map(|href| view! { <a class="btn btn-ghost" href=href>{td_string!(l, common.all)}</a> })}
        </form>
    }
}
