//! Publishing: the source, a preview of the page, what it leaves out, and the images it can show. Works without JavaScript.

use domain::announcements::{AnnouncementImage, AnnouncementImages, AnnouncementPreview, PreviewedPage};
use leptos::prelude::*;

use super::{
    api::{ListImages, PublishAnnouncement, list_images, preview_announcement},
    page::{Remarks, language_name},
    problem::problem_text,
};
use crate::{
    ApiError,
    cases::size_text,
    failure::field_error_text,
    i18n::*,
    language::use_locale,
    ui::{
        Badge, Callout, Card, CheckboxGroup, Choice, Form, FormKey, FormState, Kind, LinkButton, Moment, PageHead,
        Submit, TextArea, TextField, Tone, loaded, use_query,
    },
};

/// The last preview, and the images.
type Shown = (Option<AnnouncementPreview>, AnnouncementImages);

async fn prepare() -> Result<Shown, ApiError> {
    Ok((preview_announcement().await?, list_images().await?))
}

#[component]
pub fn PublishPage() -> impl IntoView {
    let l = use_locale();
    let query = use_query();
    // Each preview has an address of its own.
    let at = Memo::new(move |_| query.with(|query| query.get("at")).unwrap_or_default());
    let shown = Resource::new_blocking(move || at.get(), |_| prepare());
    view! {
        <PageHead title=td_string!(l, announcements.publish)>
            <LinkButton kind=Kind::Quiet href="/announcements">{td_string!(l, announcements.back)}</LinkButton>
        </PageHead>
        <p class="quiet">{td_string!(l, announcements.publish_hint)}</p>
        {loaded(shown, |(preview, images): Shown| {
            view! {
                {preview.clone().map(|preview| view! { <Preview preview /> })}
                <Source preview />
                <Images images />
            }
        })}
    }
}

/// The preview: the page as its readers would see it, what it leaves out, and why it would be refused (B20).
#[component]
fn Preview(preview: AnnouncementPreview) -> impl IntoView {
    let l = use_locale();
    let verdict = match &preview.problem {
        Some(problem) => {
            let why = problem_text(l, problem);
            view! { <Callout tone=Tone::Bad>{td_string!(l, announcements.preview_refused)} " " {why}</Callout> }
                .into_any()
        }
        None => view! { <Callout tone=Tone::Good>{td_string!(l, announcements.preview_lead)}</Callout> }.into_any(),
    };
    view! {
        <section id="preview" class="preview mb-6 space-y-4">
            <h2>{td_string!(l, announcements.preview)}</h2>
            {verdict}
            {preview.page.map(|page| view! { <Previewed page /> })}
        </section>
    }
}

#[component]
fn Previewed(page: PreviewedPage) -> impl IntoView {
    let l = use_locale();
    let language = page.locale.key();
    let address = format!("/announcements/{}", page.slug);
    view! {
        <Remarks remarks=page.remarks open=true />
        <Card>
            <dl class="facts">
                <dt>{td_string!(l, announcements.preview_title)}</dt><dd lang=language>{page.title}</dd>
                {(!page.description.is_empty()).then(|| view! {
                    <dt>{td_string!(l, announcements.preview_description)}</dt><dd lang=language>{page.description}</dd>
                })}
                <dt>{td_string!(l, announcements.preview_address)}</dt><dd><code>{address}</code></dd>
                <dt>{td_string!(l, announcements.preview_language)}</dt><dd>{language_name(l, page.locale)}</dd>
            </dl>
            {page.unlisted.then(|| view! { <Badge>{td_string!(l, announcements.unlisted)}</Badge> })}
        </Card>
        <article class="article panel" lang=language inner_html=page.html></article>
    }
}

#[component]
fn Source(preview: Option<AnnouncementPreview>) -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<PublishAnnouncement>::new();
    let form = FormState::provide(action);
    let (name, source, options) =
        preview.map_or_else(Default::default, |preview| (preview.file_name, preview.source, preview.options));
    let allowed = [("loss", options.allow_loss), ("replace", options.replace)];
    let allowed = allowed.into_iter().filter(|(_, allowed)| *allowed).map(|(name, _)| name.to_owned()).collect();
    view! {
        <Form action=action class="form panel publish">
            {form.view(&["source", "file_name"])}
            <TextField name="file_name" label=td_string!(l, announcements.file_name) hint=td_string!(l, announcements.file_name_hint)
                value=name required=true max=200 />
            <TextArea name="source" label=td_string!(l, announcements.source) value=source required=true rows=14 />
            <CheckboxGroup name="allow[]" label=td_string!(l, announcements.options) values=allowed choices=vec![
                Choice::new("loss", td_string!(l, announcements.allow_loss)).hint(td_string!(l, announcements.allow_loss_hint)),
                Choice::new("replace", td_string!(l, announcements.replace)).hint(td_string!(l, announcements.replace_hint)),
            ] />
            <div class="flex flex-wrap gap-2">
                // The Enter key uses the first button.
                <Submit kind=Kind::Quiet name="then" value="preview">{td_string!(l, announcements.preview_button)}</Submit>
                <Submit name="then" value="publish">{td_string!(l, announcements.publish_button)}</Submit>
            </div>
        </Form>
    }
}

/// The form to upload images, and how a text shows them. A plain form, which works without JavaScript.
#[component]
fn Images(images: AnnouncementImages) -> impl IntoView {
    let l = use_locale();
    // A refusal is in the address, for the function that lists the images.
    let form = FormState::provide(ServerAction::<ListImages>::new());
    let error = move || form.error("files").map(|error| field_error_text(l, &error));
    let shown = images.newest.len();
    let more = (images.total > shown as u64).then(|| {
        let text = td_string!(l, announcements.images_newest, shown = shown, total = images.total).to_string();
        view! { <p class="quiet">{text}</p> }
    });
    let rows = images.newest.into_iter().map(|image| view! { <ImageRow image /> }).collect_view();
    view! {
        <div id="images">
            <Card title=td_string!(l, announcements.images)>
                <p class="field-hint">{td_string!(l, announcements.images_hint)}</p>
                // Uploading leaves the page, and only scripts keep what is typed on it.
                <p class="field-hint no-script">{td_string!(l, announcements.images_first)}</p>
                <form class="form" method="post" action="/publish/images" enctype="multipart/form-data">
                    <FormKey />
                    {form.view(&["files"])}
                    <div class="field">
                        <label for="f-images">{td_string!(l, announcements.images_field)}</label>
                        <input id="f-images" name="files" type="file" class="file-input" multiple=true required=true
                            accept="image/png,image/jpeg,image/gif,image/webp,image/avif" aria-describedby="f-images-error" />
                        <p class="field-error" id="f-images-error" aria-live="polite">{error}</p>
                    </div>
                    <button type="submit" class="btn btn-outline">{td_string!(l, announcements.images_button)}</button>
                </form>
                <ul class="rows">{rows}</ul>
                {more}
            </Card>
        </div>
    }
}

#[component]
fn ImageRow(image: AnnouncementImage) -> impl IntoView {
    let l = use_locale();
    let markdown = image.markdown(td_string!(l, announcements.image_description));
    let state = if image.published {
        td_string!(l, announcements.image_published)
    } else {
        td_string!(l, announcements.image_waiting)
    };
    view! {
        <li>
            <img class="max-h-16 max-w-24" src=image.address() alt="" loading="lazy" />
            <span class="min-w-0 break-words">{image.name} " " <span class="quiet">{size_text(l, image.size)} " · " <Moment at=image.uploaded_at /></span></span>
            <code class="break-all">{markdown}</code>
            <Badge>{state}</Badge>
        </li>
    }
}
