//! Style, script and fonts, under names that change with what is in them, so that a browser may keep them for good.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use sha2::{Digest as _, Sha256};

use crate::routes::App;

const SCRIPT: &str = include_str!("assets/afterword.js");
/// Weights of the one typeface; the licence stands beside the fonts.
const FONTS: [(&str, &[u8]); 4] = [
    ("500", include_bytes!("../../../../ui/fonts/AtkinsonHyperlegibleNext_500Medium.ttf")),
    ("600", include_bytes!("../../../../ui/fonts/AtkinsonHyperlegibleNext_600SemiBold.ttf")),
    ("700", include_bytes!("../../../../ui/fonts/AtkinsonHyperlegibleNext_700Bold.ttf")),
    ("800", include_bytes!("../../../../ui/fonts/AtkinsonHyperlegibleNext_800ExtraBold.ttf")),
];

/// The sheet, with the fonts' names in it.
static STYLE: LazyLock<String> = LazyLock::new(|| {
    let mut style = String::new();
    for (weight, bytes) in FONTS {
        style.push_str(&format!(
            "@font-face{{font-family:\"Atkinson Hyperlegible Next\";font-weight:{weight};font-display:swap;src:url(/assets/{}.ttf)}}\n",
            digest(bytes)
        ));
    }
    style.push_str(include_str!("assets/afterword.css"));
    style
});
static STYLE_PATH: LazyLock<String> = LazyLock::new(|| format!("/assets/{}.css", digest(STYLE.as_bytes())));
static SCRIPT_PATH: LazyLock<String> = LazyLock::new(|| format!("/assets/{}.js", digest(SCRIPT.as_bytes())));

/// Where the sheet is.
pub(super) fn style_path() -> &'static str {
    &STYLE_PATH
}

/// Where the script is.
pub(super) fn script_path() -> &'static str {
    &SCRIPT_PATH
}

/// The addresses of what never changes.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/assets/{name}", get(asset))
}

async fn asset(Path(name): Path<String>) -> Response {
    let path = format!("/assets/{name}");
    let found: Option<(&'static str, &'static [u8])> = if path == style_path() {
        Some(("text/css; charset=utf-8", STYLE.as_bytes()))
    } else if path == script_path() {
        Some(("text/javascript; charset=utf-8", SCRIPT.as_bytes()))
    } else {
        let font = FONTS.iter().find(|(_, bytes)| name == format!("{}.ttf", digest(bytes)));
        font.map(|(_, bytes)| ("font/ttf", *bytes))
    };
    match found {
        Some((kind, bytes)) => {
            let headers = [(CONTENT_TYPE, kind), (CACHE_CONTROL, "public, max-age=31536000, immutable")];
            (headers, bytes).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn digest(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(bytes)[..8])
}
