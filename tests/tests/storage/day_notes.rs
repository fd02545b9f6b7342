//! Words beside days: of their place and day, until they are taken back.

use afterword_collector::{AdminError, DAY_NOTES_MAX, DayNoteRefusal, PlaceKind};
use anyhow::{Result, ensure};

use super::place::Place;

/// 2026-09-04.
const DAY: i64 = 20_700;

pub(crate) fn a_note_stands_beside_its_day_until_it_is_taken_back(place: &mut Place) -> Result<()> {
    let mut admin = place.admin()?;
    admin.place_put("North", PlaceKind::Region, None)?;
    let first = admin.day_note_add(None, DAY, "  two-till\n rule ")?;
    let second = admin.day_note_add(Some("North"), DAY, "card readers down")?;
    let third = admin.day_note_add(None, DAY + 10, "sale")?;
    place.restart()?;
    let mut admin = place.admin()?;
    let listed = admin.day_notes((DAY, DAY + 9))?;
    let said: Vec<_> =
        listed.iter().map(|note| (note.id, note.place.as_deref(), note.words.as_str())).collect();
    assert_eq!(said, [(second, Some("North"), "card readers down"), (first, None, "two-till rule")]);
    assert_eq!(listed[0].added_ms, super::place::NOW_MS);
    assert_eq!(admin.day_note(third)?.day, DAY + 10);

    admin.day_note_withdraw(first)?;
    assert_eq!(
        admin.day_notes((DAY, DAY + 10))?.iter().map(|note| note.id).collect::<Vec<_>>(),
        [second, third]
    );
    for gone in [first, 77] {
        let refused = admin.day_note_withdraw(gone);
        ensure!(is(&refused, &DayNoteRefusal::NoSuchNote(gone)), "{refused:?}");
    }
    admin.day_note_withdraw(third)?;
    ensure!(admin.day_note_add(None, DAY, "a number is given once")? > third);

    // Whoever gets the name of a place that is gone gets none of its notes.
    admin.place_remove("North")?;
    admin.place_put("North", PlaceKind::Region, None)?;
    ensure!(admin.day_notes((DAY, DAY))?.iter().all(|note| note.place.is_none()));
    let log: Vec<_> =
        admin.audit(None, 20)?.into_iter().map(|(_, entry)| (entry.what, entry.on, entry.more)).collect();
    let entry = |what: &str, id: i64, more: &str| (what.to_owned(), id.to_string(), more.to_owned());
    ensure!(log.contains(&entry("day_note.added", second, "North")), "{log:?}");
    ensure!(log.contains(&entry("day_note.withdrawn", first, "the organisation")), "{log:?}");
    place.verified()?;
    Ok(())
}

pub(crate) fn a_note_that_nobody_could_read_is_refused(place: &mut Place) -> Result<()> {
    let mut admin = place.admin()?;
    let long = "é".repeat(61);
    for (at, day, words, refusal) in [
        (None, DAY, " \u{200B}\n", DayNoteRefusal::Empty),
        (None, DAY, long.as_str(), DayNoteRefusal::Long(61)),
        (None, -1, "sale", DayNoteRefusal::NoDay),
        (Some("Atlantis"), DAY, "sale", DayNoteRefusal::NoSuchPlace("Atlantis".into())),
    ] {
        let refused = admin.day_note_add(at, day, words);
        ensure!(is(&refused, &refusal), "{refused:?}");
    }
    admin.day_note_add(None, DAY, &"é".repeat(60))?;
    for number in 1..DAY_NOTES_MAX {
        admin.day_note_add(None, DAY, &format!("sale {number}"))?;
    }
    let refused = admin.day_note_add(None, DAY, "one more");
    ensure!(is(&refused, &DayNoteRefusal::Many), "{refused:?}");
    admin.day_note_add(None, DAY + 1, "one more")?;
    assert_eq!(admin.day_notes((DAY, DAY))?.len() as u64, DAY_NOTES_MAX);
    Ok(())
}

fn is<T>(done: &Result<T, AdminError>, refusal: &DayNoteRefusal) -> bool {
    matches!(done, Err(AdminError::DayNote(found)) if found == refusal)
}
