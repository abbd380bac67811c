/// Returns the partition of a key in a topic of so many: FNV-1a, the same for ever and in every
/// process. Interfaces and directives lie in `control` by it.
pub fn partition_of(key: &str, partitions: u32) -> u32 {
    let hash = key.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash % u64::from(partitions.max(1))) as u32
}

#[cfg(test)]
mod tests {
    use super::partition_of;

    #[test]
    fn keys_keep_their_partition() {
        assert_eq!(partition_of("INST_INT", 1), 0);
        // Written down: another value would hand interfaces of a running system to others.
        assert_eq!(partition_of("INST_INT", 8), 3);
        assert_eq!(partition_of("cvt", 8), 0);
        let used: std::collections::HashSet<_> =
            (0..100).map(|n| partition_of(&format!("INT{n}"), 8)).collect();
        assert_eq!(used.len(), 8);
    }
}
