//! Numbers that look random and are the same in every run.

/// `SplitMix64`: a few lines, so that files do not change with the version of a library.
///
/// Source: <https://prng.di.unimi.it/splitmix64.c>
pub struct Random(u64);

/// What names are made of.
pub const WORDS: [&str; 24] = [
    "orders", "billing", "search", "catalog", "checkout", "ledger", "profile", "events", "media", "reports",
    "shipping", "pricing", "inbox", "metrics", "archive", "gateway", "loyalty", "fraud", "tax", "returns", "quotes",
    "stock", "vendor", "export",
];

impl Random {
    /// A stream of its own for each index.
    pub fn new(seed: u64, index: usize) -> Random {
        Random(seed.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(index as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0, below the limit.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    /// True in so many of a hundred cases.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// A part of a name.
    pub fn word(&mut self) -> &'static str {
        WORDS[self.below(WORDS.len())]
    }

    /// An IAM unique id.
    pub fn id(&mut self, prefix: &str) -> String {
        format!("{prefix}{:016X}", self.next())
    }

    /// What ends stack and key ARNs.
    pub fn uuid(&mut self) -> String {
        let (a, b) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            a >> 32,
            a >> 16 & 0xffff,
            a & 0xfff,
            b >> 52,
            b & 0xffff_ffff_ffff
        )
    }

    /// A day of the last years.
    pub fn date(&mut self) -> String {
        let (year, month, day) = (2019 + self.below(7), 1 + self.below(12), 1 + self.below(28));
        format!("{year}-{month:02}-{day:02}T08:15:42+00:00")
    }
}
