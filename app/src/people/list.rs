//! The people of a company: state, roles, why they hold them, last visit.

use domain::{
    OrganisationId,
    access::Permission,
    people::{CompanyPeople, MemberRow, MembershipState, PeopleView, RoleRow, invitation_ends},
};
use jiff::Timestamp;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::{
    api::people_page,
    forms::InviteForm,
    words::{may, one_admin, reach_text, reason_text, role_text, state_badge},
};
use crate::{
    i18n::*,
    language::use_locale,
    session::{Viewer, use_viewer},
    ui::{Callout, Day, Empty, Icon, LinkButton, Moment, PageHead, ShortMoment, Sign, TextField, Tone, loaded_page},
};

/// The company that stands in the address.
pub(super) fn company_in_address() -> Memo<Option<OrganisationId>> {
    let query = use_query_map();
    Memo::new(move |_| query.with(|query| query.get("company")).and_then(|id| id.parse().ok()))
}

/// What was just done, after a form led here.
#[component]
pub(super) fn Done() -> impl IntoView {
    let l = use_locale();
    let query = use_query_map();
    let text = move || match query.with(|query| query.get("done")).as_deref() {
        Some("added") => Some(td_string!(l, people.done_added)),
        Some("removed") => Some(td_string!(l, people.done_removed)),
        Some("role") => Some(td_string!(l, people.done_role)),
        Some("resent") => Some(td_string!(l, people.done_resent)),
        Some("invited") => Some(td_string!(l, people.done_invited)),
        _ => None,
    };
    move || text().map(|text| view! { <Callout tone=Tone::Good>{text}</Callout> })
}

/// The page of a company with who looks at it.
pub(super) type Seen = (PeopleView, Option<Viewer>);

/// Asks for both at once: what is offered depends on the viewer.
pub(super) fn seen(
    company: Memo<Option<OrganisationId>>,
    search: Memo<String>,
) -> Resource<Result<Seen, crate::ApiError>> {
    let viewer = use_viewer();
    Resource::new_blocking(
        move || (company.get(), search.get()),
        move |(company, search)| async move {
            let page = people_page(company, search).await?;
            Ok((page, viewer.await?))
        },
    )
}

#[component]
pub fn PeoplePage() -> impl IntoView {
    let l = use_locale();
    let query = use_query_map();
    let search = Memo::new(move |_| query.with(|query| query.get("search")).unwrap_or_default());
    let page = seen(company_in_address(), search);
    view! {
        <Done />
        {loaded_page(page, move |(page, viewer): Seen| {
            let PeopleView { company, companies } = page;
            let vendor = viewer.as_ref().is_some_and(|viewer| viewer.actor.is_vendor());
            let (title, add) = match &company {
                Some(company) => {
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
                {vendor.then(|| view! { <FindCompany companies chosen=company.is_some() search=search.get_untracked() /> })}
                {match (company, viewer) {
                    (Some(company), Some(viewer)) => {
                        let may_invite = !company.silent && may(&viewer, Permission::PersonCreate, company.organisation);
                        view! { <Members company may_invite now=viewer.now /> }.into_any()
                    }
                    _ => ().into_any(),
                }}
            }
        })}
    }
}

/// How the vendor's people find a company; customers have theirs in the bar.
#[component]
fn FindCompany(companies: Vec<(OrganisationId, String)>, chosen: bool, search: String) -> impl IntoView {
    let l = use_locale();
    let none = companies.is_empty();
    let rows = companies
        .into_iter()
        .map(|(id, name)| view! { <li><a class="row-link font-medium" href=format!("/people?company={id}")>{name}</a></li> })
        .collect_view();
    view! {
        <form method="get" action="/people" class="search-row" role="search">
            <TextField name="search" label=td_string!(l, people.search) kind="search" value=search />
            <button type="submit" class="btn btn-outline"><Icon sign=Sign::Search />{td_string!(l, people.find)}</button>
        </form>
        {(!chosen).then(|| if none {
            view! { <p class="quiet">{td_string!(l, people.no_company)}</p> }.into_any()
        } else {
            view! { <ul class="panel rows">{rows}</ul> }.into_any()
        })}
    }
}

#[component]
fn Members(company: CompanyPeople, may_invite: bool, now: Timestamp) -> impl IntoView {
    let l = use_locale();
    let organisation = company.organisation;
    let silent = company.silent;
    let lonely = !silent && one_admin(&company.members);
    if company.members.is_empty() {
        return view! {
            <Empty sign=Sign::People title=td_string!(l, people.none)><p>{td_string!(l, people.none_lead)}</p></Empty>
        }
        .into_any();
    }
    let waiting = company.members.iter().filter(|member| member.state == MembershipState::Known).count() as u64;
    let rows = company.members.into_iter().map(|member| view! { <Row member organisation now /> }).collect_view();
    view! {
        {silent.then(|| view! { <Callout tone=Tone::Info>{td_string!(l, people.silent)}</Callout> })}
        {lonely.then(|| view! { <Callout tone=Tone::Info>{td_string!(l, people.one_admin)}</Callout> })}
        {may_invite.then(|| view! { <InviteForm organisation waiting /> })}
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
                <span class="quiet">{member.email.clone()}</span>
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

/// The state, and for somebody invited how long the link lasts (K3).
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

/// The last day of a role that ends by itself.
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
