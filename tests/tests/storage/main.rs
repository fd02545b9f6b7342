//! The collector on every database it can keep its data in: one list of what has to hold, on SQLite's file, on SQLite in memory (our form
//! for tests without a disk) and on PostgreSQL; and what is PostgreSQL's alone, with a server of the tests' own.

mod backups;
mod counts;
mod day_notes;
mod distributed;
mod failover;
mod held;
mod killed;
mod place;
mod programs;
mod retention;
mod scenarios;
mod server;
mod settings;
mod shop;
mod silent;
mod upgraded;
mod webhooks;
mod year;

/// Each of them is a test on each database.
macro_rules! on_every_database {
    ($($file:ident: $($name:ident),*;)*) => {
        mod in_a_file {
            $($(#[test]
            fn $name() -> anyhow::Result<()> {
                crate::$file::$name(&mut crate::place::Place::in_file()?)
            })*)*
        }

        mod in_memory {
            $($(#[test]
            fn $name() -> anyhow::Result<()> {
                crate::$file::$name(&mut crate::place::Place::in_memory()?)
            })*)*
        }

        mod in_postgres {
            $($(#[test]
            #[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL's server (apt-get install postgresql)")]
            fn $name() -> anyhow::Result<()> {
                crate::$file::$name(&mut crate::place::Place::in_postgres()?)
            })*)*
        }

        mod in_citus {
            $($(#[test]
            #[cfg_attr(not(has_citus), ignore = "needs a Citus coordinator's empty database, named by AFTERWORD_TEST_CITUS_URL")]
            fn $name() -> anyhow::Result<()> {
                crate::$file::$name(&mut crate::place::Place::in_citus()?)
            })*)*
        }
    };
}

on_every_database! {
    scenarios:
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
    two_collectors_take_a_devices_batches_at_once;
    day_notes:
    a_note_stands_beside_its_day_until_it_is_taken_back,
    a_note_that_nobody_could_read_is_refused;
    counts:
    what_came_is_counted_once_and_what_nobody_can_read_is_known,
    several_count_at_once_and_nothing_is_counted_twice,
    what_is_erased_is_counted_no_more,
    a_carried_copy_is_counted_once_in_whichever_order_they_come,
    a_device_that_moves_leaves_its_past_where_it_was,
    a_device_that_is_given_a_store_takes_its_past_along,
    a_device_that_learns_the_time_is_counted_anew;
    settings:
    layers_are_merged_for_a_device_and_sent_until_it_has_them,
    what_no_kiosk_can_go_by_is_not_kept,
    a_roll_out_reaches_more_once_all_it_reached_are_well,
    a_roll_out_stops_when_a_device_refuses_and_can_be_taken_back,
    a_device_that_falls_silent_with_a_new_version_stops_it,
    of_two_collectors_one_puts_a_roll_out_to_its_next_stage,
    a_roll_out_stops_where_far_fewer_visits_are_completed_than_elsewhere_and_before;
    programs:
    a_token_opens_until_it_is_revoked,
    who_is_vouched_for_needs_a_link_or_a_group;
    webhooks:
    two_collectors_tell_each_thing_once,
    two_collectors_tell_of_a_silence_once,
    a_long_list_of_messages_is_worked_through_part_by_part,
    who_is_told_of_responses_is_told_that_they_are_erased;
    retention:
    a_comment_that_was_kept_long_enough_goes_and_its_place_holds,
    what_is_carried_or_contradicts_brings_nothing_back,
    an_original_that_comes_after_its_copy_was_reduced_brings_nothing_back,
    what_was_kept_aside_goes_as_well,
    words_of_a_step_that_was_kept_aside_go_by_when_it_came,
    a_whole_response_goes_as_an_erased_one_does,
    words_in_closed_follow_ups_go_and_those_in_open_ones_stay,
    words_of_follow_ups_go_by_when_they_came_whatever_the_kiosks_clock_said,
    the_oldest_entries_of_the_audit_log_go_and_the_rest_proves_itself,
    several_take_away_at_once_and_nothing_is_passed_over,
    several_take_from_what_was_kept_aside_and_each_thing_is_taken_once,
    an_answer_is_found_by_its_words_given_out_and_erased;
}
