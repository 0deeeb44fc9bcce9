//! One company in the rollout, for the vendor: what the customer sees, phase, dates and history.

use domain::{
    OrganisationId,
    access::{Permission, policy},
    rollout::{CompanyRollout, Dates, DatesForm, Phase},
};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::{
    api::{MoveCompany, MoveCompanyDates, SetCompanyBack, find_company},
    timeline::TimelineView,
    words::changes_view,
};
use crate::{
    failure::{FailurePage, phase_name},
    i18n::*,
    language::use_locale,
    people::InviteForm,
    session::use_viewer,
    ui::{
        Callout, Card, Choice, Confirm, Form, FormState, HiddenField, Kind, LinkButton, PageHead, SelectField, Submit,
        TextField, Tone, loaded_page, provide_acts, refresh_on_success, toast_on_success,
    },
};

#[component]
pub fn CompanyRolloutPage() -> impl IntoView {
    let params = use_params_map();
    let acted = provide_acts();
    move || {
        let id = params.with(|params| params.get("id")).and_then(|id| id.parse::<OrganisationId>().ok());
        match id {
            Some(id) => {
                let found = Resource::new_blocking(move || acted.get(), move |_| find_company(id));
                view! { {loaded_page(found, move |company: CompanyRollout| view! { <Company company /> })} }.into_any()
            }
            None => view! { <FailurePage failure=domain::Failure::NotFound /> }.into_any(),
        }
    }
}

#[component]
fn Company(company: CompanyRollout) -> impl IntoView {
    let l = use_locale();
    let timeline = company.timeline;
    let id = timeline.organisation;
    let facts = Facts {
        id,
        name: timeline.organisation_name.clone(),
        phase: timeline.phase,
        activated: company.activated_admins,
        active: company.active,
        waiting: company.waiting,
        dates: company.dates,
    };
    view! {
        <PageHead title=timeline.organisation_name.clone()>
            <LinkButton kind=Kind::Quiet href="/rollout">{td_string!(l, rollout.back)}</LinkButton>
            <LinkButton kind=Kind::Quiet href=format!("/ledger?organisation={id}")>{td_string!(l, audit.nav)}</LinkButton>
        </PageHead>
        <Control company=facts />
        <h2 class="section-head">{td_string!(l, rollout.as_seen)}</h2>
        <TimelineView timeline />
        <Card title=td_string!(l, rollout.history)>{changes_view(l, company.history)}</Card>
    }
}

/// What the forms need.
#[derive(Clone)]
struct Facts {
    id: OrganisationId,
    name: String,
    phase: Phase,
    activated: u64,
    active: u64,
    waiting: u64,
    dates: Dates,
}

#[component]
fn Control(company: Facts) -> impl IntoView {
    let viewer = use_viewer();
    view! {
        <Suspense>
            {move || {
                let Facts { id, name, phase, activated, active, waiting, dates } = company.clone();
                Suspend::new(async move {
                    let may = viewer.await.ok().flatten().is_some_and(|viewer| {
                        policy::may_somewhere(&viewer.actor, Permission::ProgrammeControl, viewer.now)
                    });
                    may.then(|| view! {
                        // In DRAFT no one is told; leaving it invites all of them.
                        {(phase != Phase::Draft).then(|| view! { <InviteForm organisation=id waiting /> })}
                        <div class="board-pair">
                            <div class="space-y-5"><MoveForm id phase activated /><SetBack id name phase active /></div>
                            <DatesPanel id dates />
                        </div>
                    })
                })
            }}
        </Suspense>
    }
}

