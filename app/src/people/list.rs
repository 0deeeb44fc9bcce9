//! The people of a company: state, roles and their reasons, last visit.

use std::future::Future;

use domain::{
    OrganisationId,
    access::Permission,
    page::Page,
    people::{CompanyPeople, MemberRow, MembershipState, PeopleFilter, PeopleView, RoleRow, invitation_ends},
};
use jiff::Timestamp;
use leptos::prelude::*;

use super::{
    api::people_page,
    forms::InviteForm,
    staff::Staff,
    words::{may, reach_text, reason_text, role_text, state_badge},
};
use crate::{
    ApiError,
    i18n::*,
    language::use_locale,
    session::{Viewer, use_viewer},
    ui::{
        Address, Callout, Day, DoneNote, Empty, HiddenField, Icon, LinkButton, Moment, PageHead, SearchForm,
        ShortMoment, Sign, TextField, Tone, loaded_page, paging, use_query,
    },
};

/// Reads the company from the address.
pub(super) fn company_in_address() -> Memo<Option<OrganisationId>> {
    let query = use_query();
    Memo::new(move |_| query.with(|query| query.get("company")).and_then(|id| id.parse().ok()))
}

/// Says what was just done, after a form led here.
#[component]
pub(super) fn Done() -> impl IntoView {
    let l = use_locale();
    let query = use_query();
    let text = move || match query.with(|query| query.get("done")).as_deref() {
        Some("added") => Some(td_string!(l, people.done_added)),
        Some("removed") => Some(td_string!(l, people.done_removed)),
        Some("role") => Some(td_string!(l, people.done_role)),
        Some("resent") => Some(td_string!(l, people.done_resent)),
        Some("address") => Some(td_string!(l, people.done_address)),
        Some("proposed") => Some(td_string!(l, people.done_proposed)),
        Some("invited") => Some(td_string!(l, people.done_invited)),
        _ => None,
    };
    move || text().map(|text| view! { <DoneNote text=text /> })
}

/// Loads the content of a page together with the viewer, on whom it depends what the page offers.
pub(super) fn with_viewer<T, K, F>(
    asked: impl Fn() -> K + Send + Sync + 'static,
    find: fn(K) -> F,
) -> Resource<Result<(T, Option<Viewer>), ApiError>>
where
    T: Send + Sync + Clone + serde::Serialize + serde::de::DeserializeOwned + 'static,
    K: PartialEq + Clone + Send + Sync + 'static,
    F: Future<Output = Result<T, ApiError>> + Send + 'static,
{
    let viewer = use_viewer();
    Resource::new_blocking(asked, move |asked| {
        let found = find(asked);
        async move { Ok((found.await?, viewer.await?)) }
    })
}

#[component]
pub fn PeoplePage() -> impl IntoView {
    let l = use_locale();
    let (query, company) = (use_query(), company_in_address());
    let filter = Memo::new(move |_| {
        query.with(|query| {
            let get = |name| query.get(name).unwrap_or_default();
            PeopleFilter { company: company.get(), search: get("search"), find: get("find"), after: get("after") }
        })
    });
    let page = with_viewer(move || filter.get(), people_page);
    view! {
        <Done />
        {loaded_page(page, move |(page, viewer): (PeopleView, Option<Viewer>)| {
            let PeopleView { company, companies, staff } = page;
            let filter = filter.get_untracked();
            let vendor = viewer.as_ref().is_some_and(|viewer| viewer.actor.is_vendor());
            let (title, add) = match &company {
                Some(CompanyPeople { company, .. }) => {
                    let may_add = viewer.as_ref().is_some_and(|viewer| may(viewer, Permission::PersonCreate, company.organisation));
                    let add = may_add.then(|| format!("/people/new?company={}", company.organisation));
                    (format!("{} · {}", td_string!(l, people.people), company.name), add)
                }
                None => (td_string!(l, people.choose_company).to_owned(), None),
            };
            view! {
                <PageHead title>
                    {add.map(|href| view! { <LinkButton href><Icon sign=Sign::Plus />{td_string!(l, people.add)}</LinkButton> })}
                </PageHead>
                {vendor.then(|| view! { <FindCompany companies chosen=company.is_some() filter=filter.clone() /> })}
                {(!staff.is_empty()).then(|| view! { <Staff staff /> })}
                {match (company, viewer) {
                    (Some(people), Some(viewer)) => {
                        let may_invite = !people.company.silent && may(&viewer, Permission::PersonCreate, people.company.organisation);
                        view! { <Members people filter may_invite now=viewer.now /> }.into_any()
                    }
                    _ => ().into_any(),
                }}
            }
        })}
    }
}

/// Returns the address of the list with this filter.
fn address(filter: &PeopleFilter) -> String {
    let company = filter.company.map(|company| company.to_string()).unwrap_or_default();
    let escape = leptos_router::location::Url::escape;
    let query: Vec<String> =
        [("company", &company), ("search", &filter.search), ("find", &filter.find), ("after", &filter.after)]
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={}", escape(value)))
            .collect();
    format!("/people?{}", query.join("&"))
}

/// How the vendor's people find a company; customers have theirs in the bar.
#[component]
fn FindCompany(companies: Page<(OrganisationId, String)>, chosen: bool, filter: PeopleFilter) -> impl IntoView {
    let l = use_locale();
    let none = companies.is_empty();
    let pages = paging(&companies, |cursor| address(&PeopleFilter { after: cursor.to_owned(), ..filter.clone() }));
    let rows = companies
        .into_iter()
        .map(|(id, name)| view! { <li><a class="row-link font-medium" href=format!("/people?company={id}")>{name}</a></li> })
        .collect_view();
    view! {
        <SearchForm path="/people" one=true label=td_string!(l, people.search)>
            <TextField name="search" label=td_string!(l, people.search) kind="search" value=filter.search />
        </SearchForm>
        {(!chosen).then(|| if none {
            view! { <p class="quiet">{td_string!(l, people.no_company)}</p> }.into_any()
        } else {
            view! { <ul class="panel rows">{rows}</ul> {pages} }.into_any()
        })}
    }
}

