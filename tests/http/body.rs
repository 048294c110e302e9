//! Claims about src/http/body.rs: the framing table in framing.rs, the chunked decoder in chunked.rs.

use crate::harness::Test;
use crate::http::{chunked, framing};

pub const TESTS: &[Test] = &[
    (
        "without_framing_fields_there_is_no_content",
        framing::without_framing_fields_there_is_no_content,
    ),
    (
        "a_content_length_is_one_line_of_digits",
        framing::a_content_length_is_one_line_of_digits,
    ),
    (
        "the_only_transfer_coding_is_one_chunked",
        framing::the_only_transfer_coding_is_one_chunked,
    ),
    (
        "two_framings_at_once_are_none",
        framing::two_framings_at_once_are_none,
    ),
    (
        "http_1_0_has_no_transfer_encoding",
        framing::http_1_0_has_no_transfer_encoding,
    ),
    (
        "a_malformed_head_comes_before_an_unknown_coding",
        framing::a_malformed_head_comes_before_an_unknown_coding,
    ),
    ("chunks_become_content", chunked::chunks_become_content),
    (
        "a_chunk_size_is_a_few_hex_digits_and_nothing_else",
        chunked::a_chunk_size_is_a_few_hex_digits_and_nothing_else,
    ),
    (
        "every_line_of_chunked_content_ends_in_cr_lf",
        chunked::every_line_of_chunked_content_ends_in_cr_lf,
    ),
    (
        "chunk_extensions_are_well_formed_and_ignored",
        chunked::chunk_extensions_are_well_formed_and_ignored,
    ),
    (
        "trailers_are_checked_and_dropped",
        chunked::trailers_are_checked_and_dropped,
    ),
    (
        "content_over_the_bound_is_refused_from_its_size_line",
        chunked::content_over_the_bound_is_refused_from_its_size_line,
    ),
    (
        "extensions_are_bounded_in_one_chunk_and_in_all",
        chunked::extensions_are_bounded_in_one_chunk_and_in_all,
    ),
    (
        "trailers_are_bounded_in_bytes_and_in_lines",
        chunked::trailers_are_bounded_in_bytes_and_in_lines,
    ),
    (
        "mutated_chunks_fare_the_same_whole_and_in_pieces",
        chunked::mutated_chunks_fare_the_same_whole_and_in_pieces,
    ),
];
