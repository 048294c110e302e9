//! Every input, as long as inputs are small: what a generator may miss, an enumeration cannot.

/// All byte strings over an alphabet, from the empty one up to `length_max`, shorter ones first.
///
/// There are a lot: 6 letters up to length 6 make 55,987.
pub fn strings(alphabet: &[u8], length_max: usize) -> impl Iterator<Item = Vec<u8>> {
    let first = Some(Vec::new());
    // Counting in base `alphabet.len()`, where a longer number follows the largest of its length.
    std::iter::successors(first, move |digits: &Vec<usize>| {
        let mut digits = digits.clone();
        for digit in digits.iter_mut().rev() {
            *digit += 1;
            if *digit < alphabet.len() {
                return Some(digits);
            }
            *digit = 0;
        }
        digits.push(0);
        (digits.len() <= length_max && !alphabet.is_empty()).then_some(digits)
    })
    .map(move |digits| digits.iter().map(|&digit| alphabet[digit]).collect())
}

/// Every way to receive the same bytes in two pieces, empty ones included.
pub fn in_two(bytes: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    (0..=bytes.len()).map(|at| bytes.split_at(at))
}

/// Every way to put two sequences of `left` and `right` steps into one order: `false` stands for a step of the left.
pub fn interleavings(left: usize, right: usize) -> Vec<Vec<bool>> {
    if left == 0 || right == 0 {
        return vec![[vec![false; left], vec![true; right]].concat()];
    }
    let begin_with = |step: bool, rest: Vec<Vec<bool>>| {
        rest.into_iter().map(move |mut order| {
            order.insert(0, step);
            order
        })
    };
    begin_with(false, interleavings(left - 1, right))
        .chain(begin_with(true, interleavings(left, right - 1)))
        .collect()
}
