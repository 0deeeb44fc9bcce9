//! The agents' desk: every visible case, the latest change first; new ones arrive without reloading.

use domain::{
    cases::{CaseFilter, CaseRow},
    page::Page,
};
use leptos::prelude::*;

use super::{
    api::list_cases,
    list::{Filters, Results, filter_in_address},
};
use crate::{
    i18n::*,
    language::use_locale,
    layout::DeskTabs,
    live::use_all_events,
    ui::{PageHead, loaded},
};

/// A queue holds open cases, unless the agent filters for others or searches.
fn to_do(filter: CaseFilter) -> CaseFilter {
    let status = if filter.status.is_empty() && filter.search.is_empty() { "open".to_owned() } else { filter.status };
    CaseFilter { status, ..filter }
}

#[component]
pub fn DeskPage() -> impl IntoView {
    let l = use_locale();
    let filter = filter_in_address();
    let happened = use_all_events();
    let cases = Resource::new_blocking(move || (filter.get(), happened.get()), |(filter, _)| list_cases(to_do(filter)));
    view! {
        <PageHead title=td_string!(l, cases.desk) />
        <DeskTabs />
        <p class="quiet" aria-live="polite">{td_string!(l, cases.desk_live)}</p>
        {move || view! { <Filters filter=filter.get() path="/desk" /> }}
        {loaded(cases, move |page: Page<CaseRow>| view! {
            <Results page filter=filter.get_untracked() path="/desk" company=true />
        })}
    }
}
