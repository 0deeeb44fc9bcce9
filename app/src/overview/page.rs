//! The overview: the company prominently, the three doors, what is going on, the state of the rollout (R11, R21, R22).

use domain::{
    OrganisationId,
    access::{Permission, policy},
    overview::{Door, Overview},
    rollout::Phase,
};
use leptos::prelude::*;

use super::{
    api::read_overview,
    doors::Doors,
    parts::{LatestCases, News, Priorities, RolloutStrip, Waiting},
};
use crate::{
    ApiError,
    failure::FailurePage,
    i18n::*,
    language::use_locale,
    live::use_all_events,
    session::use_viewer,
    ui::{Heading, Icon, LeadOn, Sign, Skeleton, WindowTitle, use_query},
};

#[component]
pub fn OverviewPage() -> impl IntoView {
    let query = use_query();
    let organisation = Memo::new(move |_| {
        query.with(|query| query.get("organisation")).and_then(|id| id.parse::<OrganisationId>().ok())
    });
    let happened = use_all_events();
    let found = Resource::new_blocking(
        move || (organisation.get(), happened.get()),
        |(organisation, _)| read_overview(organisation),
    );
    view! {
        <Transition fallback=Skeleton>
            {move || Suspend::new(async move {
                match found.await {
                    Ok(Some(overview)) => view! { <Home overview /> }.into_any(),
                    Ok(None) => view! { <Elsewhere /> }.into_any(),
                    Err(ApiError(failure)) => view! { <FailurePage failure /> }.into_any(),
                }
            })}
        </Transition>
    }
}

/// The vendor's people start at their place of work: agents at the desk, the others at the rollout board.
#[component]
fn Elsewhere() -> impl IntoView {
    let viewer = use_viewer();
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                let path = viewer.await.ok().flatten().map_or("/account", |viewer| {
                    let may = |permission| policy::may_somewhere(&viewer.actor, permission, viewer.now);
                    if may(Permission::CaseWork) {
                        "/desk"
                    } else if may(Permission::ProgrammeRead) {
                        "/rollout"
                    } else {
                        "/account"
                    }
                });
                view! { <LeadOn path /> }
            })}
        </Suspense>
    }
}

#[component]
fn Home(overview: Overview) -> impl IntoView {
    let l = use_locale();
    let launched = overview.rollout.as_ref().is_none_or(|rollout| rollout.phase == Phase::Launch);
    let strip = overview.rollout.clone().map(|rollout| view! { <RolloutStrip rollout /> });
    let (above, below) = if launched { (None, strip) } else { (strip, None) };
    let news = overview.news.map(|news| view! { <News news /> });
    // For people of several companies, the links lead to the cases of this one.
    let company = overview.several.then_some(overview.organisation);
    let first_name = overview.name.split(' ').next().unwrap_or_default().to_owned();
    view! {
        <WindowTitle text=td_string!(l, overview.nav) />
        <header class="greeting">
            <Heading>{td_string!(l, overview.hello)} " " {first_name}</Heading>
            <p class="greeting-company"><Icon sign=Sign::Company />{overview.organisation_name}</p>
        </header>
        <div class="overview">
            <Waiting chat=overview.live_chat calls=overview.calls />
            {above}
            <Doors case=overview.case chat=overview.chat call=overview.call live_chat=overview.live_chat />
            {match overview.open_cases {
                Door::Open(counts) => view! {
                    <div class="overview-pair">
                        <div class="overview-side">
                            <Priorities counts company />
                            {news}
                        </div>
                        <LatestCases rows=overview.latest company />
                    </div>
                    {below}
                }
                .into_any(),
                Door::Closed(_) => view! { {below} {news} }.into_any(),
            }}
        </div>
    }
}
