//! The promises of [`ContactRepo`], one function each. `suite!` puts a store through all of them.

mod books;
mod history;
mod links;
mod people;
mod values;

use contactcmd_adapters::sqlite::SqliteRepo;
use contactcmd_ports::{ContactRepo, Open};

/// A fresh store as a promise uses it.
type Repo<'a> = &'a mut dyn ContactRepo;

/// One test per promise. A promise that is not listed is an unused function: the compiler says so.
macro_rules! suite {
    ($store:ident, $fresh:expr) => {
        suite! { $store, $fresh,
            books {
                an_account_is_its_server_and_username
                saving_an_account_again_updates_it
                books_are_one_per_path_and_keep_their_progress
                every_book_is_listed_with_its_account
                a_new_google_book_starts_with_its_quirks
                progress_is_stored_whole_and_can_be_taken_back
            }
            links {
                a_contact_comes_back_byte_for_byte
                what_is_not_there_is_none_or_empty
                a_link_comes_back_as_it_was_stored
                a_link_takes_the_place_of_the_same_contacts_and_of_the_same_hrefs
                hrefs_are_found_by_what_they_name_and_kept_as_spelled
                links_are_found_at_any_number_of_hrefs
                a_base_stays_when_the_card_is_replaced
                a_users_edit_counts_and_a_syncs_does_not
                edited_lists_what_was_edited_or_buried_in_that_book
                a_link_says_how_much_of_the_edits_the_server_has
                replacing_lifts_the_tombstone
                a_tombstone_is_hidden_from_people_and_seen_by_sync
                deleting_takes_links_conflicts_and_pendings_along
                unlinked_are_the_living_without_any_link
                a_uid_is_found_in_any_spelling
            }
            history {
                history_keeps_before_images_beyond_the_contact
                a_text_of_the_servers_is_kept_before_it_is_replaced_there
                what_a_server_refused_to_replace_is_taken_back
                a_run_lists_what_it_added_and_changed
                a_long_history_is_read_by_pages
                a_failing_change_undoes_the_whole_call
                changes_are_done_in_order
                a_pending_note_keeps_its_first_time
                settling_removes_one_note
                an_undecided_conflict_is_replaced_and_a_decided_one_is_not_listed
                a_conflict_keeps_its_id_and_its_first_time_until_it_is_decided
                a_tombstone_that_was_lifted_says_so
                where_a_contact_was_is_kept_when_it_is_deleted
                an_undo_sees_tombstones_and_who_is_gone
                history_is_forgotten_by_whole_runs
            }
            people {
                lists_are_sorted_paged_and_counted
                the_newest_and_the_last_changed_come_first
                every_word_must_occur_literally
                every_kind_of_list_gives_the_same_contacts
                external_ids_are_found_for_one_contact_as_for_all
                a_contact_is_named_by_its_name_or_a_nickname
                ids_are_found_by_their_first_digits
                contacts_come_in_the_order_asked
                exports_walk_all_cards_in_pages
                external_ids_name_account_and_book
            }
        }
    };
    ($store:ident, $fresh:expr, $($family:ident { $($promise:ident)+ })+) => {
        mod $store {
            use super::*;
            $($(
                #[test]
                fn $promise() {
                    let (mut store, _keep) = $fresh;
                    $family::$promise(&mut store);
                }
            )+)+
        }
    };
}

suite! { sqlite_in_memory, (SqliteRepo::in_memory().unwrap(), ()) }
suite! { sqlite_in_a_file, in_a_file() }

fn in_a_file() -> (SqliteRepo, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteRepo::open(&folder.path().join("contacts.db"), Open::Write).unwrap();
    (store, folder)
}
