//! The collector on every database it can keep its data in: one list of what has to hold, on SQLite's file, on SQLite in memory (our form
//! for tests without a disk) and on PostgreSQL; and what is PostgreSQL's alone, with a server of the tests' own.

mod place;
mod programs;
mod scenarios;
mod server;
mod shop;

/// Each of them is a test on each database.
macro_rules! on_every_database {
    ($($name:ident),* $(,)?) => {
        mod in_a_file {
            $(#[test]
            fn $name() -> anyhow::Result<()> {
                crate::scenarios::$name(&mut crate::place::Place::in_file()?)
            })*
        }

        mod in_memory {
            $(#[test]
            fn $name() -> anyhow::Result<()> {
                crate::scenarios::$name(&mut crate::place::Place::in_memory()?)
            })*
        }

        mod in_postgres {
            $(#[test]
            #[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL's server (apt-get install postgresql)")]
            fn $name() -> anyhow::Result<()> {
                crate::scenarios::$name(&mut crate::place::Place::in_postgres()?)
            })*
        }
    };
}

on_every_database! {
    a_batch_is_new_or_known_or_has_a_gap_before_it,
    another_story_is_kept_aside_once_and_replaces_nothing,
    what_cannot_be_read_is_parked_alone_and_of_several_nothing_is_stored,
    what_is_erased_stays_erased_however_it_comes_again,
    a_code_becomes_one_identity,
    who_was_revoked_or_retired_delivers_nothing,
    a_heartbeat_says_how_far_a_store_has_come_and_what_is_missing,
    two_that_speak_in_turns_are_suspected,
    a_change_is_shown_where_it_is_for_and_no_longer_when_withdrawn,
    a_store_lies_in_the_regions_it_was_put_into,
    a_case_is_found_by_its_name_and_steps_go_down_once,
    three_words_find_their_record,
    a_stick_and_the_network_bring_the_same,
    a_long_chain_is_verified_to_its_end,
    two_collectors_take_a_devices_batches_at_once,
    a_token_opens_until_it_is_revoked,
    who_is_vouched_for_needs_a_link_or_a_group,
}