/// Moves the company on, and warns in advance of what the guard would say (J11). Earlier steps have a form of their own, so
/// that no step back is ever preselected (D2).
#[component]
fn MoveForm(id: OrganisationId, phase: Phase, activated: u64) -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<MoveCompany>::new();
    let form = FormState::provide(action);
    refresh_on_success(action);
    toast_on_success(action, td_string!(l, common.done_move));
    let later = || Phase::DATED.into_iter().filter(move |to| *to > phase);
    let choices = later().map(|to| Choice::new(to.key(), phase_name(l, to))).collect();
    let following = later().next().map(Phase::key);
    let guarded = activated == 0 && phase != Phase::Launch;
    view! {
        <Card title=td_string!(l, rollout.move_title)>
            <p>{td_string!(l, rollout.stands)} " " <strong>{phase_name(l, phase)}</strong></p>
            {match following {
                None => view! { <p class="quiet">{td_string!(l, rollout.move_done)}</p> }.into_any(),
                Some(following) => view! {
                    {(phase == Phase::Draft).then(|| view! { <Callout tone=Tone::Info>{td_string!(l, rollout.leaving_draft)}</Callout> })}
                    <Form action=action class="form move-form">
                        {form.view(&["to", "reason"])}
                        <HiddenField name="organisation" value=id.to_string() />
                        <SelectField name="to" label=td_string!(l, rollout.move_to) choices value=following required=true />
                        <TextField name="reason" label=td_string!(l, rollout.reason) hint=td_string!(l, rollout.reason_hint) required=true max=300 />
                        {guarded.then(|| view! {
                            <label class="choice for-launch">
                                <input type="checkbox" class="checkbox" name="override_guard" value="true" />
                                <span>
                                    <span class="choice-label">{td_string!(l, rollout.override_guard)}</span>
                                    <span class="choice-hint">{td_string!(l, rollout.guard)}</span>
                                </span>
                            </label>
                        })}
                        <Submit>{td_string!(l, rollout.move_button)}</Submit>
                    </Form>
                }
                .into_any(),
            }}
        </Card>
    }
}

/// Sets the company back: a dialog says what closes for how many people, and for a launched company its name has to be typed
/// (D2, J13).
#[component]
fn SetBack(id: OrganisationId, name: String, phase: Phase, active: u64) -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<SetCompanyBack>::new();
    let form = FormState::provide(action);
    refresh_on_success(action);
    toast_on_success(action, td_string!(l, common.done_move));
    let choices: Vec<_> = Phase::DATED
        .into_iter()
        .filter(|to| *to < phase)
        .rev()
        .map(|to| Choice::new(to.key(), phase_name(l, to)))
        .collect();
    if choices.is_empty() {
        return ().into_any();
    }
    let launched = phase == Phase::Launch;
    let text = match (launched, active) {
        (false, _) => td_string!(l, rollout.back_harmless).to_owned(),
        (true, 1) => td_string!(l, rollout.back_closes_one).to_owned(),
        (true, count) => td_string!(l, rollout.back_closes_many, count = count).to_string(),
    };
    let hint = td_string!(l, rollout.back_name_hint, name = name).to_string();
    view! {
        <Card title=td_string!(l, rollout.back_title)>
            <p class="quiet">{td_string!(l, rollout.back_lead)}</p>
            <Confirm kind=Kind::Quiet trigger=td_string!(l, rollout.back_button) title=td_string!(l, rollout.back_title) text>
                <Form action=action class="form">
                    {form.view(&["to", "reason", "name"])}
                    <HiddenField name="organisation" value=id.to_string() />
                    <SelectField name="to" label=td_string!(l, rollout.move_to) choices placeholder="–" required=true />
                    <TextField name="reason" label=td_string!(l, rollout.reason) hint=td_string!(l, rollout.reason_hint) required=true max=300 />
                    {launched.then(|| view! {
                        <TextField name="name" label=td_string!(l, rollout.back_name) hint required=true autocomplete="off" />
                    })}
                    <Submit kind=Kind::Danger>{td_string!(l, rollout.back_confirm)}</Submit>
                </Form>
            </Confirm>
        </Card>
    }
    .into_any()
}

#[component]
fn DatesPanel(id: OrganisationId, dates: Dates) -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<MoveCompanyDates>::new();
    let form = FormState::provide(action);
    refresh_on_success(action);
    toast_on_success(action, td_string!(l, common.done_dates));
    let days = DatesForm::new(&dates);
    view! {
        <Card title=td_string!(l, rollout.dates_title)>
            <Form action=action class="form">
                {form.view(&["setup", "validation", "enablement", "launch", "why"])}
                <HiddenField name="organisation" value=id.to_string() />
                <TextField name="form[setup]" kind="date" label=phase_name(l, Phase::Setup) value=days.setup required=true />
                <TextField name="form[validation]" kind="date" label=phase_name(l, Phase::Validation) value=days.validation required=true />
                <TextField name="form[enablement]" kind="date" label=phase_name(l, Phase::Enablement) value=days.enablement required=true />
                <TextField name="form[launch]" kind="date" label=phase_name(l, Phase::Launch) value=days.launch required=true />
                <TextField name="why" label=td_string!(l, rollout.reason) required=true max=300 />
                <Submit kind=Kind::Quiet>{td_string!(l, rollout.dates_button)}</Submit>
            </Form>
        </Card>
    }
}