#[component]
fn Members(people: CompanyPeople, filter: PeopleFilter, may_invite: bool, now: Timestamp) -> impl IntoView {
    let l = use_locale();
    let CompanyPeople { company, members, waiting, one_admin } = people;
    let (organisation, silent) = (company.organisation, company.silent);
    let searched = !filter.find.trim().is_empty();
    if members.is_empty() && !searched {
        return view! {
            <Empty sign=Sign::People title=td_string!(l, people.none)><p>{td_string!(l, people.none_lead)}</p></Empty>
        }
        .into_any();
    }
    let filter = PeopleFilter { company: Some(organisation), search: String::new(), ..filter };
    let pages = paging(&members, |cursor| address(&PeopleFilter { after: cursor.to_owned(), ..filter.clone() }));
    let none = members.is_empty();
    let rows = members.into_iter().map(|member| view! { <Row member organisation now /> }).collect_view();
    let all = address(&PeopleFilter { company: Some(organisation), ..PeopleFilter::default() });
    view! {
        {silent.then(|| view! { <Callout tone=Tone::Info>{td_string!(l, people.silent)}</Callout> })}
        {(!silent && one_admin).then(|| view! { <Callout tone=Tone::Info>{td_string!(l, people.one_admin)}</Callout> })}
        {may_invite.then(|| view! { <InviteForm organisation waiting /> })}
        <SearchForm path="/people" one=true all=searched.then_some(all) label=td_string!(l, people.find_person)>
            <HiddenField name="company" value=organisation.to_string() />
            <TextField name="find" label=td_string!(l, people.find_person) kind="search" value=filter.find />
        </SearchForm>
        {if none {
            view! {
                <Empty sign=Sign::People title=td_string!(l, people.none_found)><p>{td_string!(l, people.none_found_lead)}</p></Empty>
            }
            .into_any()
        } else {
            view! {
                <table class="table cards-on-phone">
                    <thead>
                        <tr>
                            <th scope="col">{td_string!(l, people.name)}</th>
                            <th scope="col">{td_string!(l, people.state)}</th>
                            <th scope="col">{td_string!(l, people.roles)}</th>
                            <th scope="col">{td_string!(l, people.last_seen)}</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
                {pages}
            }
            .into_any()
        }}
    }
    .into_any()
}

#[component]
fn Row(member: MemberRow, organisation: OrganisationId, now: Timestamp) -> impl IntoView {
    let l = use_locale();
    let href = format!("/people/{}?company={organisation}", member.person);
    view! {
        <tr>
            <td class="row-title">
                <a class="row-link" href=href>{member.name.clone()}</a>
                <span class="quiet"><Address text=member.email.clone() /></span>
            </td>
            <td data-label=td_string!(l, people.state)><span class="person-state"><State member=member.clone() now /></span></td>
            <td data-label=td_string!(l, people.roles)><Roles roles=member.roles /></td>
            <td data-label=td_string!(l, people.last_seen)>
                {match member.last_seen_at {
                    Some(at) => view! { <ShortMoment at /> }.into_any(),
                    None => td_string!(l, people.never).into_any(),
                }}
            </td>
        </tr>
    }
}

/// The state; for an invited person also how long the link lasts (K3).
#[component]
pub(super) fn State(member: MemberRow, now: Timestamp) -> impl IntoView {
    let l = use_locale();
    let ends = member.invited_at.filter(|_| member.state == MembershipState::Invited).map(invitation_ends);
    view! {
        {state_badge(l, member.state)}
        {ends.map(|at| if at <= now {
            view! { <span class="person-expired">{td_string!(l, people.expired)}</span> }.into_any()
        } else {
            view! { <span class="quiet">{td_string!(l, people.ends)} " " <Moment at /></span> }.into_any()
        })}
    }
}

#[component]
fn Roles(roles: Vec<RoleRow>) -> impl IntoView {
    let l = use_locale();
    if roles.is_empty() {
        return view! { <span class="quiet">{td_string!(l, people.no_role)}</span> }.into_any();
    }
    let items = roles
        .into_iter()
        .map(|role| {
            let scope = role_scope(l, &role);
            let reasons = role.reasons.iter().map(|reason| view! { <span class="quiet">{reason_text(l, reason)}</span> }).collect_view();
            let name = role_text(l, role.role);
            view! { <li><strong>{name}</strong>{scope.map(|scope| view! { <span class="quiet">{scope}</span> })}<Until role />{reasons}</li> }
        })
        .collect_view();
    view! { <ul class="person-roles">{items}</ul> }.into_any()
}

/// The last day of a role with an end.
#[component]
pub(super) fn Until(role: RoleRow) -> impl IntoView {
    let l = use_locale();
    role.until.map(|day| view! { <span class="quiet">{td_string!(l, people.until)} " " <Day day /></span> })
}

/// Products and reach of a role, where it opens cases.
pub(super) fn role_scope(l: Locale, role: &RoleRow) -> Option<String> {
    use domain::access::Role;
    let colon = if matches!(l, Locale::fr) { "\u{a0}: " } else { ": " };
    let reach = format!("{}{colon}{}", td_string!(l, people.reach), reach_text(l, role.reach).to_lowercase());
    match (role.role, &role.products) {
        (Role::SupportUser, _) => Some(reach),
        (Role::ProductSupportUser, Some(products)) => Some(format!("{} · {reach}", products.join(", "))),
        _ => None,
    }
}
