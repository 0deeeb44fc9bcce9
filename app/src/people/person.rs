//! One person of a company: roles and their reasons, granting and revoking them, the invitation, removal.

use domain::{
    Failure, OrganisationId, PersonId,
    access::Permission,
    people::{CompanyHead, MemberRow, MembershipState, PersonView, ProposedAddress, RoleRow},
};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::{
    api::{CorrectAddress, GrantRole, RemovePerson, ResendInvitation, RevokeRole, find_person},
    forms::RoleFields,
    list::{Done, State, Until, company_in_address, role_scope, with_viewer},
    words::{may, reason_text, role_hint, role_text},
};
use crate::{
    failure::FailurePage,
    i18n::*,
    language::use_locale,
    session::Viewer,
    ui::{
        Address, Card, Confirm, FormState, HiddenField, Kind, Moment, PageHead, PlainForm, Submit, TextField,
        loaded_page,
    },
};

#[component]
pub fn PersonPage() -> impl IntoView {
    let l = use_locale();
    let params = use_params_map();
    let company = company_in_address();
    let person = Memo::new(move |_| {
        let id = params.with(|params| params.get("id")).and_then(|id| id.parse::<PersonId>().ok());
        // An unreadable id matches no person.
        id.unwrap_or_else(|| uuid::Uuid::nil().into())
    });
    let page = with_viewer(move || (company.get(), person.get()), |(company, person)| find_person(company, person));
    view! {
        <Done />
        {loaded_page(page, move |(page, viewer): (PersonView, Option<Viewer>)| {
            match (page.member, viewer) {
                (Some(member), Some(viewer)) => view! {
                    <Person company=page.company member proposed=page.proposed viewer />
                }
                .into_any(),
                _ => view! {
                    <FailurePage failure=Failure::NotFound>
                        <a class="link way" href="/people">{td_string!(l, people.back)}</a>
                    </FailurePage>
                }
                .into_any(),
            }
        })}
    }
}

#[component]
fn Person(company: CompanyHead, member: MemberRow, proposed: Option<ProposedAddress>, viewer: Viewer) -> impl IntoView {
    let l = use_locale();
    let (organisation, person) = (company.organisation, member.person);
    let may_grant = may(&viewer, Permission::RoleGrant, organisation);
    let may_remove = may(&viewer, Permission::PersonRemove, organisation);
    let may_invite = may(&viewer, Permission::PersonCreate, organisation)
        && !company.silent
        && member.state != MembershipState::Active;
    // The owner of an account is asked by mail, and in DRAFT no mail is sent.
    let active = member.state == MembershipState::Active;
    let may_correct = may(&viewer, Permission::PersonCreate, organisation) && !(active && company.silent);
    // The viewer cannot give a role to their own account (F7).
    let may_give = may_grant && viewer.actor.person != person;
    let email = member.email.clone();
    let about = match (active, company.silent) {
        (true, _) => td_string!(l, people.propose_lead),
        (false, true) => td_string!(l, people.correct_lead_silent),
        (false, false) => td_string!(l, people.correct_lead),
    };
    let back = format!("/people?company={organisation}");
    let name = member.name.clone();
    let roles = member.roles.clone();
    view! {
        <p><a class="link way" href=back>"← " {td_string!(l, people.back)}</a></p>
        <PageHead title=name.clone() />
        <p class="for-company">{td_string!(l, people.for_company)} " " <strong>{company.name}</strong></p>
        <Refusals />
        <div class="person">
            <div class="space-y-5">
                <Card title=td_string!(l, people.roles)>
                    <Standing roles organisation person may_grant />
                </Card>
                {may_give.then(|| view! {
                    <Card title=td_string!(l, people.give)><GiveRole organisation person products=company.products /></Card>
                })}
            </div>
            <div class="space-y-5">
                <Card><Facts member now=viewer.now /></Card>
                {may_invite.then(|| view! {
                    <Card title=td_string!(l, people.resend)>
                        <p class="quiet">{td_string!(l, people.resend_lead)}</p>
                        <PlainForm path="/fn/people/resend">
                            <Ids organisation person />
                            <Submit kind=Kind::Quiet>{td_string!(l, people.resend)}</Submit>
                        </PlainForm>
                    </Card>
                })}
                {may_correct.then(|| view! { <Correct organisation person email about active proposed /> })}
                {may_remove.then(|| view! {
                    <Card title=td_string!(l, people.remove)>
                        <Confirm kind=Kind::Danger trigger=td_string!(l, people.remove) title=td_string!(l, people.remove)
                            text=td_string!(l, people.remove_lead)>
                            <PlainForm path="/fn/people/remove">
                                <Ids organisation person />
                                <Submit kind=Kind::Danger>{td_string!(l, people.remove_confirm, name = name.clone()).to_string()}</Submit>
                            </PlainForm>
                        </Confirm>
                    </Card>
                })}
            </div>
        </div>
    }
}

