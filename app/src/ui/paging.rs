//! Which rows a list shows and how many there are, with plain links to the pages before and after, which work without
//! JavaScript.

use domain::page::{Extent, Page};
use leptos::prelude::*;

use crate::{
    i18n::*,
    language::use_locale,
    ui::{Icon, Sign},
};

/// Stands below a list; `address` builds the address of the page at a cursor. Empty for a list without rows. A function, not
/// a component: closures that name types do not parse as attributes.
pub fn paging<T>(page: &Page<T>, address: impl Fn(&str) -> String) -> AnyView {
    let (previous, next) = (page.previous.as_deref().map(&address), page.next.as_deref().map(&address));
    view! { <Paging extent=page.extent previous next /> }.into_any()
}

#[component]
fn Paging(extent: Extent, previous: Option<String>, next: Option<String>) -> impl IntoView {
    let l = use_locale();
    if extent.shown == 0 {
        return ().into_any();
    }
    let text = extent_text(l, extent);
    if previous.is_none() && next.is_none() {
        return view! { <p class="paging-extent paging-whole">{text}</p> }.into_any();
    }
    view! {
        <nav class="paging" aria-label=td_string!(l, common.pages)>
            {previous.map(|href| view! {
                <a class="btn btn-outline" href=href rel="prev"><Icon sign=Sign::Previous />{td_string!(l, common.previous_page)}</a>
            })}
            <p class="paging-extent">{text}</p>
            {next.map(|href| view! {
                <a class="btn btn-outline" href=href rel="next">{td_string!(l, common.next_page)}<Icon sign=Sign::Next /></a>
            })}
        </nav>
    }
    .into_any()
}

/// `1–50 sur 506`, `1–50 of more than 1,000`.
pub fn extent_text(l: Locale, extent: Extent) -> String {
    let first = number_text(l, extent.skipped + 1);
    let (last, total) = (number_text(l, extent.skipped + extent.shown), number_text(l, extent.total));
    if extent.more {
        td_string!(l, common.extent_more, first = first, last = last, total = total).to_string()
    } else {
        td_string!(l, common.extent, first = first, last = last, total = total).to_string()
    }
}

/// Formats a number with the thousands separator of the language.
pub fn number_text(l: Locale, number: u64) -> String {
    let sign = match l {
        Locale::fr => '\u{202f}',
        Locale::en => ',',
    };
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + 4);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(sign);
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_where_it_stands() {
        let extent = |skipped, shown, total, more| Extent { skipped, shown, total, more };
        assert_eq!(extent_text(Locale::en, extent(0, 50, 506, false)), "1–50 of 506");
        assert_eq!(extent_text(Locale::fr, extent(50, 50, 2_000, false)), "51–100 sur 2\u{202f}000");
        assert_eq!(extent_text(Locale::en, extent(0, 50, 1_000, true)), "1–50 of more than 1,000");
        assert_eq!(number_text(Locale::en, 1_234_567), "1,234,567");
    }
}
