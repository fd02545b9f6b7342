//! Lists on a page, brought up to date row by row.
//!
//! Setting a whole new model would make Slint build every row anew and draw it; here only rows that differ are touched.

use slint::{Model, ModelRc, VecModel};

/// Makes `model` hold exactly `rows`, touching only the rows that differ.
pub(crate) fn update<T: Clone + PartialEq + 'static>(model: &VecModel<T>, rows: impl IntoIterator<Item = T>) {
    let mut length = 0;
    for row in rows {
        match model.row_data(length) {
            None => model.push(row),
            Some(present) if present != row => model.set_row_data(length, row),
            Some(_) => {}
        }
        length += 1;
    }
    while model.row_count() > length {
        model.remove(model.row_count() - 1);
    }
}

/// The same for a model that a page holds; nothing happens where that is not a list of ours.
pub(crate) fn refresh<T: Clone + PartialEq + 'static>(model: &ModelRc<T>, rows: impl IntoIterator<Item = T>) {
    if let Some(model) = model.as_any().downcast_ref::<VecModel<T>>() {
        update(model, rows);
    }
}

/// A number for Slint, whose integers have 32 bits; more than that fits on no screen.
pub(crate) fn int(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// A row's place as Slint counts it, back in Rust. A negative one cannot come from a list and becomes the first.
pub(crate) fn place(index: i32) -> usize {
    usize::try_from(index).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::update;
    use slint::{Model, VecModel};

    #[test]
    fn a_list_takes_on_the_new_rows_and_loses_the_rest() {
        let model = VecModel::from(vec![1, 2, 3]);
        update(&model, [1, 5]);
        assert_eq!(model.iter().collect::<Vec<_>>(), [1, 5]);
        update(&model, [1, 5, 6, 7]);
        assert_eq!(model.iter().collect::<Vec<_>>(), [1, 5, 6, 7]);
    }
}
