//! SHA-256 (FIPS 180-4), by hand: what fingerprints and scope digests are made with.
//!
//! Invariant: the digest depends on the bytes alone, never on how they were cut into `update`s.

/// The first 32 bits of the fractional parts of the cube roots of the first 64 primes (FIPS 180-4, section 4.2.2),
/// sixteen a row as one turn of the schedule uses them.
#[rustfmt::skip] // the rows are the turns
const ROUND_CONSTANTS: [[u32; 16]; 4] = [
    [
        0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
        0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    ],
    [
        0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
        0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    ],
    [
        0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
        0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    ],
    [
        0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
        0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
    ],
];

/// The fractional parts of the square roots of the first eight primes (section 5.3.3).
const INITIAL_STATE: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

const BLOCK_BYTES: usize = 64;
/// Where the message's length stands in its last block.
const LENGTH_AT: usize = BLOCK_BYTES - 8;

/// A digest under way: `Sha256::new().update(b"abc").finish()`.
#[derive(Clone, Debug)]
pub struct Sha256 {
    state: [u32; 8],
    /// The bytes of a block that is not full yet; always fewer than a block.
    block: [u8; BLOCK_BYTES],
    filled: usize,
    /// Bytes taken so far. Wraps after 2^61 bytes, as FIPS 180-4 defines no digest there.
    length: u64,
}

impl Default for Sha256 {
    fn default() -> Self {
        Sha256::new()
    }
}

impl Sha256 {
    /// A digest of nothing yet.
    pub fn new() -> Sha256 {
        Sha256 {
            state: INITIAL_STATE,
            block: [0; BLOCK_BYTES],
            filled: 0,
            length: 0,
        }
    }

    /// Takes more of the message.
    pub fn update(&mut self, mut bytes: &[u8]) -> &mut Sha256 {
        self.length = self.length.wrapping_add(bytes.len() as u64);
        if self.filled > 0 {
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK_BYTES - self.filled));
            self.block[self.filled..self.filled + now.len()].copy_from_slice(now);
            self.filled += now.len();
            if self.filled < BLOCK_BYTES {
                return self;
            }
            compress(&mut self.state, &self.block);
            bytes = later;
        }
        let (blocks, rest) = bytes.as_chunks::<BLOCK_BYTES>();
        for block in blocks {
            compress(&mut self.state, block);
        }
        self.block[..rest.len()].copy_from_slice(rest);
        self.filled = rest.len();
        self
    }

    /// The digest of what was taken so far; more may be taken afterwards.
    pub fn finish(&self) -> [u8; 32] {
        let mut state = self.state;
        // Section 5.1.1: one 1 bit, zeros, the length in bits as the last eight bytes of a block.
        let mut last = [0; BLOCK_BYTES];
        last[..self.filled].copy_from_slice(&self.block[..self.filled]);
        last[self.filled] = 0x80;
        if self.filled >= LENGTH_AT {
            compress(&mut state, &last);
            last = [0; BLOCK_BYTES];
        }
        last[LENGTH_AT..].copy_from_slice(&self.length.wrapping_mul(8).to_be_bytes());
        compress(&mut state, &last);
        let mut digest = [0; 32];
        for (bytes, word) in digest.as_chunks_mut::<4>().0.iter_mut().zip(state) {
            *bytes = word.to_be_bytes();
        }
        digest
    }
}

/// A digest over parts that cannot run into one another: the domain, the number of parts, and for each part a tag (0
/// absent, 1 present) and, where present, its length in eight little-endian bytes and itself.
///
/// `domain` names what is digested, and a version: two domains never give one digest for different meanings.
pub fn digest_of_parts(domain: &str, parts: &[Option<&[u8]>]) -> [u8; 32] {
    let mut digest = Sha256::new();
    update_sized(&mut digest, domain.as_bytes());
    digest.update(&(parts.len() as u64).to_le_bytes());
    for part in parts {
        match part {
            None => {
                digest.update(&[0]);
            }
            Some(bytes) => {
                digest.update(&[1]);
                update_sized(&mut digest, bytes);
            }
        }
    }
    digest.finish()
}

fn update_sized(digest: &mut Sha256, bytes: &[u8]) {
    digest
        .update(&(bytes.len() as u64).to_le_bytes())
        .update(bytes);
}

/// Section 6.2.2. The schedule's 64 words live in a ring of 16: each word is made from four that are still in it.
#[allow(clippy::many_single_char_names)] // a to h and w are the standard's own names
fn compress(state: &mut [u32; 8], block: &[u8; BLOCK_BYTES]) {
    let mut w = [0; 16];
    for (word, bytes) in w.iter_mut().zip(block.as_chunks::<4>().0) {
        *word = u32::from_be_bytes(*bytes);
    }
    let mut working = *state;
    for (turn, constants) in ROUND_CONSTANTS.iter().enumerate() {
        if turn > 0 {
            next_sixteen(&mut w);
        }
        for eight in [0, 8] {
            let [a, b, c, d, e, f, g, h] = &mut working;
            let kw = |t: usize| constants[eight + t].wrapping_add(w[eight + t]);
            // Instead of shifting eight variables each round, the names move; after eight rounds they are back.
            round(*a, *b, *c, d, *e, *f, *g, h, kw(0));
            round(*h, *a, *b, c, *d, *e, *f, g, kw(1));
            round(*g, *h, *a, b, *c, *d, *e, f, kw(2));
            round(*f, *g, *h, a, *b, *c, *d, e, kw(3));
            round(*e, *f, *g, h, *a, *b, *c, d, kw(4));
            round(*d, *e, *f, g, *h, *a, *b, c, kw(5));
            round(*c, *d, *e, f, *g, *h, *a, b, kw(6));
            round(*b, *c, *d, e, *f, *g, *h, a, kw(7));
        }
    }
    for (word, worked) in state.iter_mut().zip(working) {
        *word = word.wrapping_add(worked);
    }
}

/// The schedule's next sixteen words, in place. The masks keep every index inside the ring, so no bound is checked.
#[inline]
fn next_sixteen(w: &mut [u32; 16]) {
    for t in 0..16 {
        let (two_back, fifteen_back) = (w[(t + 14) & 15], w[(t + 1) & 15]);
        let sigma_0 =
            fifteen_back.rotate_right(7) ^ fifteen_back.rotate_right(18) ^ (fifteen_back >> 3);
        let sigma_1 = two_back.rotate_right(17) ^ two_back.rotate_right(19) ^ (two_back >> 10);
        w[t] = w[t]
            .wrapping_add(sigma_0)
            .wrapping_add(w[(t + 9) & 15])
            .wrapping_add(sigma_1);
    }
}

/// One round: of the eight working variables only `d` and `h` change; the next round calls them `e` and `a`.
#[allow(clippy::too_many_arguments, clippy::many_single_char_names)] // the standard's eight variables
#[inline(always)] // the eight rounds must become straight code, or the names would have to be passed around
#[allow(clippy::inline_always)]
fn round(a: u32, b: u32, c: u32, d: &mut u32, e: u32, f: u32, g: u32, h: &mut u32, kw: u32) {
    let sum_1 = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
    let choice = g ^ (e & (f ^ g));
    let t1 = h.wrapping_add(sum_1).wrapping_add(choice).wrapping_add(kw);
    let sum_0 = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
    let majority = (a & b) | (c & (a | b));
    *d = d.wrapping_add(t1);
    *h = t1.wrapping_add(sum_0).wrapping_add(majority);
}
