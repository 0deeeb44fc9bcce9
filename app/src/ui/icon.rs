//! Icons: Lucide's drawings as data, always beside a text with the same meaning.

use leptos::prelude::*;

/// What an icon stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    Announcement,
    Case,
    Chat,
    Check,
    Clock,
    Close,
    Company,
    Desk,
    File,
    Home,
    Import,
    Info,
    Ledger,
    Mail,
    More,
    Next,
    Note,
    People,
    Phone,
    Plus,
    Previous,
    Rollout,
    Search,
    Exit,
    Switch,
    Timeline,
    Warning,
}

#[component]
pub fn Icon(sign: Sign, #[prop(optional)] large: bool) -> impl IntoView {
    let icon = match sign {
        Sign::Announcement => icondata_lu::LuMegaphone,
        Sign::Case => icondata_lu::LuLifeBuoy,
        Sign::Chat => icondata_lu::LuMessageCircle,
        Sign::Check => icondata_lu::LuCheck,
        Sign::Clock => icondata_lu::LuClock,
        Sign::Close => icondata_lu::LuX,
        Sign::Company => icondata_lu::LuBuilding2,
        Sign::Desk => icondata_lu::LuInbox,
        Sign::File => icondata_lu::LuPaperclip,
        Sign::Home => icondata_lu::LuHouse,
        Sign::Import => icondata_lu::LuUpload,
        Sign::Info => icondata_lu::LuInfo,
        Sign::Ledger => icondata_lu::LuScrollText,
        Sign::Mail => icondata_lu::LuMail,
        Sign::More => icondata_lu::LuEllipsis,
        Sign::Next => icondata_lu::LuChevronRight,
        Sign::Note => icondata_lu::LuLock,
        Sign::People => icondata_lu::LuUsers,
        Sign::Phone => icondata_lu::LuPhone,
        Sign::Plus => icondata_lu::LuPlus,
        Sign::Previous => icondata_lu::LuChevronLeft,
        Sign::Rollout => icondata_lu::LuRocket,
        Sign::Search => icondata_lu::LuSearch,
        Sign::Exit => icondata_lu::LuLogOut,
        Sign::Switch => icondata_lu::LuChevronsUpDown,
        Sign::Timeline => icondata_lu::LuMap,
        Sign::Warning => icondata_lu::LuTriangleAlert,
    };
    let class = if large { "icon icon-large" } else { "icon" };
    view! {
        <svg class=class viewBox=icon.view_box fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round"
            stroke-linejoin="round" aria-hidden="true" focusable="false" inner_html=icon.data></svg>
    }
}
