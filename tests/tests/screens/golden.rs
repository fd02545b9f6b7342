//! Every page on every panel, in English and Arabic, light, in high contrast and in reach, held against the accepted picture.
//!
//! The accepted ones are in `golden/`, at half their size. A page that looks otherwise, a page without one, and one without a
//! page are failures; what came instead is laid beside what was wanted. They are replaced by
//! `AFTERWORD_ACCEPT_SCREENS=1 cargo test -p afterword-tests --test screens` and by nothing else: look at them before.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use afterword_sim::picture::{difference, halved, save_small, with_few_colours};
use afterword_ui::Panel as Kind;
use afterword_ui::preview::Variant;
use image::imageops::replace;
use image::{RgbImage, open};

use crate::glass::Glass;

const ACCEPT: &str = "AFTERWORD_ACCEPT_SCREENS";

/// CIEDE2000 up to which a block of eight by eight pixels is taken for the same. Renderer and fonts are pinned, so two machines
/// differ by a rounding at most; a letter more, or a line one pixel lower, is 5 to 50.
const TOLERANCE: f32 = 1.5;

fn folder(kind: Kind, variant: Variant) -> PathBuf {
    let accepted = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/screens/golden");
    accepted.join(kind.name()).join(variant.name())
}

fn each_page_looks_as_it_was_accepted(kind: Kind) {
    let accepts = std::env::var(ACCEPT).is_ok_and(|value| value == "1");
    let glass = Glass::new(kind);
    let mut problems = Vec::new();
    for variant in Variant::ALL {
        let folder = folder(kind, variant);
        let mut left_over = pictures_in(&folder);
        for (stem, view) in variant.pages() {
            let got = with_few_colours(&halved(&glass.draw(&view)));
            let path = folder.join(format!("{stem}.png"));
            left_over.remove(&path);
            let name = format!("{}/{}/{stem}", kind.name(), variant.name());
            let want = open(&path).ok().map(|picture| picture.to_rgb8());
            if accepts {
                write(&got, &path);
            } else if let Some(problem) = what_is_wrong(&got, want.as_ref(), &name) {
                problems.push(problem);
            }
        }
        for path in left_over {
            if accepts {
                fs::remove_file(path).unwrap();
            } else {
                problems.push(format!("{} belongs to no page", path.display()));
            }
        }
    }
    assert!(
        problems.is_empty(),
        "{}\n{} pages; if they are meant to look so, look at them, and accept them with {ACCEPT}=1",
        problems.join("\n"),
        problems.len()
    );
}

fn what_is_wrong(got: &RgbImage, want: Option<&RgbImage>, name: &str) -> Option<String> {
    let beside = Path::new(env!("CARGO_TARGET_TMPDIR")).join("screens").join(format!("{name}.png"));
    let Some(want) = want else {
        write(got, &beside);
        return Some(format!("{name} was never accepted; it is {}", beside.display()));
    };
    if got.dimensions() != want.dimensions() {
        return Some(format!("{name} is {:?}, accepted was {:?}", got.dimensions(), want.dimensions()));
    }
    let found = difference(got, want);
    (found.worst > TOLERANCE).then(|| {
        let (width, height) = got.dimensions();
        let mut row = RgbImage::new(3 * width, height);
        for (place, picture) in [got, want, &found.picture].into_iter().enumerate() {
            replace(&mut row, picture, place as i64 * i64::from(width), 0);
        }
        write(&row, &beside);
        let (x, y) = found.place;
        format!(
            "{name} is {:.1} off at {},{} (up to {TOLERANCE} passes); got, wanted and the difference are in {}",
            found.worst,
            2 * x,
            2 * y,
            beside.display()
        )
    })
}

fn pictures_in(folder: &Path) -> BTreeSet<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return BTreeSet::new() };
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn write(picture: &RgbImage, path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    save_small(picture, path).unwrap();
}

#[test]
fn pages_on_the_wide_panel_look_as_they_were_accepted() {
    each_page_looks_as_it_was_accepted(Kind::Wide);
}

#[test]
fn pages_on_the_small_panel_look_as_they_were_accepted() {
    each_page_looks_as_it_was_accepted(Kind::Small);
}

#[test]
fn pages_on_the_tall_panel_look_as_they_were_accepted() {
    each_page_looks_as_it_was_accepted(Kind::Tall);
}
