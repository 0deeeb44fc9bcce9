//! One company in the rollout, as the vendor works on it: what the customer sees, moving it, its dates, its history.

use domain::{
    OrganisationId,
    access::{Permission, policy},
    rollout::{CompanyRollout, Dates, DatesForm, Phase},
};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::{
    api::{MoveCompany, MoveCompanyDates, find_company},
    timeline::{TimelineView, other_phases},
    words::changes_view,
};
use crate::{
    failure::{FailurePage, phase_name},
    i18n::*,
    language::use_locale,
    people::InviteForm,
    session::use_viewer,
    ui::{
        Callout, Card, Choice, FormState, HiddenField, Kind, LinkButton, PageHead, SelectField, Submit, TextField,
        Tone, loaded_page, provide_acts, refresh_on_success, toast_on_success,
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
    let (id, phase) = (timeline.organisation, timeline.phase);
    let dates: Dates = timeline.steps.iter().filter_map(|step| Some((step.phase, step.starts_on?))).collect();
    let activated = company.activated_admins;
    view! {
        <PageHead title=timeline.organisation_name.clone()>
            <LinkButton kind=Kind::Quiet href="/rollout">{td_string!(l, rollout.back)}</LinkButton>
            <LinkButton kind=Kind::Quiet href=format!("/ledger?organisation={id}")>{td_string!(l, audit.nav)}</LinkButton>
        </PageHead>
        <Control id phase activated dates waiting=company.waiting />
        <h2 class="section-head">{td_string!(l, rollout.as_seen)}</h2>
        <TimelineView timeline />
        <Card title=td_string!(l, rollout.history)>{changes_view(l, company.history)}</Card>
    }
}

#[component]
fn Control(id: OrganisationId, phase: Phase, activated: u64, dates: Dates, waiting: u64) -> impl IntoView {
    let viewer = use_viewer();
    view! {
        <Suspense>
            {move || {
                let dates = dates.clone();
                Suspend::new(async move {
                    let may = viewer.await.ok().flatten().is_some_and(|viewer| {
                        policy::may_somewhere(&viewer.actor, Permission::ProgrammeControl, viewer.now)
                    });
                    may.then(|| view! {
                        // In DRAFT nobody is told; leaving it invites everybody.
                        {(phase != Phase::Draft).then(|| view! { <InviteForm organisation=id waiting /> })}
                        <div class="board-pair">
                            <MoveForm id phase activated />
                            <DatesPanel id dates />
                        </div>
                    })
                })
            }}
        </Suspense>
    }
}

/// Moves the company; says before what the guard would say (J11).
#[component]
fn MoveForm(id: OrganisationId, phase: Phase, activated: u64) -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<MoveCompany>::new();
    let form = FormState::provide(action);
    refresh_on_success(action);
    toast_on_success(action, td_string!(l, common.done_move));
    let choices = other_phases(phase).map(|to| Choice::new(to.key(), phase_name(l, to))).collect();
    let following = other_phases(phase).find(|to| *to > phase).map(|to| to.key()).unwrap_or_default();
    let guarded = activated == 0 && phase != Phase::Launch;
    view! {
        <Card title=td_string!(l, rollout.move_title)>
            <p>{td_string!(l, rollout.stands)} " " <strong>{phase_name(l, phase)}</strong></p>
            {(phase == Phase::Draft).then(|| view! { <Callout tone=Tone::Info>{td_string!(l, rollout.leaving_draft)}</Callout> })}
            {guarded.then(|| view! { <Callout tone=Tone::Warn>{td_string!(l, rollout.guard)}</Callout> })}
            <ActionForm action=action attr:class="form">
                {form.view(&["to", "reason"])}
                <HiddenField name="organisation" value=id.to_string() />
                <SelectField name="to" label=td_string!(l, rollout.move_to) choices value=following required=true />
                <TextField name="reason" label=td_string!(l, rollout.reason) hint=td_string!(l, rollout.reason_hint) required=true max=300 />
                {guarded.then(|| view! {
                    <label class="choice">
                        <input type="checkbox" class="checkbox" name="override_guard" value="true" />
                        <span><span class="choice-label">{td_string!(l, rollout.override_guard)}</span></span>
                    </label>
                })}
                <Submit>{td_string!(l, rollout.move_button)}</Submit>
            </ActionForm>
        </Card>
    }
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
            <ActionForm action=action attr:class="form">
                {form.view(&["setup", "validation", "enablement", "launch", "why"])}
                <HiddenField name="organisation" value=id.to_string() />
                <TextField name="form[setup]" kind="date" label=phase_name(l, Phase::Setup) value=days.setup required=true />
                <TextField name="form[validation]" kind="date" label=phase_name(l, Phase::Validation) value=days.validation required=true />
                <TextField name="form[enablement]" kind="date" label=phase_name(l, Phase::Enablement) value=days.enablement required=true />
                <TextField name="form[launch]" kind="date" label=phase_name(l, Phase::Launch) value=days.launch required=true />
                <TextField name="why" label=td_string!(l, rollout.reason) required=true max=300 />
                <Submit kind=Kind::Quiet>{td_string!(l, rollout.dates_button)}</Submit>
            </ActionForm>
        </Card>
    }
}