#[component]
fn Correct(
    organisation: OrganisationId,
    person: PersonId,
    email: String,
    about: &'static str,
    /// The person came in by the address, and is asked.
    active: bool,
    proposed: Option<ProposedAddress>,
) -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<CorrectAddress>::new();
    let form = FormState::provide(action);
    let (title, label, save) = if active {
        (td_string!(l, people.propose), td_string!(l, people.address_new), td_string!(l, people.propose_save))
    } else {
        (td_string!(l, people.correct), td_string!(l, people.correct_email), td_string!(l, people.correct_save))
    };
    view! {
        <Card title=title>
            <p class="quiet">{about}</p>
            {proposed.map(|proposed| view! {
                <p>
                    {td_string!(l, people.proposed)} " " <strong><Address text=proposed.email /></strong> ", "
                    {td_string!(l, people.proposed_until)} " " <Moment at=proposed.ends_at />
                </p>
            })}
            <PlainForm path="/fn/people/correct_address" class="form">
                {form.view(&["email"])}
                <Ids organisation person />
                <TextField name="email" label=label kind="email" value=email required=true autocomplete="off" />
                <Submit kind=Kind::Quiet>{save}</Submit>
            </PlainForm>
        </Card>
    }
}

#[component]
fn Ids(organisation: OrganisationId, person: PersonId) -> impl IntoView {
    view! {
        <HiddenField name="organisation" value=organisation.to_string() />
        <HiddenField name="person" value=person.to_string() />
    }
}

/// The failures of the small forms of the page, in one place.
#[component]
fn Refusals() -> impl IntoView {
    let revoke = ServerAction::<RevokeRole>::new();
    let remove = ServerAction::<RemovePerson>::new();
    let resend = ServerAction::<ResendInvitation>::new();
    view! {
        {FormState::provide(revoke).view(&[])}
        {FormState::provide(remove).view(&[])}
        {FormState::provide(resend).view(&[])}
    }
}

#[component]
fn Standing(roles: Vec<RoleRow>, organisation: OrganisationId, person: PersonId, may_grant: bool) -> impl IntoView {
    let l = use_locale();
    if roles.is_empty() {
        return view! { <p class="quiet">{td_string!(l, people.no_role)}</p> }.into_any();
    }
    let items = roles
        .into_iter()
        .map(|role| {
            let scope = role_scope(l, &role);
            let reasons = role.reasons.iter().map(|reason| view! { <li>{reason_text(l, reason)}</li> }).collect_view();
            let why = (!role.reasons.is_empty()).then(|| view! {
                <div><p class="quiet">{td_string!(l, people.why)}</p><ul class="list-disc pl-5 text-sm">{reasons}</ul></div>
            });
            view! {
                <li class="person-role">
                    <div>
                        <strong>{role_text(l, role.role)}</strong>
                        {scope.map(|scope| view! { <p>{scope}</p> })}
                        <p class="quiet">{role_hint(l, role.role)}</p>
                        <Until role=role.clone() />
                        {why}
                    </div>
                    {may_grant.then(|| view! {
                        <details>
                            <summary class="btn btn-outline">{td_string!(l, people.take)}</summary>
                            <PlainForm path="/fn/people/revoke_role" class="mt-3">
                                <Ids organisation person />
                                <HiddenField name="grant" value=role.grant.to_string() />
                                <Submit kind=Kind::Danger>{td_string!(l, people.take_confirm, role = role_text(l, role.role)).to_string()}</Submit>
                            </PlainForm>
                        </details>
                    })}
                </li>
            }
        })
        .collect_view();
    view! { <ul class="space-y-3">{items}</ul> }.into_any()
}

#[component]
fn GiveRole(
    organisation: OrganisationId,
    person: PersonId,
    products: Vec<domain::cases::ProductChoice>,
) -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<GrantRole>::new();
    let form = FormState::provide(action);
    view! {
        <p class="quiet">{td_string!(l, people.give_lead)}</p>
        <PlainForm path="/fn/people/grant_role" class="form person-form">
            {form.view(&["role", "reach", "products", "until"])}
            <Ids organisation person />
            <RoleFields products every_role=true />
            <Submit>{td_string!(l, people.save_role)}</Submit>
        </PlainForm>
    }
}

#[component]
fn Facts(member: MemberRow, now: jiff::Timestamp) -> impl IntoView {
    let l = use_locale();
    let address = format!("mailto:{}", member.email);
    view! {
        <p class="person-state"><State member=member.clone() now /></p>
        <p><a class="link way" href=address><Address text=member.email /></a></p>
        {member.phone.map(|phone| view! { <p>{phone}</p> })}
        {member.invited_at.map(|at| view! { <p class="quiet">{td_string!(l, people.invited_at)} " " <Moment at /></p> })}
        <p class="quiet">
            {td_string!(l, people.last_seen)} " "
            {match member.last_seen_at {
                Some(at) => view! { <Moment at /> }.into_any(),
                None => td_string!(l, people.never).into_any(),
            }}
        </p>
    }
}
