//! The customer's cases: mine or the company's, filtered by a form that is the page's address.

use domain::{
    cases::{CaseFilter, CaseRow, Priority, Status},
    page::Page,
};
use leptos::prelude::*;

use super::{
    api::list_cases,
    parts::{CaseRows, priority_text, status_text_for},
};
use crate::{
    i18n::*,
    language::use_locale,
    live::use_all_events,
    session::{Viewer, use_viewer},
    ui::{
        Choice, Empty, Icon, LinkButton, PageHead, SearchForm, SelectField, Sign, TextField, loaded, paging, use_query,
    },
};

/// Reads the filter from the address.
pub(super) fn filter_in_address() -> Memo<CaseFilter> {
    let query = use_query();
    Memo::new(move |_| {
        query.with(|query| {
            let get = |name| query.get(name).unwrap_or_default();
            CaseFilter {
                mine: get("mine") == "true",
                status: get("status"),
                priority: get("priority"),
                search: get("search"),
                queue: get("queue"),
                organisation: get("organisation"),
                after: get("after"),
            }
        })
    })
}

/// Returns the address of another page of this list.
fn address(path: &str, filter: &CaseFilter, cursor: &str) -> String {
    let params = [
        ("mine", if filter.mine { "true" } else { "" }),
        ("status", &filter.status),
        ("priority", &filter.priority),
        ("search", &filter.search),
        ("queue", &filter.queue),
        ("organisation", &filter.organisation),
        ("after", cursor),
    ];
    let query: Vec<String> = params
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}={}", leptos_router::location::Url::escape(value)))
        .collect();
    format!("{path}?{}", query.join("&"))
}

#[component]
pub fn CasesPage() -> impl IntoView {
    let l = use_locale();
    let filter = filter_in_address();
    let happened = use_all_events();
    let cases = Resource::new_blocking(move || (filter.get(), happened.get()), |(filter, _)| list_cases(filter));
    view! {
        <PageHead title=td_string!(l, cases.cases)>
            <LinkButton href="/cases/new"><Icon sign=Sign::Plus />{td_string!(l, cases.new)}</LinkButton>
        </PageHead>
        {loaded(use_viewer(), move |viewer: Option<Viewer>| {
            let companies = companies_of(viewer);
            let several = companies.len() > 1;
            view! {
                {move || view! { <Filters filter=filter.get() path="/cases" companies=companies.clone() /> }}
                {loaded(cases, move |page: Page<CaseRow>| view! {
                    <Results page filter=filter.get_untracked() path="/cases" company=several />
                })}
            }
        })}
    }
}

fn companies_of(viewer: Option<Viewer>) -> Vec<Choice> {
    let memberships = viewer.map(|viewer| viewer.actor.memberships).unwrap_or_default();
    memberships.into_iter().map(|one| Choice::new(one.organisation.to_string(), one.name)).collect()
}

#[component]
pub(super) fn Results(
    page: Page<CaseRow>,
    filter: CaseFilter,
    path: &'static str,
    #[prop(optional)] company: bool,
) -> impl IntoView {
    let l = use_locale();
    let desk = path == "/desk";
    let pages = paging(&page, |cursor| address(path, &filter, cursor));
    if page.rows.is_empty() {
        // Agents do not open cases.
        let none_lead = if desk { td_string!(l, cases.none_lead_desk) } else { td_string!(l, cases.none_lead) };
        return view! {
            <Empty sign=Sign::Case title=td_string!(l, cases.none)><p>{none_lead}</p></Empty>
        }
        .into_any();
    }
    view! {
        <CaseRows rows=page.rows company vendor=desk />
        {pages}
    }
    .into_any()
}

/// A plain GET form: it is the address of the page, with or without JavaScript.
#[component]
pub(super) fn Filters(
    filter: CaseFilter,
    path: &'static str,
    /// The companies to choose from, for people who belong to several.
    #[prop(optional)]
    companies: Vec<Choice>,
) -> impl IntoView {
    let l = use_locale();
    let desk = path == "/desk";
    let asked = filter.mine
        || [&filter.status, &filter.priority, &filter.search, &filter.queue, &filter.organisation]
            .iter()
            .any(|one| !one.is_empty());
    let all = asked.then(|| path.to_owned());
    // The desk shows open work; its search covers every case.
    let to_do = desk && filter.search.is_empty();
    let any_status = if to_do { td_string!(l, cases.open) } else { td_string!(l, cases.all) };
    let other = if to_do { ("any", td_string!(l, cases.all)) } else { ("open", td_string!(l, cases.open)) };
    let statuses = vec![
        Choice::new(other.0, other.1),
        Choice::new("pending_response", status_text_for(l, Status::PendingResponse, desk)),
        Choice::new("resolution_provided", status_text_for(l, Status::ResolutionProvided, desk)),
        Choice::new("closed", td_string!(l, cases.status_closed)),
    ];
    let priorities =
        Priority::ALL.iter().map(|priority| Choice::new(priority.key(), priority_text(l, *priority))).collect();
    let first = if desk {
        let queues = vec![
            Choice::new("unassigned", td_string!(l, cases.queue_unassigned)),
            Choice::new("mine", td_string!(l, cases.queue_mine)),
        ];
        view! {
            <SelectField name="queue" label=td_string!(l, cases.queue) choices=queues value=filter.queue placeholder=td_string!(l, cases.all) />
        }
        .into_any()
    } else {
        let whose = vec![Choice::new("true", td_string!(l, cases.mine))];
        let mine = if filter.mine { "true" } else { "" };
        view! {
            <SelectField name="mine" label=td_string!(l, cases.whose) choices=whose value=mine placeholder=td_string!(l, cases.company) />
        }
        .into_any()
    };
    view! {
        <SearchForm path all>
            <TextField name="search" label=td_string!(l, cases.search) kind="search" value=filter.search />
            {first}
            {(companies.len() > 1).then(|| view! {
                <SelectField name="organisation" label=td_string!(l, cases.company_label) choices=companies value=filter.organisation
                    placeholder=td_string!(l, cases.every_company) />
            })}
            <SelectField name="status" label=td_string!(l, cases.status) choices=statuses value=filter.status placeholder=any_status />
            <SelectField name="priority" label=td_string!(l, cases.priority) choices=priorities value=filter.priority placeholder=td_string!(l, cases.all) />
        </SearchForm>
    }
}
