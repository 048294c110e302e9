//! Claims about what is written: README.md and docs/ beside the program, and the source where it is read as text.
//!
//! `UPDATE=1` rewrites what can be computed: the line numbers of links, and the blocks between `<!-- generated: … -->` and
//! `<!-- end -->`. Run it serially, as is the default: two claims may rewrite one file. Everything else is for people to put right, and each fault says where.

use crate::harness::Test;

mod clauses;
mod contract;
mod generated;
mod imports;
mod limits;
mod links;
mod read;
mod sabotage;
mod source;

#[rustfmt::skip] // one claim a line, in the order of the files
pub const TESTS: &[Test] = &[
    ("every_import_is_in_the_table_of_the_architecture", imports::every_import_is_in_the_table),
    ("every_permission_of_the_architecture_is_used", imports::every_permission_is_used),
    ("every_link_points_at_a_file", links::every_link_points_at_a_file),
    ("every_link_to_a_line_points_at_the_item_it_names", links::every_link_to_a_line_points_at_the_item),
    ("every_clause_that_is_not_open_is_cited_by_a_test", clauses::every_clause_is_cited),
    ("every_cited_clause_exists_and_is_not_open", clauses::every_citation_is_of_a_clause),
    ("every_test_that_a_clause_names_exists_and_cites_it", clauses::every_named_test_cites_its_clause),
    ("what_is_generated_is_what_the_program_says", generated::blocks_are_what_the_program_says),
    ("the_first_screen_is_what_the_demo_prints", generated::the_first_screen_is_the_demo),
    ("every_limit_in_the_documents_is_the_constant", limits::every_figure_is_the_constant),
    ("every_mutation_is_whole", sabotage::every_mutation_is_whole),
    ("every_mutation_fits_the_source_once", sabotage::every_mutation_fits_the_source_once),
    ("every_mutation_names_a_test_that_exists", sabotage::every_mutation_names_a_test_that_exists),
    ("no_source_file_is_too_long", source::no_file_is_too_long),
    ("every_source_file_says_what_it_is", source::every_file_says_what_it_is),
    ("no_unwrap_and_no_expect_without_its_invariant", source::no_unwrap_and_no_bare_expect),
    ("nothing_is_unsafe_and_nothing_is_depended_on", source::nothing_is_unsafe_and_nothing_is_depended_on),
    ("every_source_file_has_a_file_of_claims", source::every_file_has_claims),
    ("comments_and_texts_are_no_code", source::comments_and_texts_are_no_code),
];
